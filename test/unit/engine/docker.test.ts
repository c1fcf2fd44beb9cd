import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import {
  docker,
  inspectLocalImage,
  readEngine,
  readUnpackedBytes,
} from '../../../src/engine/docker.js';
import { AddonReleaseError } from '../../../src/errors.js';
import { standInFor } from '../../helpers/stand-in.js';

/** A docker whose every call prints this. */
async function dockerPrints(value: unknown): Promise<void> {
  const { folder } = await standInFor('docker', 'cat "$HERE/answer"');
  await writeFile(
    join(folder, 'answer'),
    typeof value === 'string' ? value : JSON.stringify(value),
  );
}

async function refusal(call: Promise<unknown>): Promise<AddonReleaseError> {
  const error: unknown = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof AddonReleaseError) return error;
  throw new Error(`not refused: ${String(error)}`);
}

describe('readEngine', () => {
  const INFO = {
    ServerVersion: '26.1.5',
    OSType: 'linux',
    Architecture: 'x86_64',
    DriverStatus: [['driver-type', 'io.containerd.snapshotter.v1']],
    NCPU: 2,
    MemTotal: 1024,
    SecurityOptions: ['name=seccomp,profile=builtin', 'name=apparmor'],
  };

  test('reads what the engine is', async () => {
    await dockerPrints(INFO);
    expect(await readEngine()).toEqual({
      version: '26.1.5',
      platform: 'linux/amd64',
      imageStore: 'containerd',
      cpus: 2,
      memoryBytes: 1024,
      apparmor: true,
    });
  });

  test('knows the classic image store and a kernel without AppArmor', async () => {
    await dockerPrints({
      ...INFO,
      DriverStatus: [['Backing Filesystem', 'extfs']],
      SecurityOptions: ['name=seccomp,profile=builtin'],
    });
    expect(await readEngine()).toMatchObject({ imageStore: 'classic', apparmor: false });
  });

  test.each([
    ['aarch64', 'linux/arm64'],
    ['armv7l', 'linux/arm/v7'],
    ['armv6l', 'linux/arm/v6'],
    ['i686', 'linux/386'],
    ['riscv64', 'linux/riscv64'],
  ])('calls %s %s', async (machine, platform) => {
    await dockerPrints({ ...INFO, Architecture: machine });
    expect(await readEngine()).toMatchObject({ platform });
  });

  test('says what docker says when no engine answers', async () => {
    await standInFor(
      'docker',
      `echo '{"ServerErrors":["Cannot connect to the Docker daemon at unix:///var/run/docker.sock."]}'; exit 1`,
    );
    const error = await refusal(readEngine());
    expect(error.exitCode).toBe(4);
    expect(error.message).toBe('no Docker engine answers');
    expect(error.output).toContain('Cannot connect to the Docker daemon');
    expect(error.hint).toContain('systemctl start docker');
  });

  test('knows when only the right to use it is missing', async () => {
    await standInFor('docker', `echo 'permission denied while trying to connect' >&2; exit 1`);
    expect((await refusal(readEngine())).hint).toContain('docker group');
  });

  test('says that docker is not installed', async () => {
    vi.stubEnv('PATH', '/nowhere');
    const error = await refusal(readEngine());
    vi.unstubAllEnvs();
    expect(error.failure).toBe('environment');
    expect(error.message).toBe('docker is not installed or not on PATH');
  });
});

describe('docker', () => {
  test('gives the output', async () => {
    await standInFor('docker', 'echo out; echo err >&2');
    expect(await docker(['version'])).toBe('out\n');
  });

  test('names the command that failed and shows its end', async () => {
    await standInFor('docker', 'echo "no such network" >&2; exit 1');
    const error = await refusal(docker(['network', 'inspect', 'secret-name']));
    expect(error).toMatchObject({
      failure: 'environment',
      message: 'docker network inspect failed',
      output: 'no such network\n',
    });
  });

  test('does not wait for an engine that hangs', async () => {
    await standInFor('docker', 'exec sleep 60');
    const error = await refusal(docker(['ps'], { timeoutMs: 200 }));
    expect(error.message).toBe('docker ps failed: no answer');
  });

  test('an interruption is none of the engine’s failures', async () => {
    await standInFor('docker', 'exec sleep 60');
    const reason = new Error('stopped');
    const controller = new AbortController();
    const call = docker(['ps'], { signal: controller.signal });
    controller.abort(reason);
    await expect(call).rejects.toBe(reason);
  });
});

describe('inspectLocalImage', () => {
  const IMAGE = {
    Id: 'sha256:1',
    Os: 'linux',
    Architecture: 'arm',
    Variant: 'v7',
    Size: 1234,
    RootFS: { Layers: ['sha256:2', 'sha256:3'] },
    Config: {
      Labels: { 'io.hass.arch': 'armv7' },
      User: 'example',
      ExposedPorts: { '8000/tcp': {} },
      Healthcheck: {
        Test: ['CMD', 'curl'],
        Interval: 5_000_000_000,
        StartPeriod: 1_500_000_000,
        Retries: 3,
      },
    },
  };

  test('reads what the tests need', async () => {
    await dockerPrints([IMAGE]);
    expect(await inspectLocalImage('local/x:1')).toEqual({
      id: 'sha256:1',
      os: 'linux',
      architecture: 'arm',
      variant: 'v7',
      labels: { 'io.hass.arch': 'armv7' },
      user: 'example',
      exposedPorts: ['8000/tcp'],
      healthcheck: { intervalMs: 5000, startPeriodMs: 1500, retries: 3 },
      sizeBytes: 1234,
      diffIds: ['sha256:2', 'sha256:3'],
    });
  });

  test('does without everything that an image may lack', async () => {
    await dockerPrints([{ Id: 'sha256:1', Os: 'linux', Architecture: 'amd64', Variant: '' }]);
    expect(await inspectLocalImage('local/x:1')).toEqual({
      id: 'sha256:1',
      os: 'linux',
      architecture: 'amd64',
      variant: undefined,
      labels: {},
      user: '',
      exposedPorts: [],
      healthcheck: undefined,
      sizeBytes: 0,
      diffIds: [],
    });
  });

  test.each([[['NONE']], [[]]])('takes HEALTHCHECK %j for none', async (Test) => {
    await dockerPrints([{ ...IMAGE, Config: { Labels: null, Healthcheck: { Test } } }]);
    expect((await inspectLocalImage('local/x:1'))?.healthcheck).toBeUndefined();
  });

  test('a missing image is no failure, a missing engine is', async () => {
    await standInFor('docker', 'echo "Error: No such image: local/x:1" >&2; exit 1');
    expect(await inspectLocalImage('local/x:1')).toBeUndefined();
    await standInFor('docker', 'echo "Cannot connect" >&2; exit 1');
    expect((await refusal(inspectLocalImage('local/x:1'))).failure).toBe('environment');
  });
});

describe('readUnpackedBytes', () => {
  test('adds the layers up', async () => {
    await dockerPrints('0\n109\n119861284\n0\n');
    expect(await readUnpackedBytes('sha256:1')).toBe(119_861_393);
  });

  test.each(['', '0\n0\n', 'nonsense\n'])('knows nothing from %j', async (output) => {
    await dockerPrints(output);
    expect(await readUnpackedBytes('sha256:1')).toBeUndefined();
  });
});
