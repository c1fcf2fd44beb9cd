import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { SidecarClient } from '../../../src/supervisor/sidecar-client.js';
import { call, setupWith } from './support.js';

const ENTRY = fileURLToPath(new URL('../../../src/supervisor/sidecar.ts', import.meta.url));
const HOST = '127.0.0.1';

let folder: string;
let program: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sidecar-'));
  program = join(folder, 'sidecar.cjs');
  const { warnings } = await build({
    entryPoints: [ENTRY],
    outfile: program,
    bundle: true,
    platform: 'node',
    target: 'node18',
    format: 'cjs',
    logLevel: 'silent',
  });
  expect(warnings).toEqual([]);
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

/** Runs the bundled program with nothing beside it, as in a container. */
function startProcess(): ChildProcessWithoutNullStreams {
  return spawn(process.execPath, [program], { cwd: folder, env: {} });
}

function connectProcess(
  child: ChildProcessWithoutNullStreams,
  hooks: ConstructorParameters<typeof SidecarClient>[1] = {},
): SidecarClient {
  return new SidecarClient({ input: child.stdin, output: child.stdout }, hooks);
}

describe('the sidecar as a process', () => {
  it('is one file that serves, asks back and ends on request', async () => {
    const child = startProcess();
    const ended = once(child, 'exit');
    const sidecar = connectProcess(child, {
      validateOptions: (options) => ({ valid: true, options: { ...options, checked: true } }),
    });
    await sidecar.ready;
    const setup = setupWith({ options: { name: 'x\u2028y' } });
    await sidecar.addSetup(setup);
    const port = await sidecar.listen(HOST, 0);
    const { json } = await call(port, '/addons/self/options/config', { token: setup.token });
    expect(json).toEqual({ result: 'ok', data: { name: 'x\u2028y', checked: true } });
    expect(await sidecar.probe({ kind: 'tcp', host: HOST, port, timeoutMs: 10_000 })).toMatchObject(
      {
        connected: true,
      },
    );
    await sidecar.close();
    expect(await ended).toEqual([0, null]);
    expect(sidecar.requests).toHaveLength(1);
  });

  it('ends with its input', async () => {
    const child = startProcess();
    const ended = once(child, 'exit');
    const sidecar = connectProcess(child);
    await sidecar.listen(HOST, 0);
    child.stdin.end();
    expect(await ended).toEqual([0, null]);
    await expect(sidecar.listen(HOST, 0)).rejects.toThrow('the sidecar ended');
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('ends at once on %s', async (signal) => {
    const child = startProcess();
    const ended = once(child, 'exit');
    await connectProcess(child).ready;
    child.kill(signal);
    expect(await ended).toEqual([0, null]);
  });
});
