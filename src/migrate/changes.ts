import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { basename, dirname, relative, sep } from 'node:path';
import { createFile, replaceFile } from '../addon/replace-file.js';
import { AddonReleaseError } from '../errors.js';
import type { FoundAddon } from '../lint/discover.js';
import type { ChangedContent } from './compare-images.js';
import { readIfThere, type MigratedCopy } from './migrate-copy.js';
import type { SourceCopy } from './source-copy.js';

/** A file of the repository as it is and as it would be. */
export interface Change {
  /** Absolute path. */
  readonly file: string;
  /** Its text; undefined = there is no such file. */
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** What a migrated copy has that the repository has not, in the order of the paths. */
export async function listChanges(
  { touched }: MigratedCopy,
  { toOriginal }: SourceCopy,
): Promise<readonly Change[]> {
  const changes = await Promise.all(
    [...touched].map(async (path) => ({
      file: toOriginal(path),
      before: await readIfThere(toOriginal(path)),
      after: await readIfThere(path),
    })),
  );
  return changes
    .filter(({ before, after }) => before !== after)
    .sort((one, other) => (one.file < other.file ? -1 : 1));
}

function isBuildFile(file: string): boolean {
  return /^build\.(?:ya?ml|json)$/.test(basename(file));
}

/** Whether a change may reach the images of an add-on. */
export function reachesAddon(
  { file }: Change,
  { folder, repositoryRoot }: Pick<FoundAddon, 'folder' | 'repositoryRoot'>,
): boolean {
  return file.startsWith(folder + sep) || (isBuildFile(file) && dirname(file) === repositoryRoot);
}

function digest(text: string | undefined): string | undefined {
  return text === undefined ? undefined : createHash('sha256').update(text).digest('hex');
}

/** The change as images show it that have the file in them. */
export function describeContent({ file, before, after }: Change, folder: string): ChangedContent {
  return { path: relative(folder, file), before: digest(before), after: digest(after) };
}

async function apply({ file, after }: Change): Promise<void> {
  if (after === undefined) await rm(file);
  else await replaceFile(file, after);
}

/**
 * Writes all files or none: what was written is put back when one cannot be.
 *
 * @throws AddonReleaseError `environment`
 */
export async function writeChanges(changes: readonly Change[]): Promise<void> {
  const written: Change[] = [];
  try {
    for (const change of changes) {
      written.push(change);
      await apply(change);
    }
  } catch (cause) {
    for (const { file, before } of written) {
      if (before === undefined) await rm(file, { force: true });
      else if ((await readIfThere(file)) === undefined) await createFile(file, before);
      else await replaceFile(file, before);
    }
    const file = written.at(-1)?.file ?? '';
    const code = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : '';
    throw new AddonReleaseError('environment', `${file} cannot be changed${code}`, {
      hint: 'Everything is as it was.',
      cause,
    });
  }
}
