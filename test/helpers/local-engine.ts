import { hostname } from 'node:os';
import { run } from '../../src/exec/run.js';

/** Runs `docker` against the engine that everybody uses, past any fake of a test. */
export async function askDocker(args: readonly string[]): Promise<string> {
  const result = await run('docker', args);
  if (result.exitCode !== 0) throw new Error(`docker ${args.join(' ')}: ${result.stderr}`);
  return result.stdout.trim();
}

function splitLines(text: string): readonly string[] {
  return text.split('\n').filter((line) => line !== '');
}

/** The label of everything that a run with this process ID creates in the engine. */
export function ownerFilter(pid: number): string {
  return `label=io.addon-release.owner=${hostname()}/${pid}`;
}

/** Containers, networks and volumes that a run left in the engine, as "kind name". */
export async function listLeftovers(pid: number): Promise<readonly string[]> {
  const lists = await Promise.all(
    (['container', 'network', 'volume'] as const).map(async (kind) => {
      const all = kind === 'container' ? ['--all'] : [];
      const name = kind === 'container' ? '{{.Names}}' : '{{.Name}}';
      const filter = `--filter=${ownerFilter(pid)}`;
      const names = await askDocker([kind, 'ls', ...all, filter, `--format=${name}`]);
      return splitLines(names).map((found) => `${kind} ${found}`);
    }),
  );
  return lists.flat();
}

/** Removes what a run left in the engine because it had no way to. */
export async function removeLeftovers(pid: number): Promise<void> {
  for (const leftover of await listLeftovers(pid)) {
    const [kind = '', name = ''] = leftover.split(' ');
    await run('docker', [kind, 'rm', ...(kind === 'network' ? [] : ['--force']), name]);
  }
}

/** The running containers of add-ons of a run: not the stand-in Supervisor's. */
export async function listAddonContainers(pid: number): Promise<readonly string[]> {
  const ids = await askDocker([
    ...['container', 'ls', '--quiet', '--no-trunc', '--filter=status=running'],
    ...[`--filter=${ownerFilter(pid)}`, '--filter=label=supervisor_managed'],
  ]);
  return splitLines(ids);
}

/** One of them. */
export async function findAddonContainer(pid: number): Promise<string | undefined> {
  return (await listAddonContainers(pid))[0];
}

/** Names with tags of the images in the engine that match, for instance `local/*-addon-NAME`. */
export async function listLocalImages(pattern: string): Promise<readonly string[]> {
  const format = '--format={{.Repository}}:{{.Tag}}';
  const names = await askDocker(['image', 'ls', `--filter=reference=${pattern}`, format]);
  return splitLines(names).toSorted();
}

/** Removes images from the engine, also those that a later pull of the same tag left nameless. */
export async function removeLocalImages(pattern: string): Promise<void> {
  const list = ['image', 'ls', '--quiet', '--no-trunc', `--filter=reference=${pattern}`];
  const ids = new Set(splitLines(await askDocker(list)));
  // Other runs on this machine may have removed the same image meanwhile.
  if (ids.size > 0) await run('docker', ['image', 'rm', '--force', ...ids]);
}

/** Only then does the engine attest images, and write them into folders. */
export async function usesContainerdStore(): Promise<boolean> {
  return /containerd/.test(await askDocker(['info', '--format={{.DriverStatus}}']));
}
