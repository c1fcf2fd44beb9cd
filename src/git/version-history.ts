import { basename, dirname } from 'node:path';
import { gitOutput, readBlob } from './git.js';
import { openRepository } from './repository.js';

/** More versions than anybody goes back. */
const MAX_COMMITS = 300;

interface DatedVersion {
  readonly commit: string;
  readonly version: string;
}

/** The version in each commit that changed the file, newest first. */
async function* readVersions(
  file: string,
  readVersion: (text: string) => string | undefined,
  signal: AbortSignal | undefined,
): AsyncGenerator<DatedVersion> {
  const folder = dirname(file);
  const repository = await openRepository(folder, signal);
  if (repository?.head === undefined) return;
  const name = basename(file);
  const args = ['log', `--max-count=${MAX_COMMITS}`, '--format=%H', '--', name];
  const commits = await gitOutput(folder, args, 'read the history', { signal });
  for (const commit of commits.split('\n').filter((line) => line !== '')) {
    const text = await readBlob(folder, `${commit}:./${name}`);
    const version = text === undefined ? undefined : readVersion(text);
    if (version !== undefined) yield { commit, version };
  }
}

/**
 * The versions that a config file has had in the history of the branch that is checked out, newest first, each once.
 * None outside of a git repository and in one without the file.
 *
 * @param file absolute path
 * @param readVersion the version that a text of the file says; undefined when it says none
 */
export async function readVersionHistory(
  file: string,
  readVersion: (text: string) => string | undefined,
  signal?: AbortSignal,
): Promise<readonly string[]> {
  const versions = new Set<string>();
  for await (const { version } of readVersions(file, readVersion, signal)) versions.add(version);
  return [...versions];
}

/** The commit that gave a config file the version that it has now; undefined when it is in no commit. */
export async function findVersionCommit(
  file: string,
  readVersion: (text: string) => string | undefined,
  wanted: string,
  signal?: AbortSignal,
): Promise<string | undefined> {
  let found: string | undefined;
  for await (const { commit, version } of readVersions(file, readVersion, signal)) {
    if (version !== wanted) break;
    found = commit;
  }
  return found;
}
