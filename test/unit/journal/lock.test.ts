import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { acquireLock } from '../../../src/journal/lock.js';

async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'locks-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return join(folder, 'locks');
}

/** The number of a process that has ended. */
async function deadProcess(): Promise<number> {
  const child = spawn(process.execPath, ['-e', '']);
  await once(child, 'exit');
  return child.pid ?? 0;
}

test('one at a time, and the next one when it is given back', async () => {
  const folder = await makeFolder();
  const lock = await acquireLock(folder, 'ghcr.io/owner/example', 'release of example 1.0.0');
  await expect(acquireLock(folder, 'ghcr.io/owner/example', 'another')).rejects.toMatchObject({
    failure: 'environment',
    message: `ghcr.io/owner/example is being published to already: release of example 1.0.0 (process ${process.pid})`,
  });
  await lock.release();
  const next = await acquireLock(folder, 'ghcr.io/owner/example', 'release of example 1.0.1');
  await next.release();
  expect(await readdir(folder)).toEqual([]);
});

test('other targets do not wait', async () => {
  const folder = await makeFolder();
  await acquireLock(folder, 'ghcr.io/owner/one', 'release of one 1.0.0');
  const other = await acquireLock(folder, 'ghcr.io/owner/other', 'release of other 1.0.0');
  expect(other.file).toContain(folder);
});

test.each([
  ['a killed process', async () => ({ pid: await deadProcess(), started: '1', what: 'x' })],
  [
    'a process whose number another one has now',
    () => Promise.resolve({ pid: process.pid, started: '1', what: 'x' }),
  ],
  ['nobody that can be read', () => Promise.resolve('half a')],
])('that of %s is taken over', async (_name, holder) => {
  const folder = await makeFolder();
  const first = await acquireLock(folder, 'ghcr.io/owner/example', 'release of example 1.0.0');
  const content = await holder();
  await writeFile(first.file, typeof content === 'string' ? content : JSON.stringify(content));
  const lock = await acquireLock(folder, 'ghcr.io/owner/example', 'release of example 1.0.1');
  await expect(acquireLock(folder, 'ghcr.io/owner/example', 'third')).rejects.toThrow('1.0.1');
  await lock.release();
  expect(await readdir(folder)).toEqual([]);
});
