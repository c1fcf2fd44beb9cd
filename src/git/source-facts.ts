import { AddonReleaseError } from '../errors.js';
import type { SourceFacts } from '../plan/image-metadata.js';
import { git } from './git.js';
import { readGitVersion } from './git-version.js';
import { findReleasedCommit, listReleaseChanges, type ReleaseEdit } from './release-changes.js';
import { openRepository, type Repository } from './repository.js';

/** `git@github.com:owner/name.git` and its relatives as an https address, without credentials. */
export function webAddress(remote: string): string | undefined {
  const scp = /^(?:[^@\s/]+@)?([A-Za-z0-9.-]+\.[A-Za-z]+):(?!\/)(.+)$/.exec(remote);
  const url = scp === null ? remote : `ssh://${scp[1] ?? ''}/${scp[2] ?? ''}`;
  if (!URL.canParse(url)) return undefined;
  const { protocol, host, hostname, pathname } = new URL(url);
  if (!['https:', 'http:', 'ssh:', 'git:'].includes(protocol) || hostname === '') return undefined;
  // The port of a web address is part of it; that of SSH says nothing about the web server.
  const hasWebPort = protocol.startsWith('http') && host !== hostname;
  const site = hasWebPort ? `${protocol}//${host}` : `https://${hostname}`;
  return `${site}${pathname.replace(/\.git\/?$/, '').replace(/\/$/, '')}`;
}

async function openIfPossible(folder: string): Promise<Repository | undefined> {
  try {
    return await openRepository(folder);
  } catch (error) {
    // Facts about the sources are welcome, not needed; but a repository that git refuses is not left out silently.
    const isMissing = error instanceof AddonReleaseError && (await readGitVersion()) === undefined;
    if (isMissing) return undefined;
    throw error;
  }
}

async function readWebAddress(root: string): Promise<string | undefined> {
  const remote = await git(root, ['remote', 'get-url', 'origin']);
  return remote.exitCode === 0 ? webAddress(remote.stdout.trim()) : undefined;
}

async function readCommitDate(root: string, commit: string): Promise<number | undefined> {
  const result = await git(root, ['log', '-1', '--no-show-signature', '--format=%ct', commit]);
  return result.exitCode === 0 ? Number(result.stdout.trim()) : undefined;
}

/**
 * Commit, date and address of the sources in a folder. SOURCE_DATE_EPOCH of the environment wins over the
 * commit's date (https://reproducible-builds.org/specs/source-date-epoch/).
 *
 * @param fallbackEpochSeconds used outside a git repository
 * @param release what a release does to the add-on's config; a commit or an uncommitted change that does only that
 *   is not part of the sources
 * @throws AddonReleaseError `environment` when git refuses to open the repository
 */
export async function readSourceFacts(
  folder: string,
  environment: Readonly<Record<string, string | undefined>>,
  fallbackEpochSeconds: number,
  release?: ReleaseEdit,
): Promise<SourceFacts> {
  const given = environment['SOURCE_DATE_EPOCH'];
  const fixed = given !== undefined && /^\d{1,11}$/.test(given) ? Number(given) : undefined;
  const repository = await openIfPossible(folder);
  const none = { revision: undefined, dirty: false, epochSeconds: fixed ?? fallbackEpochSeconds };
  if (repository === undefined) return { ...none, url: undefined };
  const [revision, url] = await Promise.all([
    findReleasedCommit(repository, release),
    readWebAddress(repository.root),
  ]);
  // One that has just been cloned or made knows its remote, and has no commit yet.
  if (revision === undefined) return { ...none, url };
  const [changes, committed] = await Promise.all([
    listReleaseChanges(repository, [folder], release),
    readCommitDate(repository.root, revision),
  ]);
  const epochSeconds = fixed ?? committed ?? fallbackEpochSeconds;
  return { revision, dirty: changes.length > 0, url, epochSeconds };
}
