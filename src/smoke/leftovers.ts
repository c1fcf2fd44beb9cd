import { hostname } from 'node:os';
import { tryDocker } from '../engine/docker.js';

/** Marks everything that smoke tests create in the engine; the value names the process that owns it. */
export const OWNER_LABEL = 'io.addon-release.owner';

const CALL_TIMEOUT_MS = 60_000;

/** This process, for other runs on this machine to see whether it still lives. */
export function ownerLabel(): string {
  return `${hostname()}/${process.pid}`;
}

function isGone(owner: string): boolean {
  const [host, pid] = owner.split('/');
  if (host !== hostname() || pid === undefined) return false;
  if (Number(pid) === process.pid) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ESRCH';
  }
}

async function listOwned(
  kind: 'container' | 'network' | 'volume',
  isMine: (owner: string) => boolean,
): Promise<readonly string[]> {
  const name = kind === 'volume' ? '{{.Name}}' : '{{.ID}}';
  const result = await tryDocker(
    [
      kind,
      'ls',
      ...(kind === 'container' ? ['--all'] : []),
      `--filter=label=${OWNER_LABEL}`,
      `--format=${name} {{.Label "${OWNER_LABEL}"}}`,
    ],
    { timeoutMs: CALL_TIMEOUT_MS },
  );
  return result.stdout.split('\n').flatMap((line) => {
    const [id = '', owner = ''] = line.trim().split(' ');
    return id !== '' && isMine(owner) ? [id] : [];
  });
}

async function removeOwned(isMine: (owner: string) => boolean): Promise<void> {
  const containers = await listOwned('container', isMine);
  if (containers.length > 0) {
    await tryDocker(['rm', '--force', '--volumes', ...containers], { timeoutMs: CALL_TIMEOUT_MS });
  }
  const [networks, volumes] = await Promise.all([
    listOwned('network', isMine),
    listOwned('volume', isMine),
  ]);
  await Promise.all([
    networks.length === 0
      ? undefined
      : tryDocker(['network', 'rm', ...networks], { timeoutMs: CALL_TIMEOUT_MS }),
    volumes.length === 0
      ? undefined
      : tryDocker(['volume', 'rm', '--force', ...volumes], { timeoutMs: CALL_TIMEOUT_MS }),
  ]);
}

/** Removes what runs on this machine left behind that were killed before they could clean up. */
export function removeLeftovers(): Promise<void> {
  return removeOwned(isGone);
}

/** Removes everything that this process created. */
export function removeOwn(): Promise<void> {
  const own = ownerLabel();
  return removeOwned((owner) => owner === own);
}
