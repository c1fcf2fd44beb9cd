import { git } from './git.js';

/** What git says about itself ("git version 2.39.5"); undefined when it is not installed. */
export async function readGitVersion(signal?: AbortSignal): Promise<string | undefined> {
  signal?.throwIfAborted();
  const result = await git('.', ['--version'], { timeoutMs: 10_000, signal }).catch(
    () => undefined,
  );
  return result?.exitCode === 0 ? result.stdout.trim() : undefined;
}
