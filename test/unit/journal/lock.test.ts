import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { acquireLock, SILENT_MS } from '../../../src/journal/lock.js';

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

const TARGET = 'ghcr.io/owner/example';

/** As if nothing had been heard of the holder for so long. */
async function silence(file: string, ms: number): Promise<void> {
  const then = new Date(Date.now() - ms);
  await utimes(file, then, then);
}

test('that of another machine is held as long as something is heard of it', async () => {
  const folder = await makeFolder();
  const { file } = await acquireLock(folder, TARGET, 'release of example 1.0.0');
  // A process that this machine does not have.
  const other = {
    pid: 2 ** 22 + 1,
    started: '1',
    place: 'builder',
    what: 'release of example 1.0.0',
  };
  await writeFile(file, JSON.stringify(other));
  await silence(file, SILENT_MS - 10_000);
  await expect(acquireLock(folder, TARGET, 'another')).rejects.toMatchObject({
    message: expect.stringContaining(`(process ${other.pid} on builder)`) as unknown,
    hint: expect.stringContaining('its lock is free 2 minutes later') as unknown,
  });
  await silence(file, SILENT_MS + 10_000);
  const lock = await acquireLock(folder, TARGET, 'release of example 1.0.1');
  await lock.release();
  expect(await readdir(folder)).toEqual([]);
});

test('shows again and again that it is held, and says the same all the time', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  const folder = await makeFolder();
  const { file, release } = await acquireLock(folder, TARGET, 'release of example 1.0.0');
  const text = await readFile(file, 'utf8');
  await silence(file, SILENT_MS);
  vi.advanceTimersByTime(SILENT_MS / 2);
  await vi.waitFor(async () => {
    expect(Date.now() - (await stat(file)).mtimeMs).toBeLessThan(SILENT_MS / 2);
  });
  expect(await readFile(file, 'utf8')).toBe(text);
  await release();
  expect(vi.getTimerCount()).toBe(0);
});

test('what somebody else has taken over is not given back', async () => {
  const folder = await makeFolder();
  const lock = await acquireLock(folder, TARGET, 'release of example 1.0.0');
  await writeFile(lock.file, JSON.stringify({ pid: 7, started: '1', place: 'builder', what: 'x' }));
  await lock.release();
  expect(await readFile(lock.file, 'utf8')).toContain('builder');
});
