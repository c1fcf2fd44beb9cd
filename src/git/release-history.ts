import { basename, posix } from 'node:path';
import { candidateNames } from '../addon/source-file.js';
import { readConfigText } from '../addon/config-text.js';
import { AddonReleaseError } from '../errors.js';
import { git, gitOutput, readBlob } from './git.js';

/** A tag that the history of the checked-out commit has. */
export interface ReachableTag {
  readonly name: string;
  readonly commit: string;
}

/** Where an add-on is in the commit that is checked out. Paths from the repository's root, with `/`. */
export interface AddonPlace {
  readonly slug: string;
  /** "" for the root itself. */
  readonly folder: string;
  readonly config: string;
  /** What it is made from outside of its folder. */
  readonly others: readonly string[];
}

/**
 * @param unknown what can't be told without the whole history
 * @throws AddonReleaseError `environment` when the history is cut off
 */
export async function requireWholeHistory(root: string, unknown: string): Promise<void> {
  const shallow = await gitOutput(root, ['rev-parse', '--is-shallow-repository'], 'look at it');
  if (shallow !== 'true') return;
  throw new AddonReleaseError(
    'environment',
    `this clone has only a part of the history: ${unknown} is not known`,
    {
      hint: '`git fetch --tags --unshallow` gets the rest. In GitHub Actions: actions/checkout with `fetch-depth: 0`.',
    },
  );
}

/**
 * The tags in the history of the commit that is checked out.
 *
 * @throws AddonReleaseError `environment` when the history is cut off, so that releases could be missing
 */
export async function listReachableTags(
  root: string,
  signal?: AbortSignal,
): Promise<readonly ReachableTag[]> {
  await requireWholeHistory(root, 'what changed since the last releases');
  return readTags(root, signal);
}

/** The tags in as much of that history as is there. */
export async function readTags(
  root: string,
  signal?: AbortSignal,
): Promise<readonly ReachableTag[]> {
  const format = '%(refname:strip=2)%00%(objectname)%00%(*objectname)';
  const args = ['for-each-ref', '--merged=HEAD', `--format=${format}`, 'refs/tags'];
  const output = await gitOutput(root, args, 'read the tags', { signal });
  return output.split('\n').flatMap((line) => {
    const [name = '', object = '', peeled = ''] = line.split('\0');
    return name === '' ? [] : [{ name, commit: peeled === '' ? object : peeled }];
  });
}

function splitNames(output: string): readonly string[] {
  return output.split('\0').filter((path) => path !== '');
}

/** The folder that had an add-on in a commit; undefined when it was not there. */
async function findFolderThen(
  root: string,
  commit: string,
  { slug, folder, config }: AddonPlace,
): Promise<string | undefined> {
  const slugOf = async (path: string): Promise<string | undefined> => {
    const text = await readBlob(root, `${commit}:${path}`).catch(() => undefined);
    return text === undefined ? undefined : readConfigText(path, text, 'slug');
  };
  if ((await slugOf(config)) === slug) return folder;
  const args = ['ls-tree', '-r', '-z', '--name-only', commit];
  const names = splitNames(await gitOutput(root, args, 'list the files of a commit'));
  for (const path of names.filter((name) => candidateNames('config').includes(basename(name)))) {
    if ((await slugOf(path)) === slug) return posix.dirname(path).replace(/^\.$/, '');
  }
  return undefined;
}

/**
 * The files of an add-on that differ between a commit and the one that is checked out, moved ones at both places.
 *
 * @returns paths from the repository's root as they are now, in code-point order
 */
export async function listChangedSince(
  root: string,
  commit: string,
  place: AddonPlace,
  signal?: AbortSignal,
): Promise<readonly string[]> {
  const { folder, others } = place;
  const compare = (...args: readonly string[]) =>
    gitOutput(
      root,
      ['diff-tree', '-r', '-z', '--name-only', '--no-renames', ...args],
      'compare with the last release',
      { signal },
    );
  const then = await findFolderThen(root, commit, place);
  const inside =
    then === undefined
      ? await gitOutput(root, ['ls-tree', '-r', '-z', '--name-only', `HEAD:${folder}`], 'list it')
      : await compare(`${commit}:${then}`, `HEAD:${folder}`);
  const outside = others.length === 0 ? '' : await compare(commit, 'HEAD', '--', ...others);
  const changed = splitNames(inside).map((path) => posix.join(folder, path));
  return [...new Set([...changed, ...splitNames(outside)])].sort();
}

/** The text of a file in a commit; undefined where it is missing or no text. */
export async function readCommittedText(
  root: string,
  commit: string,
  path: string,
): Promise<string | undefined> {
  return readBlob(root, `${commit}:${path}`).catch(() => undefined);
}

/** The hash of a commit as people write it. */
export async function shortenCommit(root: string, commit: string): Promise<string> {
  const result = await git(root, ['rev-parse', '--short', commit]);
  return result.exitCode === 0 ? result.stdout.trim() : commit.slice(0, 7);
}
