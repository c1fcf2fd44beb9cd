import { readFile, realpath } from 'node:fs/promises';
import { posix, relative, sep } from 'node:path';
import { gitOutput, readBlob } from './git.js';
import { readSourceRevision } from './objects.js';
import { requireWholeHistory } from './release-history.js';
import { isUnfinishedFile } from '../addon/replace-file.js';
import { hasCommit, listChanges, type ChangedFile, type Repository } from './repository.js';

const CONFIG = /(?:^|\/)config\.(?:ya?ml|json)$/;

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

/** A commit that announced releases, and what came before it. */
interface Announcing {
  readonly parent: string;
  /** What it changed, from the repository's root. */
  readonly paths: readonly string[];
}

/** Undefined when the commit is none of this program's; `cut-off` when this clone does not have what came before it. */
async function readAnnouncing(
  root: string,
  commit: string,
): Promise<Announcing | 'cut-off' | undefined> {
  if ((await readSourceRevision(root, commit)) === undefined) return undefined;
  const content = await gitOutput(root, ['cat-file', 'commit', commit], 'read a commit');
  const parents = content.split('\n\n')[0]?.match(/^parent .*$/gm) ?? [];
  const [parent, ...others] = parents.map((line) => line.slice('parent '.length));
  if (parent === undefined || others.length > 0) return undefined;
  if (!(await hasCommit(root, parent))) return 'cut-off';
  const args = ['diff-tree', '-r', '-z', '--name-only', '--no-renames', parent, commit];
  const changed = await gitOutput(root, args, 'compare commits');
  return { parent, paths: changed.split('\0').filter((path) => path !== '') };
}

/**
 * The commit that a release is made from: the one that is checked out, without the commits at its top that only
 * announced this release, or releases of other add-ons. So a release that is repeated after it was announced, or after
 * its neighbours were, is still the same one.
 *
 * @throws AddonReleaseError `environment` when the clone is too shallow to tell
 */
export async function findReleasedCommit(
  { root, head }: Repository,
  release: ReleaseEdit | undefined,
): Promise<string | undefined> {
  if (head === undefined || release === undefined) return head;
  const own = await pathInRepository(root, release.file);
  if (own === undefined) return head;
  const folder = posix.dirname(own);
  const isOfOther = (path: string): boolean =>
    CONFIG.test(path) && folder !== '.' && !path.startsWith(`${folder}/`);
  let commit = head;
  for (;;) {
    const announcing = await readAnnouncing(root, commit);
    if (announcing === 'cut-off') {
      const text = await readBlob(root, `${commit}:${own}`);
      const isAnnounced = text !== undefined && release.edit(text) === text;
      // Of another version it does not matter: this commit is a good one to release.
      if (isAnnounced) await requireWholeHistory(root, `what ${commit.slice(0, 12)} announces`);
      return commit;
    }
    if (announcing === undefined || announcing.paths.length === 0) return commit;
    const { parent, paths } = announcing;
    if (!paths.every((path) => path === own || isOfOther(path))) return commit;
    if (paths.includes(own)) {
      const before = await readBlob(root, `${parent}:${own}`);
      const after = await readBlob(root, `${commit}:${own}`);
      if (before === undefined || release.edit(before) !== after) return commit;
    }
    commit = parent;
  }
}
