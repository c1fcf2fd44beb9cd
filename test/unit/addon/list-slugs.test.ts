import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { listSlugs } from '../../../src/addon/list-slugs.js';

async function repository(files: Readonly<Record<string, string>>): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'slugs-'));
  onTestFinished(() => rm(root, { recursive: true }));
  for (const [name, text] of Object.entries(files)) {
    const file = join(root, name);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }
  return root;
}

function config(slug: string): string {
  return `version: 1.0.0\nslug: ${slug}\n`;
}

test('finds every add-on, each once, in the order of the folders', async () => {
  const root = await repository({
    'b/config.yml': config('second'),
    'a/config.yaml': config('first'),
    'group/c/config.json': '{"version": "1", "slug": "third"}',
    'z/config.yaml': config('first'),
  });
  expect(await listSlugs(root)).toEqual(['first', 'second', 'third']);
});

test('leaves out what the store leaves out', async () => {
  const root = await repository({
    'a/config.yaml': config('only'),
    'a/rootfs/etc/config.yaml': config('inside'),
    '.github/config.yaml': config('hidden'),
    'app/config.json': '{"port": 80}',
    'broken/config.yaml': 'version: [',
    'number/config.yaml': 'version: 1\nslug: 12\n',
  });
  expect(await listSlugs(root)).toEqual(['only']);
});

test('an add-on at the root counts', async () => {
  expect(await listSlugs(await repository({ 'config.yaml': config('root') }))).toEqual(['root']);
});
