import { lstat, realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AddonReleaseError } from '../errors.js';
import { registerSecret } from '../exec/redact.js';
import { git, gitOutput, withoutCredentials } from './git.js';

/** A working tree and where it stands. */
export interface Repository {
  /** Absolute path of the working tree, symbolic links followed. */
  readonly root: string;
  /** Full hash of the commit that is checked out; undefined before the first one. */
  readonly head: string | undefined;
  /** "main"; undefined when a commit is checked out instead of a branch. */
  readonly branch: string | undefined;
}

/** One file that differs from the commit that is checked out. */
export interface ChangedFile {
  /** Relative to the root, with `/`. */
  readonly path: string;
  readonly state: 'changed' | 'untracked' | 'unmerged';
}

/** A branch of a remote repository. */
export interface RemoteBranch {
  readonly remote: string;
  readonly branch: string;
}

async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

/** The `.git` that git should find from a folder: a file in work trees and submodules, else a folder with a HEAD. */
async function findGitFolder(start: string): Promise<string | undefined> {
  for (let folder = start; ; folder = dirname(folder)) {
    const candidate = join(folder, '.git');
    const stat = await lstat(candidate).catch(() => undefined);
    if (stat?.isFile() === true || (await exists(join(candidate, 'HEAD')))) return candidate;
    if (dirname(folder) === folder) return undefined;
  }
}

/** Why git does not open a repository that is there. */
async function refuseRepository(folder: string, found: string, output: string): Promise<never> {
  const root = dirname(found);
  const trusted = await git(folder, ['rev-parse', '--show-toplevel'], {
    settings: { 'safe.directory': '*' },
  });
  if (trusted.exitCode === 0) {
    throw new AddonReleaseError(
      'environment',
      `git refuses the repository ${root}: it belongs to another user`,
      {
        output,
        hint: `Run \`git config --global --add safe.directory ${trusted.stdout.trim()}\`, or run as the user that owns the files.`,
      },
    );
  }
  throw new AddonReleaseError('environment', `git can't open the repository ${root}`, {
    output,
    hint: `\`git -C ${root} status\` must work first; --no-git releases without git.`,
  });
}

/**
 * The repository that a folder is part of; undefined when it is part of none.
 *
 * @param folder absolute path
 * @throws AddonReleaseError `environment` when there is one that git refuses to open, or git is missing
 */
export async function openRepository(
  folder: string,
  signal?: AbortSignal,
): Promise<Repository | undefined> {
  const found = await findGitFolder(await realpath(folder));
  if (found === undefined) return undefined;
  const top = await git(folder, ['rev-parse', '--show-toplevel'], { signal });
  signal?.throwIfAborted();
  if (top.exitCode !== 0) {
    const hasCeiling = (process.env['GIT_CEILING_DIRECTORIES'] ?? '') !== '';
    return hasCeiling ? undefined : refuseRepository(folder, found, top.stderr.trim());
  }
  const root = top.stdout.replace(/\n$/, '');
  const [head, branch] = await Promise.all([
    git(root, ['rev-parse', '--verify', '--quiet', 'HEAD^{commit}'], { signal }),
    git(root, ['symbolic-ref', '--quiet', 'HEAD'], { signal }),
  ]);
  signal?.throwIfAborted();
  return {
    root,
    head: head.exitCode === 0 ? head.stdout.trim() : undefined,
    branch: branch.exitCode === 0 ? branch.stdout.trim().replace(/^refs\/heads\//, '') : undefined,
  };
}

/**
 * What differs from the commit that is checked out, ignored files aside.
 *
 * @param paths files and folders to look at
 */
export async function listChanges(
  root: string,
  paths: readonly string[],
  signal?: AbortSignal,
): Promise<readonly ChangedFile[]> {
  const args = ['status', '--porcelain=v2', '-z', '--untracked-files=all', '--no-renames', '--'];
  const output = await gitOutput(root, [...args, ...paths], 'look for changed files', { signal });
  // https://git-scm.com/docs/git-status#_porcelain_format_version_2: fields are separated by single spaces.
  const fieldsBefore: Readonly<Record<string, number>> = { '1': 8, u: 10, '?': 1 };
  return output.split('\0').flatMap((entry): readonly ChangedFile[] => {
    const kind = entry.charAt(0);
    const skip = fieldsBefore[kind];
    if (skip === undefined) return [];
    const path = entry.split(' ').slice(skip).join(' ');
    return [{ path, state: kind === 'u' ? 'unmerged' : kind === '?' ? 'untracked' : 'changed' }];
  });
}

/** Whether all that the first commit holds is part of the second one's history. */
export async function isAncestor(root: string, older: string, newer: string): Promise<boolean> {
  if (older === newer) return true;
  const result = await git(root, ['merge-base', '--is-ancestor', older, newer]);
  return result.exitCode === 0;
}

export async function hasCommit(root: string, commit: string): Promise<boolean> {
  return (await git(root, ['cat-file', '-e', `${commit}^{commit}`])).exitCode === 0;
}

async function readUpstream(root: string, branch: string): Promise<RemoteBranch | undefined> {
  const format = '%(upstream:remotename)%00%(upstream:remoteref)';
  const args = ['for-each-ref', `--format=${format}`, `refs/heads/${branch}`];
  const line = await gitOutput(root, args, 'read the upstream branch');
  const [remote = '', ref = ''] = line.split('\n')[0]?.split('\0') ?? [];
  // The remote "." is this repository itself.
  if (remote === '' || remote === '.' || !ref.startsWith('refs/heads/')) return undefined;
  return { remote, branch: ref.slice('refs/heads/'.length) };
}

/**
 * The remote that a branch belongs to: its upstream's, else `origin`, else the only one.
 *
 * @returns the remote's name, with the branch's name there if the branch has an upstream
 * @throws AddonReleaseError `usage` when there are several and none is chosen
 */
export async function findRemote(
  root: string,
  branch: string | undefined,
): Promise<{ readonly remote: string; readonly branch: string | undefined } | undefined> {
  const upstream = branch === undefined ? undefined : await readUpstream(root, branch);
  if (upstream !== undefined) return upstream;
  const output = await gitOutput(root, ['remote'], 'read the remotes');
  const remotes = output.split('\n').filter((name) => name !== '');
  const remote = remotes.includes('origin') ? 'origin' : remotes[0];
  if (remote === undefined) return undefined;
  if (remote !== 'origin' && remotes.length > 1) {
    throw new AddonReleaseError(
      'usage',
      `${branch ?? 'the commit that is checked out'} belongs to none of the remotes ${remotes.join(', ')}`,
      { hint: 'Choose one: `git branch --set-upstream-to=REMOTE/BRANCH`.' },
    );
  }
  return { remote, branch: undefined };
}

/** A remote's address without credentials; a token that it has is kept out of all output from then on. */
export async function readRemoteAddress(root: string, remote: string): Promise<string> {
  const url = await gitOutput(root, ['remote', 'get-url', '--push', remote], 'read the remote');
  if (URL.canParse(url)) {
    // Passwords in addresses are masked everywhere; a long user name without one is a token.
    const { username, password } = new URL(url);
    if (password === '' && username.length >= 20) registerSecret(decodeURIComponent(username));
  }
  return withoutCredentials(url);
}
