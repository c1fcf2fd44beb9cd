import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { git, gitOutput } from './git.js';

/** A file as a commit holds it. */
export interface CommittedFile {
  /** "100644" or "100755"; "120000" for a symbolic link. */
  readonly mode: string;
  readonly blob: string;
}

/** The file of that path (from the root, with `/`) in a commit. */
export async function findCommittedFile(
  root: string,
  commit: string,
  path: string,
): Promise<CommittedFile | undefined> {
  const output = await gitOutput(
    root,
    ['ls-tree', '-z', '--full-tree', commit, '--', path],
    `look for ${path}`,
  );
  const match = /^(\d+) blob ([0-9a-f]+)\t/.exec(output);
  return match === null ? undefined : { mode: match[1] ?? '', blob: match[2] ?? '' };
}

/** Stores a file as it is, line ends included, and returns its hash. */
export async function writeBlob(root: string, content: string | Uint8Array): Promise<string> {
  const args = ['hash-object', '-w', '--stdin', '--no-filters'];
  return gitOutput(root, args, 'store a file', { input: content });
}

export interface NewFile extends CommittedFile {
  readonly path: string;
}

/** The lines that `git update-index -z --index-info` reads. */
export function indexLines(files: readonly NewFile[]): string {
  return files.map(({ mode, blob, path }) => `${mode} ${blob}\t${path}\0`).join('');
}

/** The tree of a commit with some files replaced. Made in an index of its own: the user's is not touched. */
export async function writeTree(
  root: string,
  commit: string,
  files: readonly NewFile[],
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'addon-release-index-'));
  const options = {
    env: { GIT_INDEX_FILE: join(folder, 'index') },
    settings: { 'core.fsmonitor': 'false', 'core.splitIndex': 'false' },
  };
  try {
    await gitOutput(root, ['read-tree', commit], 'read a commit', options);
    await gitOutput(root, ['update-index', '-z', '--index-info'], 'set files in a commit', {
      ...options,
      input: indexLines(files),
    });
    return await gitOutput(root, ['write-tree'], 'write a tree', options);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function readSwitch(root: string, key: string): Promise<boolean> {
  const result = await git(root, ['config', '--type=bool', '--get', key]);
  return result.exitCode === 0 && result.stdout.trim() === 'true';
}

/** Signing asks for a passphrase, or a key that hangs on a string. */
const SIGNING_TIMEOUT_MS = 120_000;

/**
 * Makes a commit that no branch names yet. Signed where the user's `commit.gpgSign` says so.
 *
 * @param identity the variables that name author and committer
 */
export async function writeCommit(
  root: string,
  commit: { readonly tree: string; readonly parent: string; readonly message: string },
  identity: Readonly<Record<string, string>>,
): Promise<string> {
  const isSigned = await readSwitch(root, 'commit.gpgSign');
  return gitOutput(
    root,
    ['commit-tree', commit.tree, '-p', commit.parent, ...(isSigned ? ['-S'] : []), '-F', '-'],
    isSigned ? 'make and sign the commit' : 'make the commit',
    { input: commit.message, env: identity, timeoutMs: SIGNING_TIMEOUT_MS },
  );
}

export interface NewTag {
  readonly name: string;
  readonly message: string;
}

/**
 * Makes an annotated tag that no reference names yet, and returns its hash. Where the user's `tag.gpgSign` says so it is
 * signed; git then names it for a moment before this takes the name away again.
 */
export async function writeTag(
  root: string,
  tag: NewTag,
  commit: string,
  identity: Readonly<Record<string, string>>,
): Promise<string> {
  if (await readSwitch(root, 'tag.gpgSign')) {
    await gitOutput(root, ['tag', '-s', '-F', '-', '--', tag.name, commit], 'sign the tag', {
      input: tag.message,
      env: identity,
      timeoutMs: SIGNING_TIMEOUT_MS,
    });
    const ref = `refs/tags/${tag.name}`;
    const object = await gitOutput(root, ['rev-parse', '--verify', ref], 'read the tag');
    await gitOutput(root, ['update-ref', '-d', ref, object], 'take the name of the tag away');
    return object;
  }
  const tagger = await gitOutput(root, ['var', 'GIT_COMMITTER_IDENT'], 'read the identity', {
    env: identity,
  });
  const head = [`object ${commit}`, 'type commit', `tag ${tag.name}`, `tagger ${tagger}`];
  return gitOutput(root, ['mktag'], 'make the tag', {
    input: `${head.join('\n')}\n\n${tag.message.trim()}\n`,
  });
}

/** Whether the user's signing settings work, found out before they are needed. */
export async function trySigning(
  root: string,
  commit: string,
  identity: Readonly<Record<string, string>>,
): Promise<void> {
  const switches = await Promise.all([
    readSwitch(root, 'commit.gpgSign'),
    readSwitch(root, 'tag.gpgSign'),
  ]);
  if (!switches.includes(true)) return;
  await gitOutput(
    root,
    ['commit-tree', `${commit}^{tree}`, '-S', '-m', 'Does signing work?'],
    'sign a commit',
    { env: identity, timeoutMs: SIGNING_TIMEOUT_MS },
  );
}

const SOURCE_REVISION = 'Source-Revision';

/** The end of a release commit's or tag's message: which commit the images were built from. */
export function sourceRevisionTrailer(revision: string): string {
  return `${SOURCE_REVISION}: ${revision}`;
}

/**
 * The commit that a release's images were built from, if `commit` is one that announced a release; else undefined.
 * Such a commit differs from its sources in the announced version only.
 */
export async function readSourceRevision(
  root: string,
  commit: string,
): Promise<string | undefined> {
  const result = await git(root, ['cat-file', 'commit', commit]);
  if (result.exitCode !== 0) return undefined;
  return new RegExp(`^${SOURCE_REVISION}: ([0-9a-f]{40,64})$`, 'm').exec(result.stdout)?.[1];
}
