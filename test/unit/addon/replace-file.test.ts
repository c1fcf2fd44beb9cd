import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { run } from '../../../src/exec/run.js';
import { isUnfinishedFile, replaceFile } from '../../../src/addon/replace-file.js';

async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'replace-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

test('a file keeps its rights, and nothing is left beside it', async () => {
  const folder = await makeFolder();
  const file = join(folder, 'config.yaml');
  await writeFile(file, 'old\n');
  await chmod(file, 0o640);
  await replaceFile(file, 'new\n');
  expect(await readFile(file, 'utf8')).toBe('new\n');
  expect((await stat(file)).mode & 0o777).toBe(0o640);
  expect(await readdir(folder)).toEqual(['config.yaml']);
});

test('a new file is made with its folder', async () => {
  const file = join(await makeFolder(), 'translations/de.yaml');
  await replaceFile(file, 'new\n');
  expect(await readFile(file, 'utf8')).toBe('new\n');
});

test('a link stays one', async () => {
  const folder = await makeFolder();
  await mkdir(join(folder, 'real'));
  await writeFile(join(folder, 'real/config.yaml'), 'old\n');
  const link = join(folder, 'config.yaml');
  await symlink('real/config.yaml', link);
  await replaceFile(link, 'new\n');
  expect(await readlink(link)).toBe('real/config.yaml');
  expect(await readFile(join(folder, 'real/config.yaml'), 'utf8')).toBe('new\n');
});

test('what a process that is gone left behind is removed, what another one writes is not', async () => {
  const folder = await makeFolder();
  const file = join(folder, 'config.yaml');
  await writeFile(file, 'old\n');
  const gone = await run(process.execPath, ['-p', 'process.pid']);
  const left = `.config.yaml.${gone.stdout.trim()}.addon-release`;
  const other = `.config.yaml.${process.ppid}.addon-release`;
  for (const name of [left, other, '.config.yaml.backup']) await writeFile(join(folder, name), '');
  expect([left, other, '.config.yaml.backup'].map(isUnfinishedFile)).toEqual([true, true, false]);
  await replaceFile(file, 'new\n');
  expect((await readdir(folder)).sort()).toEqual(
    ['.config.yaml.backup', other, 'config.yaml'].sort(),
  );
});

test('a file that cannot be written is as it was', async () => {
  const folder = await makeFolder();
  const file = join(folder, 'config.yaml');
  await mkdir(file);
  await expect(replaceFile(file, 'new\n')).rejects.toThrow();
  expect(await readdir(folder)).toEqual(['config.yaml']);
});
