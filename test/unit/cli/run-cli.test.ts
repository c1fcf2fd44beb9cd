import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { runCli } from '../../../src/cli/run-cli.js';

interface Run {
  readonly exitCode: number;
  readonly out: string;
  readonly err: string;
}

/** Runs the program in this process, in an empty folder, with a PATH that has no tools. */
async function cli(
  argv: readonly string[],
  files: Readonly<Record<string, string>> = {},
): Promise<Run> {
  const folder = await mkdtemp(join(tmpdir(), 'cli-'));
  onTestFinished(async () => {
    vi.restoreAllMocks();
    vi.unstubAllEnvs();
    await rm(folder, { recursive: true });
  });
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  vi.stubEnv('PATH', folder);
  vi.stubEnv('ADDON_RELEASE_STATE', join(folder, 'state'));
  vi.stubEnv('CI', '');
  vi.spyOn(process, 'cwd').mockReturnValue(folder);
  let out = '';
  let err = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += String(text);
    return true;
  });
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    err += String(text);
    return true;
  });
  const listeners = process.listenerCount('SIGINT') + process.listenerCount('SIGTERM');
  const exitCode = await runCli([...argv], () => {
    throw new Error('ended at once');
  });
  vi.restoreAllMocks();
  expect(process.listenerCount('SIGINT') + process.listenerCount('SIGTERM')).toBe(listeners);
  expect(err).not.toMatch(/^\s+at .*:\d+:\d+/m);
  return { exitCode, out: out.replaceAll(folder, '.'), err: err.replaceAll(folder, '.') };
}

const CONFIG = `name: Example
version: 1.2.3
slug: example
description: Says hello
arch: [amd64, aarch64]
image: ghcr.io/owner/{arch}-example
`;

describe('exit codes', () => {
  test.each([
    [['--help'], 0],
    [['--version'], 0],
    [['build', '--help'], 0],
    [['help'], 0],
    [['help', 'build'], 0],
    [['--nonsense'], 2],
    [['build', 'one', 'two'], 2],
    [[], 2],
    [['build', '--arch=mips'], 2],
    [['1.2.3', '--multi', '--base-mirror=x'], 2],
  ])('%j gives %i', async (argv, code) => {
    expect((await cli(argv)).exitCode).toBe(code);
  });

  test('no add-on', async () => {
    const { exitCode, err } = await cli(['build']);
    expect(exitCode).toBe(2);
    expect(err).toContain('--addon');
  });

  test('an add-on with errors: all of them, each with its place', async () => {
    const config = CONFIG.replace('Says hello', '[]').replace('slug: example', 'slug: "a b"');
    const { exitCode, out, err } = await cli(['build'], {
      'config.yaml': config,
      Dockerfile: 'FROM a\n',
    });
    expect(exitCode).toBe(3);
    expect(out).toBe('');
    expect(err).toMatch(/config\.yaml:3/);
    expect(err).toMatch(/config\.yaml:4/);
  });

  test('no engine', async () => {
    const { exitCode, err } = await cli(['build'], {
      'config.yaml': CONFIG,
      Dockerfile: 'FROM a:1\n',
    });
    expect(exitCode).toBe(4);
    expect(err).toContain('docker is not installed');
  });
});

describe('--dry-run', () => {
  const FILES = { 'config.yaml': CONFIG, Dockerfile: 'FROM debian:12\n' };

  test('prints the plan, also without an engine', async () => {
    const { exitCode, out, err } = await cli(['1.2.4', '--multi', '--dry-run'], FILES);
    expect(err).toContain('no Docker engine answers');
    expect(exitCode).toBe(0);
    expect(out).toContain('ghcr.io/owner/aarch64-example:1.2.4');
    expect(out).toContain('version: 1.2.3 → 1.2.4');
    expect(out.trimEnd().endsWith('Nothing was written.')).toBe(true);
  });

  test('prints it as data with --json, alone on standard output', async () => {
    const { exitCode, out } = await cli(['1.2.4', '--multi', '--dry-run', '--json'], FILES);
    expect(exitCode).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      schemaVersion: 1,
      command: 'release',
      ok: true,
      exitCode: 0,
      plan: { version: '1.2.4', architectures: [{ arch: 'amd64' }, { arch: 'aarch64' }] },
    });
  });

  test('refuses what it could not do', async () => {
    const bad = { ...FILES, Dockerfile: 'ARG BUILD_FROM\nFROM $BUILD_FROM\n' };
    const { exitCode, out } = await cli(['1.2.4', '--multi', '--dry-run', '--json'], bad);
    expect(exitCode).toBe(3);
    expect(JSON.parse(out)).toMatchObject({
      ok: false,
      exitCode: 3,
      error: {
        problems: [
          { file: './Dockerfile', line: 2, column: 6 },
          { file: './Dockerfile', line: 2, column: 6 },
        ],
      },
    });
  });

  test('refuses a bad version', async () => {
    const { exitCode, err } = await cli(['1.0.0+build', '--multi', '--dry-run'], FILES);
    expect(exitCode).toBe(2);
    expect(err).toContain(`"+" is not allowed in tags`);
  });
});
