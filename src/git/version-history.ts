import { basename, dirname } from 'node:path';
import { gitOutput, readBlob } from './git.js';
import { openRepository } from './repository.js';

/** More versions than anybody goes back. */
const MAX_COMMITS = 300;

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
  const folder = dirname(file);
  const repository = await openRepository(folder, signal);
  if (repository?.head === undefined) return [];
  const name = basename(file);
  const args = ['log', `--max-count=${MAX_COMMITS}`, '--format=%H', '--', name];
  const commits = await gitOutput(folder, args, 'read the history', { signal });
  const versions = new Set<string>();
  for (const commit of commits.split('\n').filter((line) => line !== '')) {
    const text = await readBlob(folder, `${commit}:./${name}`);
    const version = text === undefined ? undefined : readVersion(text);
    if (version !== undefined) versions.add(version);
  }
  return [...versions];
}
