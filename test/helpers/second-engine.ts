import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { run } from '../../src/exec/run.js';
import { makeTemporaryFolder, waitUntil, type AtEnd } from './cli.js';

/** A Docker engine like that of another machine. */
export interface SecondEngine {
  /** The name of its Docker context. */
  readonly context: string;
  /** What `docker` needs to know the context, and no logins. */
  readonly env: Readonly<Record<string, string>>;
  /** Runs `docker` against it. */
  readonly ask: (args: readonly string[]) => Promise<string>;
}

/**
 * Starts an engine with everything of its own: storage, containerd, socket and network. It can't be reached but by
 * its socket and reaches nothing, so it disturbs no other engine and needs no range of addresses of its own. Needs root.
 */
export async function startSecondEngine(context: string, atEnd: AtEnd): Promise<SecondEngine> {
  const folder = await makeTemporaryFolder('engine', (remove) => {
    atEnd(remove);
  });
  const socket = `unix://${path.join(folder, 'docker.sock')}`;
  const pidFile = path.join(folder, 'dockerd.pid');
  const configuration = path.join(folder, 'daemon.json');
  const features = { 'containerd-snapshotter': true };
  await writeFile(
    configuration,
    JSON.stringify({
      'data-root': path.join(folder, 'data'),
      'exec-root': path.join(folder, 'exec'),
      pidfile: pidFile,
      hosts: [socket],
      features,
    }),
  );
  const daemon = spawn(
    'unshare',
    ['--net', 'sh', '-c', 'ip link set lo up && exec dockerd --config-file "$0"', configuration],
    { stdio: ['ignore', 'ignore', 'pipe'], detached: true },
  );
  let log = '';
  daemon.stderr
    .setEncoding('utf8')
    .on('data', (text: string) => (log = (log + text).slice(-4_000)));
  const ended = once(daemon, 'exit');
  atEnd(async () => {
    if (daemon.exitCode === null) daemon.kill('SIGTERM');
    await ended;
    // What it had mounted would keep the folder from being removed.
    await run('umount', ['--recursive', '--lazy', path.join(folder, 'exec')]).catch(
      () => undefined,
    );
  });
  const configFolder = path.join(folder, 'client');
  await mkdir(configFolder);
  const env = { DOCKER_CONFIG: configFolder };
  const docker = async (args: readonly string[]): Promise<string> => {
    const result = await run('docker', args, { env });
    if (result.exitCode !== 0) throw new Error(`docker ${args.join(' ')}: ${result.stderr}`);
    return result.stdout.trim();
  };
  await docker(['context', 'create', context, `--docker=host=${socket}`]);
  const ask = (args: readonly string[]) => docker(['--context', context, ...args]);
  await waitUntil('the second engine answers', async () => {
    if (daemon.exitCode !== null) throw new Error(`dockerd ended:\n${log}`);
    const pid = await readFile(pidFile, 'utf8').catch(() => undefined);
    if (pid === undefined) return undefined;
    return ask(['version', '--format={{.Server.Version}}']).catch(() => undefined);
  });
  return { context, env, ask };
}
