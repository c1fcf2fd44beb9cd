import { mkdir, mkdtemp, readdir, readFile, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import type { InitFlags } from '../../../src/cli/commands/init.js';
import { runInit } from '../../../src/cli/runs/init.js';
import { lintPaths } from '../../../src/lint/lint.js';

let root: string;

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'addon-release-init-')));
  onTestFinished(() => rm(root, { recursive: true }));
});

function init(flags: InitFlags) {
  const { signal } = new AbortController();
  const context = { workingDirectory: root, environment: {}, signal };
  return runInit({ command: 'init', args: [], flags: { yes: true, ...flags } }, context);
}

const NEW: InitFlags = { name: 'My "own": add-on', slug: 'own', image: 'ghcr.io/me/own' };

test('a new add-on lints clean and has its workflows', async () => {
  const { text } = await init(NEW);
  expect(text).toContain('written      own/config.yaml');
  expect(text).toContain('.github/workflows/release.yaml');
  const { addons, findings } = await lintPaths([root]);
  expect(addons).toEqual([join(root, 'own')]);
  expect(findings.map(({ rule, message }) => `${rule.id}: ${message}`)).toEqual([]);
  const { mode } = await stat(join(root, 'own/rootfs/etc/services.d/own/run'));
  expect(mode & 0o111).not.toBe(0);
});

test('a second one joins the repository', async () => {
  await init(NEW);
  const before = await readFile(join(root, 'repository.yaml'), 'utf8');
  const { text } = await init({ ...NEW, slug: 'other', image: 'ghcr.io/me/other' });
  expect(text).toContain('written      other/config.yaml');
  // The workflows know one add-on, and may have been changed.
  expect(text).toContain('kept         workflows are there already');
  expect(await readFile(join(root, 'repository.yaml'), 'utf8')).toBe(before);
});

test('an existing one gets what is missing, and nothing is overwritten', async () => {
  await mkdir(join(root, 'addon'));
  const config =
    'name: A\nversion: "2.0.0"\nslug: a\ndescription: A\narch: [amd64]\nimage: ghcr.io/me/a\n';
  await writeFile(join(root, 'addon/config.yaml'), config);
  await writeFile(join(root, 'addon/Dockerfile'), 'FROM debian:12\n');
  await init({});
  expect((await readdir(join(root, 'addon'))).sort()).toEqual([
    ...['CHANGELOG.md', 'Dockerfile', 'config.yaml'],
  ]);
  expect(await readFile(join(root, 'addon/CHANGELOG.md'), 'utf8')).toContain('## 2.0.0');
  expect(await readdir(join(root, '.github/workflows'))).toHaveLength(3);
  await writeFile(join(root, 'addon/CHANGELOG.md'), 'mine\n');
  await init({});
  expect(await readFile(join(root, 'addon/CHANGELOG.md'), 'utf8')).toBe('mine\n');
  expect(await readFile(join(root, 'addon/config.yaml'), 'utf8')).toBe(config);
});

test.each([
  ['a new add-on', () => Promise.resolve(NEW)],
  [
    'a second one',
    async () => {
      await init(NEW);
      return { ...NEW, slug: 'other' };
    },
  ],
  [
    'an add-on that is there',
    async () => {
      await init({ ...NEW, ci: false });
      return {};
    },
  ],
])('the preview for %s names every file that is written then', async (_name, prepare) => {
  const flags = await prepare();
  const before = await readdir(root, { recursive: true, withFileTypes: true });
  const preview = await init({ ...flags, dryRun: true });
  const { json } = await init(flags);
  expect(preview.json['files']).toEqual(json['files']);
  const after = await readdir(root, { recursive: true, withFileTypes: true });
  const count = (entries: typeof after) => entries.filter((entry) => entry.isFile()).length;
  expect(json['files']).toHaveLength(count(after) - count(before));
});

test('says so when nothing is missing', async () => {
  await init(NEW);
  expect((await init({ dryRun: true })).text).toBe('Nothing is missing.');
  expect(await init({})).toMatchObject({ text: 'Nothing is missing.', json: { files: [] } });
});

test('a preview and a refusal write nothing', async () => {
  expect((await init({ ...NEW, dryRun: true })).text).toContain('would write  own/config.yaml');
  const bad: readonly InitFlags[] = [
    {},
    { name: 'A' },
    { ...NEW, slug: '../x' },
    { ...NEW, image: 'UPPER/x' },
    { ...NEW, arch: ['mips'] },
    { ...NEW, base: 'a\nRUN x' },
    { ...NEW, url: 'example.org' },
  ];
  for (const flags of bad) await expect(init(flags)).rejects.toMatchObject({ failure: 'usage' });
  expect(await readdir(root)).toEqual([]);
});
