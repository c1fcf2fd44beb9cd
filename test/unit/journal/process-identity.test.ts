import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { findProcess, identifyProcess } from '../../../src/journal/process-identity.js';

describe.each(['linux', 'darwin'] as const)('as %s tells it', (platform) => {
  test('knows itself from a process that had its number before, and from others elsewhere', async () => {
    const real = process.platform;
    Object.defineProperty(process, 'platform', { value: platform });
    onTestFinished(() => {
      Object.defineProperty(process, 'platform', { value: real });
    });
    const own = await identifyProcess();
    expect(own.started).toMatch(platform === 'linux' ? /^\d+$/ : /\d\d:\d\d:\d\d/);
    expect(await findProcess(own)).toBe('runs');
    expect(await findProcess({ pid: own.pid })).toBe('runs');
    expect(await findProcess({ ...own, started: 'another time' })).toBe('ended');
    expect(await findProcess({ ...own, pid: 2 ** 22 + 1 })).toBe('ended');
    expect(await findProcess({ ...own, place: 'another machine' })).toBe('unknown');
  });
});

test('does without the time where the system has no ps', async () => {
  const real = process.platform;
  Object.defineProperty(process, 'platform', { value: 'darwin' });
  vi.stubEnv('PATH', '/nowhere');
  onTestFinished(() => {
    Object.defineProperty(process, 'platform', { value: real });
    vi.unstubAllEnvs();
  });
  const own = await identifyProcess();
  expect(own.started).toBeUndefined();
  expect(await findProcess(own)).toBe('runs');
});
