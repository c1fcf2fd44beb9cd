import { cp } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { findFiles, isFolder } from '../addon/files.js';
import { candidateNames } from '../addon/source-file.js';
import { AddonReleaseError } from '../errors.js';
import type { Discovery } from '../lint/discover.js';
import type { NotedMigration } from './migrate-copy.js';
import type { MigrationNote } from './migration.js';

/** A copy of a repository, to be migrated and built while the repository stays as it is. Paths are absolute. */
export interface SourceCopy {
  readonly root: string;
  /** Where a path of the repository is in the copy. */
  readonly toCopy: (path: string) => string;
  readonly toOriginal: (path: string) => string;
}

/**
 * Copies the add-ons, and what of the repository counts for them.
 *
 * @param root of the repository, absolute
 * @param copy absolute path of a folder that is made
 */
export async function copySources(
  root: string,
  discovery: Discovery,
  copy: string,
): Promise<SourceCopy> {
  const toCopy = (path: string) => join(copy, relative(root, path));
  const filter = (path: string) => !path.split(sep).includes('.git');
  const options = { recursive: true, verbatimSymlinks: true, filter };
  for (const { folder } of discovery.addons) await cp(folder, toCopy(folder), options);
  const shared = ['build', 'repository', 'addon-release'].flatMap(candidateNames);
  for (const folder of new Set([root, discovery.repositoryRoot ?? root])) {
    for (const file of findFiles(folder, shared)) await cp(file, toCopy(file), options);
  }
  const workflows = join(root, '.github/workflows');
  if (await isFolder(workflows)) await cp(workflows, toCopy(workflows), options);
  return { root: copy, toCopy, toOriginal: (path) => join(root, relative(copy, path)) };
}

/** What was found in the copy, as it is in the repository. */
export function locateNotes(
  migrations: readonly NotedMigration[],
  { toOriginal }: SourceCopy,
): readonly NotedMigration[] {
  const locate = (notes: readonly MigrationNote[]) =>
    notes.map((note) => ({ ...note, file: toOriginal(note.file) }));
  return migrations.map(({ name, done, left }) => ({
    name,
    done: locate(done),
    left: locate(left),
  }));
}

/** A failure as those read it who know the repository, not the copy. */
export function withOriginalPaths(error: unknown, { root, toOriginal }: SourceCopy): unknown {
  if (!(error instanceof AddonReleaseError)) return error;
  const { failure, message, problems, hint, output, cause } = error;
  return new AddonReleaseError(failure, message.replaceAll(root, toOriginal(root)), {
    problems: problems.map((problem) =>
      problem.file?.startsWith(root) === true
        ? { ...problem, file: toOriginal(problem.file) }
        : problem,
    ),
    hint,
    output,
    cause,
  });
}
