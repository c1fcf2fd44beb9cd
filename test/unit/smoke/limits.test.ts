import { expect, test } from 'vitest';
import type { Engine } from '../../../src/engine/docker.js';
import { chooseLimits } from '../../../src/smoke/limits.js';
import type { SmokeLimits } from '../../../src/smoke/smoke-file.js';
import { candidateFor, NO_SMOKE_FILE } from './support.js';

const ENGINE: Engine = {
  version: '26.1.5',
  platform: 'linux/amd64',
  imageStore: 'containerd',
  cpus: 8,
  memoryBytes: 16e9,
  apparmor: false,
};

function choose(arch: 'amd64' | 'armv7', limits: Partial<SmokeLimits> = {}, cpus = 8) {
  const smoke = { ...NO_SMOKE_FILE, limits: { ...NO_SMOKE_FILE.limits, ...limits } };
  return chooseLimits(candidateFor(arch), { ...ENGINE, cpus }, smoke);
}

test('are the time that the Supervisor waits, a gibibyte and two processors', () => {
  expect(choose('amd64')).toEqual({
    memoryLimitBytes: 1024 ** 3,
    cpuLimit: 2,
    timeScale: 1,
    startTimeoutMs: 120_000,
  });
  expect(choose('amd64', {}, 1).cpuLimit).toBe(1);
});

test('are what smoke.yaml says', () => {
  const limits = { startSeconds: 1.5, memoryBytes: 64_000_000 };
  expect(choose('amd64', limits)).toMatchObject({
    startTimeoutMs: 1_500,
    memoryLimitBytes: 64_000_000,
  });
});

test('give emulated programs more time, but no more memory', () => {
  expect(choose('armv7')).toMatchObject({
    timeScale: 3,
    startTimeoutMs: 360_000,
    memoryLimitBytes: 1024 ** 3,
  });
  expect(choose('armv7', { startSeconds: 10 }).startTimeoutMs).toBe(30_000);
});
