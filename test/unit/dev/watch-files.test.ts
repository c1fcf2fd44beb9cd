import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseIgnoreRules } from '../../../src/dev/ignore-rules.js';
import { listChanges, takeSnapshot } from '../../../src/dev/tree-snapshot.js';
import { watchFiles, type FileWatch } from '../../../src/dev/watch-files.js';

let root: string;
let folder: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'addon-release-watch-'));
  folder = join(root, 'addon');
  await mkdir(join(folder, 'rootfs/etc'), { recursive: true });
  await mkdir(join(folder, 'node_modules/x'), { recursive: true });
  await writeFile(join(folder, 'Dockerfile'), 'FROM scratch\n');
  await writeFile(join(folder, 'rootfs/etc/run'), 'one');
  await writeFile(join(folder, 'node_modules/x/index.js'), '');
});

afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

describe('a snapshot', () => {
  const take = (ignore = '', others: readonly string[] = []) =>
    takeSnapshot(folder, parseIgnoreRules(ignore), others);

  test('holds the files that matter and the folders they may be in', async () => {
    const build = join(root, 'build.yaml');
    await writeFile(build, '');
    await symlink('/nowhere', join(folder, 'rootfs/link'));
    const { files, folders } = await take('', [build, join(root, 'missing.yaml')]);
    expect([...files.keys()].sort()).toEqual([
      build,
      'Dockerfile',
      'rootfs/etc/run',
      'rootfs/link',
    ]);
    expect([...folders.keys()].sort()).toEqual([
      folder,
      join(folder, 'rootfs'),
      join(folder, 'rootfs/etc'),
    ]);
  });

  test('tells what was added, changed and removed', async () => {
    const before = await take();
    expect(listChanges(before, await take())).toEqual([]);
    await writeFile(join(folder, 'rootfs/etc/run'), 'other');
    await writeFile(join(folder, 'a'), '');
    await rm(join(folder, 'Dockerfile'));
    expect(listChanges(before, await take())).toEqual(['Dockerfile', 'a', 'rootfs/etc/run']);
  });

  test('is empty where there is no folder', async () => {
    await rm(folder, { recursive: true });
    const { files, folders } = await take();
    expect([files.size, folders.size]).toEqual([0, 0]);
  });
});

describe('watching', () => {
  let watch: FileWatch;
  let seen: string[][];
  let wake: () => void;

  beforeEach(async () => {
    seen = [];
    wake = () => undefined;
    await writeFile(join(root, 'build.yaml'), 'a: 1');
    watch = await watchFiles({
      folder,
      dockerfile: () => join(folder, 'Dockerfile'),
      others: () => [join(root, 'build.yaml')],
      onChange: (paths) => {
        seen.push([...paths]);
        wake();
      },
    });
  });

  afterEach(() => {
    watch.close();
  });

  /** All paths that were reported, once `path` is one of them. */
  async function until(path: string): Promise<readonly string[]> {
    while (!seen.flat().includes(path)) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    return [...new Set(seen.flat())].sort();
  }

  test('tells of changed files in old and new folders', async () => {
    await writeFile(join(folder, 'rootfs/etc/run'), 'another');
    await until('rootfs/etc/run');
    await mkdir(join(folder, 'new/deep'), { recursive: true });
    await writeFile(join(folder, 'new/deep/file'), '1');
    await until('new/deep/file');
    seen.length = 0;
    await writeFile(join(folder, 'new/deep/file'), '22');
    expect(await until('new/deep/file')).toEqual(['new/deep/file']);
  });

  test('tells of a file that an editor replaces, not of its temporary one', async () => {
    await writeFile(join(folder, 'rootfs/etc/.run.swp'), 'x');
    await writeFile(join(folder, 'rootfs/etc/run~'), 'saved');
    await rename(join(folder, 'rootfs/etc/run~'), join(folder, 'rootfs/etc/run'));
    expect(await until('rootfs/etc/run')).toEqual(['rootfs/etc/run']);
  });

  test('goes on in a folder that was removed and made again', async () => {
    await rm(join(folder, 'rootfs'), { recursive: true });
    await mkdir(join(folder, 'rootfs/etc'), { recursive: true });
    await writeFile(join(folder, 'rootfs/etc/run'), 'made again');
    await until('rootfs/etc/run');
    seen.length = 0;
    await writeFile(join(folder, 'rootfs/etc/run'), 'and changed');
    expect(await until('rootfs/etc/run')).toEqual(['rootfs/etc/run']);
  });

  test('tells of files elsewhere, and follows changed rules', async () => {
    await writeFile(join(root, 'unrelated.yaml'), '');
    await writeFile(join(root, 'build.yaml'), 'a: 22');
    expect(await until(join(root, 'build.yaml'))).toEqual([join(root, 'build.yaml')]);
    seen.length = 0;
    await writeFile(join(folder, '.dockerignore'), 'rootfs\n');
    expect(await until('.dockerignore')).toEqual(['.dockerignore', 'rootfs/etc/run']);
    seen.length = 0;
    await writeFile(join(folder, 'rootfs/etc/run'), 'nobody looks');
    await writeFile(join(folder, 'last'), '');
    expect(await until('last')).toEqual(['last']);
  });

  test('an ignore file of the Dockerfile wins', async () => {
    await writeFile(join(folder, '.dockerignore'), 'rootfs\n');
    await writeFile(join(folder, 'Dockerfile.dockerignore'), '*.log\n');
    await until('Dockerfile.dockerignore');
    seen.length = 0;
    await writeFile(join(folder, 'a.log'), '');
    await writeFile(join(folder, 'rootfs/etc/run'), 'seen');
    expect(await until('rootfs/etc/run')).not.toContain('a.log');
  });
});
