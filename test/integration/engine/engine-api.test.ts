import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createConnection, createServer, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  onTestFinished,
  test,
  vi,
} from 'vitest';
import { docker, onEngine } from '../../../src/engine/docker.js';
import { askEngine, requireAnswer } from '../../../src/engine/engine-api.js';
import { closeEngineConnections } from '../../../src/engine/engine-connection.js';
import { run } from '../../../src/exec/run.js';
import { findContainerFiles } from '../../../src/smoke/container-files.js';
import { Container } from '../../../src/smoke/container.js';
import { BASE_REGISTRY } from '../../helpers/cli.js';
import { startEngineProxy } from '../../helpers/engine-proxy.js';
import { findTool, requireTool } from '../../helpers/tools.js';
import { standInFor } from '../../helpers/stand-in.js';

const BASE = `${BASE_REGISTRY}/home-assistant/base-debian:bookworm`;
const SIGNAL = new AbortController().signal;

const PING = { method: 'GET', path: '/_ping', timeoutMs: 20_000 } as const;

/** A container that runs a script, with the lines that it prints. */
async function make(script: string): Promise<{ container: Container; lines: string[] }> {
  const lines: string[] = [];
  const shell = ['--entrypoint=/bin/sh', BASE, '-c', script];
  const container = await Container.create(
    ['--init', ...shell],
    (line) => {
      lines.push(line);
    },
    SIGNAL,
  );
  onTestFinished(() => container.remove());
  return { container, lines };
}

async function started(script: string): Promise<{ container: Container; lines: string[] }> {
  const made = await make(script);
  expect(await made.container.start(SIGNAL)).toBeUndefined();
  return made;
}

async function untilEnd(container: Container): Promise<void> {
  const { state } = await container.waitFor(() => false, {
    timeoutMs: 30_000,
    pollMs: 30_000,
    signal: SIGNAL,
  });
  expect(state.running).toBe(false);
  await container.waitForLog();
}

/** Connections of this process. */
async function listConnections(): Promise<readonly { readonly pid: number }[]> {
  const { stdout } = await run('ps', ['--ppid', String(process.pid), '-o', 'pid=,args=']);
  const lines = stdout.split('\n').filter((line) => line.includes('system dial-stdio'));
  return lines.map((line) => ({ pid: Number.parseInt(line, 10) }));
}

describe.skipIf(!requireTool('docker'))('a container, asked through the API of the engine', () => {
  beforeAll(async () => {
    await docker(['pull', '--quiet', BASE]);
  });
  // After what a test does at its end.
  beforeEach(closeEngineConnections);
  afterAll(closeEngineConnections);
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  test('has files with the owner and the mode that were asked for', async () => {
    const { container } = await make('stat -c "%n %u:%g %a %s" /data/* /run/cid; cat /data/a');
    await container.putFiles([
      { path: '/data/a', content: 'secret\n', mode: 0o600 },
      { path: '/data/b', content: Buffer.alloc(3_000_000, 1), mode: 0o755 },
      { path: '/run/cid', content: container.id, mode: 0o444 },
    ]);
    expect(await container.start(SIGNAL)).toBeUndefined();
    await untilEnd(container);
    expect(container.log).toEqual([
      '/data/a 0:0 600 7',
      '/data/b 0:0 755 3000000',
      '/run/cid 0:0 444 64',
      'secret',
    ]);
  });

  test('tells its state, its processes and what it has changed', async () => {
    const { container } = await make('rm /etc/issue; echo >>/etc/hostname2; exec sleep 100');
    expect(await container.state()).toMatchObject({ running: false, health: 'none', address: '' });
    expect(await container.processes()).toEqual([]);
    expect(await container.start(SIGNAL)).toBeUndefined();
    await vi.waitFor(async () => {
      const processes = await container.processes();
      expect(processes.map(({ uid, command }) => [uid, command])).toContainEqual([0, 'sleep 100']);
    });
    const state = await container.state();
    expect(state).toMatchObject({ running: true, exitCode: 0, outOfMemory: false, restarts: 0 });
    expect(state.address).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
    expect(await container.changes()).toEqual(
      expect.arrayContaining([
        { kind: 'C', path: '/etc' },
        { kind: 'D', path: '/etc/issue' },
        { kind: 'A', path: '/etc/hostname2' },
      ]),
    );
    const { durationMs } = await container.stop(5);
    expect(durationMs).toBeLessThan(5_000);
    expect((await container.state()).exitCode).toBe(143);
    await container.stop(5);
  });

  test('has two outputs, line by line', async () => {
    const { container, lines } = await started(
      'for i in 1 2 3; do echo "out $i €"; sleep 0.2; echo "err $i" >&2; sleep 0.2; done; exit 7',
    );
    await untilEnd(container);
    expect(lines).toEqual(['out 1 €', 'err 1', 'out 2 €', 'err 2', 'out 3 €', 'err 3']);
    expect((await container.state()).exitCode).toBe(7);
  });

  test('may print a lot', async () => {
    const { container, lines } = await started(
      'seq 1 200000; head -c 100000 /dev/zero | tr "\\0" x',
    );
    await untilEnd(container);
    expect(lines).toHaveLength(200_001);
    expect(lines.slice(0, 200_000).every((line, index) => line === String(index + 1))).toBe(true);
    expect(lines.at(-1)).toHaveLength(100_000);
  });

  test('reports at once that it ends', async () => {
    const { container } = await started('sleep 1');
    const asked = performance.now();
    await untilEnd(container);
    // States are read again after five seconds when no event comes.
    expect(performance.now() - asked).toBeLessThan(4_500);
  });

  test('runs programs inside', async () => {
    const { container } = await started('exec sleep 100');
    const result = await container.exec(['sh', '-c', 'echo out; echo err >&2; exit 3']);
    expect(result).toMatchObject({ exitCode: 3, stdout: 'out\n', stderr: 'err\n' });
    // Which one depends on the version of the engine.
    expect([126, 127]).toContain((await container.execAsRoot(['no-such-program'])).exitCode);
  });

  test('is read as a tar stream, links followed', async () => {
    const { container } = await started(
      'mkdir /x; echo one >/x/a; ln -s a /x/near; ln -s /x /far; ln -s /nowhere /broken; exec sleep 100',
    );
    const read = async (path: string): Promise<Record<string, string>> => {
      const files: Record<string, string> = {};
      for await (const file of findContainerFiles(container, path)) {
        files[file.name] = await file.read();
      }
      return files;
    };
    await vi.waitFor(async () => {
      expect(await container.has('/broken/')).toBe(false);
      expect(await container.has('/far')).toBe(true);
    });
    expect(await read('/x/a')).toEqual({ a: 'one\n' });
    expect(await read('/x/near')).toEqual({ a: 'one\n' });
    expect(await read('/x')).toEqual({ 'x/a': 'one\n' });
    expect(await read('/far')).toEqual({ 'x/a': 'one\n' });
    for (const path of ['/broken', '/x/b', '/x/a/b', '/no/such/folder']) {
      expect(await read(path)).toEqual({});
      expect(await container.has(path)).toBe(false);
    }
    // Given up in the middle, which must not be in the way of others.
    for await (const file of findContainerFiles(container, '/usr')) {
      expect(file.name).toMatch(/^usr\//);
      break;
    }
    expect(await read('/x/a')).toEqual({ a: 'one\n' });
  });

  test('is refused in the words of the engine', async () => {
    const lines: string[] = [];
    const args = ['--entrypoint=/no/such/program', BASE];
    const container = await Container.create(args, (line) => lines.push(line), SIGNAL);
    onTestFinished(() => container.remove());
    expect(await container.start(SIGNAL)).toMatch(
      /^failed to create .*exec: "\/no\/such\/program": stat \/no\/such\/program: no such file/,
    );
    expect((await container.state()).exitCode).toBe(127);
    expect(lines).toEqual([]);
  });

  test('that is gone is an error', async () => {
    const { container } = await make('true');
    await container.remove();
    await expect(container.state()).rejects.toMatchObject({
      failure: 'environment',
      message: `GET /containers/${container.id}/json of the Docker Engine API failed`,
      output: `No such container: ${container.id}`,
    });
    expect(await container.has('/etc')).toBe(false);
    await container.remove();
  });

  test('needs few connections, of which none is left', async () => {
    const calls = await standInFor('docker', `exec '${findTool('docker') ?? ''}' "$@"`);
    const { container } = await started('exec sleep 100');
    for (let index = 0; index < 20; index++) await container.state();
    await Promise.all([container.state(), container.processes(), container.changes()]);
    await container.stop(0);
    await container.remove();
    const dials = (await calls.calls()).filter((call) => call === 'system dial-stdio');
    expect(dials.length).toBeLessThanOrEqual(5);
    expect((await listConnections()).length).toBeGreaterThan(0);
    await closeEngineConnections();
    expect(await listConnections()).toEqual([]);
  });
});

describe.skipIf(!requireTool('docker'))('an engine', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'engine-api-'));
  });
  afterAll(() => rm(folder, { recursive: true }));
  // After what a test does at its end.
  beforeEach(closeEngineConnections);
  afterAll(closeEngineConnections);
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  const LOST = { failure: 'environment', message: 'the Docker engine stopped answering' };

  test('may be nowhere', async () => {
    vi.stubEnv('DOCKER_HOST', `unix://${folder}/nowhere.sock`);
    await expect(askEngine(PING)).rejects.toMatchObject({
      ...LOST,
      output: expect.stringMatching(
        /^GET \/_ping of the Docker Engine API failed:\n.*nowhere\.sock/,
      ) as string,
      hint: expect.stringMatching(/^Start it again and run the same command/) as string,
    });
  });

  test('may be in a context that does not exist', async () => {
    const name = `none-${randomBytes(4).toString('hex')}`;
    await onEngine(name, async () => {
      await expect(askEngine(PING)).rejects.toMatchObject({
        message: `the Docker engine of the context "${name}" stopped answering`,
        output: expect.stringContaining('context not found') as string,
      });
      await closeEngineConnections();
    });
  });

  test('may be asked without docker', async () => {
    vi.stubEnv('PATH', folder);
    await expect(askEngine(PING)).rejects.toMatchObject({
      failure: 'environment',
      message: 'docker is not installed or not on PATH',
    });
  });

  test('may die while it is asked, and come back', async () => {
    const proxy = await startEngineProxy();
    vi.stubEnv('DOCKER_HOST', proxy.address);
    expect(await requireAnswer(PING)).toBe('OK');
    const events = { method: 'GET', path: '/events', timeoutMs: 20_000 } as const;
    const asked = askEngine(events).catch((error: unknown) => error);
    await sleep(500);
    await proxy.die();
    expect(await asked).toMatchObject(LOST);
    await expect(askEngine(PING)).rejects.toMatchObject(LOST);
    vi.unstubAllEnvs();
    expect(await requireAnswer(PING)).toBe('OK');
  });

  test('may be reached by TCP', async () => {
    const { host } = new URL('tcp://127.0.0.1');
    const proxy = await startEngineProxy();
    const open = new Set<Socket>();
    const server = createServer((client) => {
      const engine = createConnection(new URL(proxy.address).pathname);
      for (const socket of [client, engine]) {
        open.add(socket);
        socket.on('error', () => undefined);
      }
      client.pipe(engine).pipe(client);
    });
    onTestFinished(() => {
      for (const socket of open) socket.destroy();
      server.close();
    });
    server.listen(0, host);
    await once(server, 'listening');
    vi.stubEnv('DOCKER_HOST', `tcp://${host}:${(server.address() as AddressInfo).port}`);
    expect(await requireAnswer(PING)).toBe('OK');
  });

  test('may take too long', async () => {
    const server = createServer(() => undefined).listen(join(folder, 'silent.sock'));
    await once(server, 'listening');
    onTestFinished(() => {
      server.close();
    });
    vi.stubEnv('DOCKER_HOST', `unix://${folder}/silent.sock`);
    await expect(askEngine({ ...PING, timeoutMs: 500 })).rejects.toMatchObject({
      failure: 'environment',
      message: 'GET /_ping of the Docker Engine API failed: no answer',
    });
    const stop = new AbortController();
    const reason = new Error('enough');
    setTimeout(() => {
      stop.abort(reason);
    }, 300);
    await expect(askEngine({ ...PING, signal: stop.signal })).rejects.toBe(reason);
    await expect(askEngine({ ...PING, signal: stop.signal })).rejects.toBe(reason);
    await closeEngineConnections();
    expect(await listConnections()).toEqual([]);
  });

  test('may have closed the connections that nobody used', async () => {
    expect(await requireAnswer(PING)).toBe('OK');
    for (const { pid } of await listConnections()) process.kill(pid, 'SIGKILL');
    expect(await requireAnswer(PING)).toBe('OK');
  });
});
