import type { TreeEntry } from '../../addon/list-tree.js';
import { isIgnored, parseIgnorePatterns, type IgnorePattern } from '../../plan/dockerignore.js';
import { readCopy } from '../dockerfile/copies.js';
import type { BuildFile, Step } from '../dockerfile/build-file.js';
import { listBuildFiles } from '../dockerfile/rule-parts.js';
import type { AddonSubject } from '../subject.js';

/** The files that a build may take from the add-on's folder. */
export interface BuildContext {
  /** Absolute path of the ignore file that counts, or of the one that is missing. */
  readonly ignoreFile: string;
  /** Undefined without an ignore file. */
  readonly patterns: readonly IgnorePattern[] | undefined;
  /** Files that are not ignored. */
  readonly files: readonly TreeEntry[];
  /** Paths that a COPY, an ADD or a bind mount names; may hold `*` and `?`; `.` for everything. */
  readonly sources: readonly ContextSource[];
  /** Something copies everything. */
  readonly takesAll: boolean;
}

export interface ContextSource {
  readonly path: string;
  readonly file: BuildFile;
  readonly step: Step;
}

/** Where a bind mount without `from` takes its files. */
function listBindSources(step: Step): readonly string[] {
  return step.mounts
    .filter(({ type, options }) => type === 'bind' && !options.has('from'))
    .map(({ options }) => options.get('source') ?? '.')
    .map((path) => path.replace(/^(?:\.?\/)+/, '').replace(/\/+$/, '') || '.');
}

export function listSources(files: readonly BuildFile[]): readonly ContextSource[] {
  return files.flatMap((file) =>
    file.stages.flatMap(({ steps }) =>
      steps.flatMap((step) =>
        [...(readCopy(step)?.sources ?? []), ...listBindSources(step)].map((path) => ({
          path,
          file,
          step,
        })),
      ),
    ),
  );
}

/** `.`, or something with a variable, may be anything. */
export function isEverything({ path }: ContextSource): boolean {
  return path === '.' || path === '*' || path.startsWith('$');
}

/** `Dockerfile.dockerignore` counts before `.dockerignore`. */
function readIgnoreFile(subject: AddonSubject): {
  readonly name: string;
  readonly text: string | undefined;
} {
  const own = [...subject.dockerfiles.values()]
    .map(({ path }) => `${path.replace(/^.*[\\/]/, '')}.dockerignore`)
    .find((name) => subject.tree.find(name) !== undefined);
  const name = own ?? '.dockerignore';
  if (subject.tree.find(name) === undefined) return { name, text: undefined };
  // One that can't be read ignores nothing that is known.
  return { name, text: subject.readText(name)?.text ?? '' };
}

/** What the builder would be given of the add-on's folder; undefined without a Dockerfile. */
export function readBuildContext(subject: AddonSubject): BuildContext | undefined {
  const buildFiles = listBuildFiles(subject);
  if (buildFiles.length === 0) return undefined;
  const { name, text } = readIgnoreFile(subject);
  const patterns = text === undefined ? undefined : parseIgnorePatterns(text);
  const sources = listSources(buildFiles);
  return {
    ignoreFile: `${subject.folder}/${name}`,
    patterns,
    files: subject.tree.entries.filter(
      ({ kind, path }) => kind === 'file' && !isIgnored(patterns ?? [], path),
    ),
    sources,
    takesAll: sources.some(isEverything),
  };
}

/** Bytes per name in the add-on's folder, the largest first. */
export function sumByTopFolder(
  files: readonly TreeEntry[],
): readonly { readonly name: string; readonly bytes: number }[] {
  const sizes = new Map<string, number>();
  for (const { path, bytes } of files) {
    const slash = path.indexOf('/');
    const name = slash === -1 ? path : path.slice(0, slash + 1);
    sizes.set(name, (sizes.get(name) ?? 0) + bytes);
  }
  return [...sizes].map(([name, bytes]) => ({ name, bytes })).sort((a, b) => b.bytes - a.bytes);
}

export function sumBytes(files: readonly { readonly bytes: number }[]): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0);
}

const UNITS = ['B', 'kB', 'MB', 'GB'] as const;

/** `1.4 MB` */
export function formatSize(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 || value >= 100 ? value.toFixed(0) : value.toFixed(1)} ${UNITS[unit] ?? ''}`;
}
