import { readFile, realpath } from 'node:fs/promises';
import { relative, sep } from 'node:path';
import { gitOutput, readBlob } from './git.js';
import { readSourceRevision } from './objects.js';
import { isUnfinishedFile } from '../addon/replace-file.js';
import { listChanges, type ChangedFile, type Repository } from './repository.js';

/** What a release itself does to the add-on's config. */
export interface ReleaseEdit {
  /** Absolute path. */
  readonly file: string;
  /** Doing it twice is the same as doing it once. */
  readonly edit: (text: string) => string;
}

/** A file's path from the repository's root, with `/`; undefined when it lies outside, links followed. */
export async function pathInRepository(root: string, file: string): Promise<string | undefined> {
  const path = relative(root, await realpath(file));
  return path === '..' || path.startsWith(`..${sep}`) ? undefined : path.split(sep).join('/');
}

async function hashText(root: string, text: string): Promise<string> {
  const args = ['hash-object', '--stdin', '--no-filters'];
  return gitOutput(root, args, 'hash a file', { input: text });
}

/** Whether a file differs from the commit in nothing but what the release will commit. */
async function isReleaseEdit(root: string, path: string, release: ReleaseEdit): Promise<boolean> {
  const committed = await readBlob(root, `HEAD:${path}`);
  if (committed === undefined) return false;
  // As git would store it: line ends and filters of .gitattributes count.
  const stored = await gitOutput(
    root,
    ['hash-object', '--stdin', `--path=${path}`],
    'hash a file',
    { input: await readFile(release.file, 'utf8') },
  );
  return stored === (await hashText(root, release.edit(committed)));
}

/**
 * Uncommitted changes to what is released. A config that has the release's version already, set by hand or by a run
 * that was interrupted, is none: that is what the release commits.
 *
 * @param watched absolute paths of files and folders
 */
export async function listReleaseChanges(
  { root }: Repository,
  watched: readonly string[],
  release: ReleaseEdit | undefined,
): Promise<readonly ChangedFile[]> {
  const changes = await listChanges(root, watched);
  const own = release === undefined ? undefined : await pathInRepository(root, release.file);
  const foreign: ChangedFile[] = [];
  for (const change of changes) {
    if (change.state === 'untracked' && isUnfinishedFile(change.path)) continue;
    if (
      release !== undefined &&
      change.state === 'changed' &&
      change.path === own &&
      (await isReleaseEdit(root, change.path, release))
    ) {
      continue;
    }
    foreign.push(change);
  }
  return foreign;
}

/**
 * The commit that a release is made from: the one that is checked out, or its parent if that differs in nothing but the
 * release's own version. So a release that is repeated after it was announced is still the same one.
 */
export async function findReleasedCommit(
  { root, head }: Repository,
  release: ReleaseEdit | undefined,
): Promise<string | undefined> {
  if (head === undefined || release === undefined) return head;
  const parent = await readSourceRevision(root, head);
  const path = await pathInRepository(root, release.file);
  if (parent === undefined || path === undefined) return head;
  const content = await gitOutput(root, ['cat-file', 'commit', head], 'read a commit');
  if (!content.split('\n\n')[0]?.split('\n').includes(`parent ${parent}`)) return head;
  const before = await readBlob(root, `${parent}:${path}`);
  const after = await readBlob(root, `${head}:${path}`);
  if (before === undefined || release.edit(before) !== after) return head;
  const args = ['diff-tree', '-r', '-z', '--name-only', '--no-renames', parent, head];
  const changed = await gitOutput(root, args, 'compare commits');
  return changed === `${path}\0` ? parent : head;
}
