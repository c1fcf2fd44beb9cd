import { AddonReleaseError } from '../errors.js';
import { retry, type RetryOptions, type Transient } from '../exec/retry.js';
import {
  explainGitOutput,
  git,
  GitError,
  gitOutput,
  NETWORK_TIMEOUT_MS,
  type GitOptions,
} from './git.js';

/** A tag, and the commit behind it. They are the same for tags that are no objects of their own. */
export interface TagTarget {
  readonly object: string;
  readonly commit: string;
}

/** Branches and tags by their short names. */
export interface Refs {
  readonly branches: ReadonlyMap<string, string>;
  readonly tags: ReadonlyMap<string, TagTarget>;
}

export interface Patience extends Pick<RetryOptions, 'signal' | 'onRetry' | 'policy'> {
  /** Variables by which git logs in; without them it does as it is set up. */
  readonly login?: Readonly<Record<string, string>> | undefined;
}

const BRANCH = 'refs/heads/';
const TAG = 'refs/tags/';
const PEELED = '^{}';

export function classifyGitError(error: unknown): Transient | undefined {
  return error instanceof GitError && error.transient !== undefined
    ? { cause: error.transient }
    : undefined;
}

function collectRefs(lines: readonly (readonly [oid: string, name: string])[]): Refs {
  const branches = new Map<string, string>();
  const tags = new Map<string, TagTarget>();
  for (const [oid, name] of lines) {
    if (name.startsWith(BRANCH)) branches.set(name.slice(BRANCH.length), oid);
    if (!name.startsWith(TAG)) continue;
    const isPeeled = name.endsWith(PEELED);
    const tag = name.slice(TAG.length, isPeeled ? -PEELED.length : undefined);
    tags.set(tag, { object: isPeeled ? (tags.get(tag)?.object ?? oid) : oid, commit: oid });
  }
  return { branches, tags };
}

/**
 * Asks a remote for its branches and tags.
 *
 * @throws GitError when it does not answer
 */
export async function readRemoteRefs(
  root: string,
  remote: string,
  patience: Patience = {},
): Promise<Refs> {
  const output = await retry(
    () =>
      gitOutput(
        root,
        ['ls-remote', '--heads', '--tags', '--', remote],
        `read the branches of ${remote}`,
        networkOptions(patience),
      ),
    classifyGitError,
    patience,
  );
  return collectRefs(
    output.split('\n').map((line) => {
      const [oid = '', name = ''] = line.split('\t');
      return [oid, name] as const;
    }),
  );
}

function networkOptions({ signal, login }: Patience): GitOptions {
  return { signal, timeoutMs: NETWORK_TIMEOUT_MS, ...(login === undefined ? {} : { env: login }) };
}

/** The branches and tags of this repository. */
export async function readLocalRefs(root: string): Promise<Refs> {
  const format = '%(objectname)%00%(refname)%00%(*objectname)';
  const args = ['for-each-ref', `--format=${format}`, BRANCH, TAG];
  const output = await gitOutput(root, args, 'read branches and tags');
  return collectRefs(
    output.split('\n').flatMap((line): (readonly [string, string])[] => {
      const [oid = '', name = '', peeled = ''] = line.split('\0');
      return peeled === '' ? [[oid, name]] : [[oid, name], [peeled, `${name}${PEELED}`] as const];
    }),
  );
}

/** The name of the branch that a remote gives to those who ask for none; undefined when it has none. */
export async function readDefaultBranch(
  root: string,
  remote: string,
  patience: Patience = {},
): Promise<string | undefined> {
  const args = ['ls-remote', '--symref', '--', remote, 'HEAD'];
  const output = await retry(
    () => gitOutput(root, args, `read the default branch of ${remote}`, networkOptions(patience)),
    classifyGitError,
    patience,
  );
  return /^ref: refs\/heads\/(.+)\tHEAD$/m.exec(output)?.[1];
}

/** Gets the newest commit of a branch into a repository that is there for nothing else. */
export async function fetchTip(
  root: string,
  remote: string,
  branch: string,
  patience: Patience,
): Promise<void> {
  const ref = `+${BRANCH}${branch}:${BRANCH}${branch}`;
  const args = ['fetch', '--quiet', '--no-tags', '--no-write-fetch-head', '--depth=1', '--'];
  await retry(
    () =>
      gitOutput(root, [...args, remote, ref], `fetch the branch ${branch} from ${remote}`, {
        ...networkOptions(patience),
        settings: { 'gc.auto': '0' },
      }),
    classifyGitError,
    patience,
  );
}

/**
 * Gets what one branch or tag names. Tags stay as they are, and of the branches only the remote-tracking one moves, as
 * with any fetch.
 *
 * @throws GitError
 */
export async function fetchOne(
  root: string,
  remote: string,
  kind: 'branch' | 'tag',
  name: string,
  patience: Patience = {},
): Promise<void> {
  const quiet = ['--quiet', '--no-tags', '--no-recurse-submodules', '--no-write-fetch-head'];
  await retry(
    () =>
      gitOutput(
        root,
        ['fetch', ...quiet, '--', remote, `${kind === 'branch' ? BRANCH : TAG}${name}`],
        `fetch the ${kind} ${name} from ${remote}`,
        { ...networkOptions(patience), settings: { 'gc.auto': '0' } },
      ),
    classifyGitError,
    patience,
  );
}

/** What is to be pushed: objects by their hash, so that nothing here has to name them yet. */
export interface Push {
  readonly remote: string;
  readonly branch?: { readonly name: string; readonly commit: string } | undefined;
  readonly tag?: { readonly name: string; readonly object: string } | undefined;
  /** The commit that the branch is taken away from, which the new one need not follow; "" = it must be new. */
  readonly replaced?: string | undefined;
}

/** The arguments of a push that happens as a whole or not at all. */
export function pushArguments(push: Push): readonly string[] {
  const refspecs = [
    ...(push.branch === undefined ? [] : [`${push.branch.commit}:${BRANCH}${push.branch.name}`]),
    ...(push.tag === undefined ? [] : [`${push.tag.object}:${TAG}${push.tag.name}`]),
  ];
  // Only what is named, whatever push.followTags and push.recurseSubmodules say.
  const only = ['--no-follow-tags', '--recurse-submodules=no'];
  const lease =
    push.replaced === undefined || push.branch === undefined
      ? []
      : [`--force-with-lease=${BRANCH}${push.branch.name}:${push.replaced}`];
  return ['push', '--atomic', '--porcelain', ...only, ...lease, '--', push.remote, ...refspecs];
}

/** @throws GitError with what the remote said */
export async function pushOnce(root: string, push: Push, patience: Patience): Promise<void> {
  const result = await git(root, pushArguments(push), networkOptions(patience));
  patience.signal?.throwIfAborted();
  if (result.exitCode === 0) return;
  // The status of each reference is on standard output, what the server said on standard error.
  const output = [result.stderr, result.stdout].map((text) => text.trim()).filter(Boolean);
  throw new GitError(`push to ${push.remote}`, { ...result, stderr: output.join('\n') });
}

/**
 * Whether this account may write to the remote, found out without writing.
 *
 * @throws AddonReleaseError `environment` with the remote's answer
 */
export async function checkPushRight(
  root: string,
  push: Push,
  patience: Patience = {},
): Promise<void> {
  const args = ['push', '--dry-run', '--no-verify', ...pushArguments(push).slice(1)];
  try {
    await retry(
      () => gitOutput(root, args, `push to ${push.remote}`, networkOptions(patience)),
      classifyGitError,
      patience,
    );
  } catch (error) {
    if (!(error instanceof GitError)) throw error;
    throw new AddonReleaseError('environment', `git can't push to ${push.remote}`, {
      output: error.output,
      hint:
        explainGitOutput(error.output ?? '') ??
        'Without git: --no-git sets the version in the file only.',
    });
  }
}
