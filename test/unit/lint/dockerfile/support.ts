import type { Arch } from '../../../../src/addon/arch.js';
import type { TreeEntry } from '../../../../src/addon/list-tree.js';
import { readBuildFile, type BuildFile } from '../../../../src/lint/dockerfile/build-file.js';
import type { Finding, Rule, TextEdit } from '../../../../src/lint/rule.js';
import type { AddonSubject } from '../../../../src/lint/subject.js';
import { TextFile } from '../../../../src/lint/text-file.js';

const FOLDER = '/addon';

interface SubjectParts {
  readonly arches?: readonly Arch[];
  /** Text by path; a number gives the size alone. */
  readonly files?: Readonly<Record<string, string | number>>;
  readonly buildConfig?: AddonSubject['buildConfig'];
  readonly folder?: string;
}

function listEntries(files: NonNullable<SubjectParts['files']>): readonly TreeEntry[] {
  const entries = new Map<string, TreeEntry>();
  for (const [path, content] of Object.entries(files)) {
    const names = path.split('/');
    for (let count = 1; count < names.length; count++) {
      const folder = names.slice(0, count).join('/');
      entries.set(folder, { path: folder, kind: 'folder', bytes: 0, mode: 0o755 });
    }
    const bytes = typeof content === 'number' ? content : Buffer.byteLength(content);
    entries.set(path, { path, kind: 'file', bytes, mode: 0o644 });
  }
  return [...entries.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** An add-on with a Dockerfile and whatever files a test needs, in memory. */
export function makeSubject(
  dockerfile: string | undefined,
  parts: SubjectParts = {},
): AddonSubject {
  const { arches = ['amd64', 'aarch64'], buildConfig, folder = FOLDER } = parts;
  const files = { ...(dockerfile === undefined ? {} : { Dockerfile: dockerfile }), ...parts.files };
  const entries = listEntries(files);
  const file =
    dockerfile === undefined ? undefined : new TextFile(`${folder}/Dockerfile`, dockerfile);
  return {
    folder,
    config: {
      path: `${folder}/config.yaml`,
      text: undefined,
      state: { kind: 'unreadable', message: 'is not part of this test' },
    },
    fields: undefined,
    arches,
    build:
      buildConfig === undefined
        ? undefined
        : {
            path: `${folder}/build.yaml`,
            text: undefined,
            state: { kind: 'unreadable', message: 'is not part of this test' },
          },
    buildConfig,
    translations: new Map(),
    dockerfiles: new Map(file === undefined ? [] : arches.map((arch) => [arch, file])),
    tree: {
      entries,
      isComplete: true,
      find: (path) => entries.find((entry) => entry.path === path),
    },
    repository: undefined,
    readText: (path) => {
      const text = (files as Readonly<Record<string, string | number>>)[path];
      return typeof text === 'string' ? new TextFile(`${folder}/${path}`, text) : undefined;
    },
    readBytes: () => undefined,
  };
}

export function makeBuildFile(dockerfile: string): BuildFile {
  return readBuildFile(new TextFile(`${FOLDER}/Dockerfile`, dockerfile));
}

export async function listFindings(
  rules: readonly Rule<AddonSubject>[],
  id: string,
  subject: AddonSubject,
): Promise<readonly Finding[]> {
  const rule = rules.find((one) => one.id === id);
  if (rule === undefined) throw new Error(`there is no rule ${id}`);
  const findings: Finding[] = [];
  for await (const finding of rule.check(subject)) findings.push(finding);
  return findings;
}

/** `Dockerfile:3:5 message` */
export function show({ file, line, column, message }: Finding): string {
  return `${file.replace(/^\/[^/]+\//, '')}:${line ?? ''}:${column ?? ''} ${message}`;
}

/** The text of the Dockerfile after the fixes of all findings. */
export function applyFixes(text: string, findings: readonly Finding[]): string {
  const edits = findings.flatMap(({ fix }): readonly TextEdit[] => fix?.edits ?? []);
  const unique = new Map(edits.map((one) => [`${one.start} ${one.end} ${one.text}`, one]));
  return [...unique.values()]
    .sort((a, b) => b.start - a.start || b.end - a.end)
    .reduce(
      (result, { start, end, text: added }) => result.slice(0, start) + added + result.slice(end),
      text,
    );
}
