import { expect, test } from 'vitest';
import { proposeLimits } from '../../../src/smoke/propose-limits.js';
import type { CheckResult, MeasuredUsage } from '../../../src/smoke/report.js';

const MIB = 1024 * 1024;

function check(usage?: MeasuredUsage): CheckResult {
  const common = { id: 'resources', title: 'memory', evidence: '', durationMs: 1 };
  return { ...common, outcome: 'passed', ...(usage === undefined ? {} : { usage }) };
}

const used = (mib: number, cpuSeconds: number, upSeconds: number): CheckResult =>
  check({ peakBytes: mib * MIB, cpuSeconds, upSeconds });

test.each([
  // One and a half times the memory in steps of 32 MiB, twice the average processor time in steps of a quarter.
  [[used(10, 0.1, 10)], { memory: '32M', cpus: '0.25' }],
  [[used(61, 1, 10)], { memory: '96M', cpus: '0.25' }],
  [[used(64, 5, 10)], { memory: '96M', cpus: '1.00' }],
  [[used(65, 5.1, 10)], { memory: '128M', cpus: '1.25' }],
  // Each from the run that used most of it.
  [[used(20, 9, 10), used(200, 1, 10)], { memory: '320M', cpus: '2.00' }],
  // A run that ended within a moment says little about its average.
  [[used(20, 0.2, 0.1)], { memory: '32M', cpus: '0.50' }],
])('%#: what was used decides', (checks, limits) => {
  expect(proposeLimits(checks)).toMatchObject(limits);
});

test('where nothing was measured nothing is proposed', () => {
  expect(proposeLimits([check()])).toBeUndefined();
});
