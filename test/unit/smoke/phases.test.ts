import { expect, test } from 'vitest';
import { PhaseClock } from '../../../src/smoke/phases.js';

test('times are added up by phase, also of what fails', async () => {
  const clock = new PhaseClock();
  clock.add('environment', 1_200.4);
  expect(await clock.time('install', () => Promise.resolve('done'))).toBe('done');
  await expect(clock.time('install', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  clock.add('stop', 100);
  clock.add('stop', 50);
  const phases = clock.list();
  expect(phases.map(({ name }) => name)).toEqual(['environment', 'install', 'stop']);
  expect(phases[0]?.durationMs).toBe(1_200);
  expect(phases[1]?.durationMs).toBeLessThan(1_000);
  expect(phases[2]?.durationMs).toBe(150);
});
