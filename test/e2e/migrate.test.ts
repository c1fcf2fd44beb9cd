import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { run } from '../../src/exec/run.js';
import {
  BASE_MIRROR,
  BASE_REGISTRY,
  makeTemporaryFolder,
  runCli,
  type CliRun,
} from '../helpers/cli.js';
import { expectTidyEnd } from '../helpers/expect-run.js';
import { AUTHOR } from '../helpers/fixture-addon.js';
import { listLocalImages } from '../helpers/local-engine.js';

const FIXTURES = path.resolve(import.meta.dirname, '../fixtures/migrate');
const MIRRORS = [
  ...BASE_MIRROR,
  '--base-mirror',
  `ghcr.io/hassio-addons/debian-base:7.8.3=${BASE_REGISTRY}/home-assistant/base-debian:bookworm`,
];

async function git(folder: string, ...args: readonly string[]): Promise<string> {
  return (await run('git', ['-C', folder, ...args], { env: AUTHOR })).stdout.trim();
}

/** A layout in a git repository of its own. */
async function copyLayout(name: string): Promise<string> {
  const root = await makeTemporaryFolder(`migrate-${name}`);
  await cp(path.join(FIXTURES, name), root, { recursive: true });
  await git(root, 'init', '--quiet', '--initial-branch=main');
  await git(root, 'add', '--all');
  await git(root, 'commit', '--quiet', '--message=Start');
  return root;
}

interface Told {
  readonly written: boolean;
  readonly proofs: readonly {
    readonly arch: string;
    readonly paths: number;
    readonly differences: readonly { readonly what: string; readonly meant?: string }[];
  }[];
}

async function migrate(root: string, ...args: readonly string[]): Promise<CliRun & { told: Told }> {
  const end = await runCli(['migrate', ...MIRRORS, '--arch=amd64', '--json', ...args], {
    cwd: root,
  });
  return { ...end, told: JSON.parse(end.stdout) as Told };
}

async function expectCurrent(root: string, addon: string): Promise<void> {
  const again = await runCli(['migrate', '--no-proof'], { cwd: root });
  expect(again.stdout).toContain('Nothing is to be changed.');
  const names = await readdir(path.join(root, addon));
  expect(names.filter((name) => name.startsWith('build.'))).toEqual([]);
  expect(await readdir(path.join(root, '.github/workflows'))).toEqual(
    expect.arrayContaining(['release.yaml', 'test.yaml', 'verify.yaml']),
  );
  expect(await listLocalImages('local/*:migrate-*')).toEqual([]);
}

test('the official layout: shown first, then written, and both forms build the same', async () => {
  const root = await copyLayout('official');
  const shown = await runCli(['migrate', '--no-proof'], { cwd: root });
  await expectTidyEnd(shown, 0);
  expect(shown.stdout).toContain('+FROM ghcr.io/home-assistant/base-debian:bookworm');
  expect(shown.stdout).toContain('8 files would change');
  expect(await git(root, 'status', '--porcelain')).toBe('');

  const written = await migrate(root, '--write');
  await expectTidyEnd(written, 0);
  expect(written.told.written).toBe(true);
  expect(written.told.proofs).toMatchObject([{ arch: 'amd64', differences: [] }]);
  expect(written.told.proofs[0]?.paths).toBeGreaterThan(1000);
  expect(await readFile(path.join(root, 'broker/config.yaml'), 'utf8')).toMatch(
    /^# Comments stay where they are\.\n[\s\S]*^uart: true$[\s\S]*^image: ghcr\.io\/example\/addon-broker$/m,
  );
  await expectCurrent(root, 'broker');
});

test('the community layout: both forms build the same', async () => {
  const root = await copyLayout('community');
  const written = await migrate(root, '--write');
  await expectTidyEnd(written, 0);
  expect(written.told.proofs).toMatchObject([{ differences: [] }]);
  await expectCurrent(root, 'example');
});

test('the third-party layout: what differs in the images is what was meant', async () => {
  const root = await copyLayout('third-party');
  const written = await migrate(root, '--write');
  await expectTidyEnd(written, 0);
  expect(written.told.proofs[0]?.differences).toEqual([
    expect.objectContaining({ what: '/config.json', meant: 'a copy of config.json' }),
  ]);
  await expectCurrent(root, 'gallery');
});

test('nothing is written when the images differ, nor over uncommitted changes', async () => {
  const root = await copyLayout('official');
  const dockerfile = path.join(root, 'broker/Dockerfile');
  const text = await readFile(dockerfile, 'utf8');
  // The image knows the names of the files that it was built from.
  await writeFile(dockerfile, `${text}COPY . /src\nRUN ls /src > /names && rm -r /src\n`);
  const dirty = await migrate(root, '--write');
  await expectTidyEnd(dirty, 2);
  expect(dirty.stderr).toContain('--allow-dirty');

  const changes = await git(root, 'status', '--porcelain');
  const differing = await migrate(root, '--write', '--allow-dirty', '--only=build-file');
  await expectTidyEnd(differing, 8);
  expect(differing.told.written).toBe(false);
  expect(differing.told.proofs[0]?.differences).toEqual([
    expect.objectContaining({ what: '/names' }),
  ]);
  expect(differing.stderr).toContain('broker amd64: /names:');
  expect(await git(root, 'status', '--porcelain')).toBe(changes);
});
