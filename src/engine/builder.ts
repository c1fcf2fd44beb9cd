import { tryDocker } from './docker.js';

const QUERY_TIMEOUT_MS = 30_000;

/** The first buildx that writes BuildKit's records (`--progress rawjson`). */
const OLDEST_BUILDX = [0, 13] as const;

export interface BuildxVersion {
  readonly version: string;
  readonly isRecentEnough: boolean;
}

/** undefined when docker has no buildx plugin. */
export async function readBuildxVersion(signal?: AbortSignal): Promise<BuildxVersion | undefined> {
  const result = await tryDocker(['buildx', 'version'], { timeoutMs: QUERY_TIMEOUT_MS, signal });
  const match = /\bv?(\d+)\.(\d+)\.(\d+)/.exec(result.stdout);
  if (result.exitCode !== 0 || match === null) return undefined;
  const [, major = '0', minor = '0', patch = '0'] = match;
  return {
    version: `${major}.${minor}.${patch}`,
    isRecentEnough:
      Number(major) > OLDEST_BUILDX[0] ||
      (Number(major) === OLDEST_BUILDX[0] && Number(minor) >= OLDEST_BUILDX[1]),
  };
}

/**
 * Registers QEMU for foreign architectures with this machine's kernel, as setup-qemu-action does.
 *
 * @returns what docker says when it fails
 */
export async function installEmulators(signal?: AbortSignal): Promise<string | undefined> {
  const result = await tryDocker(
    ['run', '--privileged', '--rm', 'docker.io/tonistiigi/binfmt:latest', '--install', 'all'],
    { timeoutMs: 5 * 60_000, signal },
  );
  return result.exitCode === 0 ? undefined : result.stderr.trim();
}
