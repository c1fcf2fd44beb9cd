import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Arch } from '../../../src/addon/arch.js';
import { listJournals } from '../../../src/journal/read.js';
import { findLastTimes } from '../../../src/steps/last-times.js';
import { samplePlan } from '../../helpers/sample-plan.js';
import { writeSampleRun } from '../../helpers/sample-run.js';

const PLAN = samplePlan({ arches: ['amd64', 'aarch64'] });

async function makeRunsFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'last-times-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

async function find(folder: string, plan = PLAN): Promise<readonly string[]> {
  const own = join(folder, '5-own');
  const times = await findLastTimes(
    await listJournals(folder),
    plan,
    ['build', 'smoke', 'push'],
    own,
  );
  return times.map(({ arch, phase, durationMs }) => `${arch} ${phase} ${durationMs}`).sort();
}

async function writePhase(run: string, arch: Arch, outcome: string, durationMs: number) {
  const event = { at: '2026-01-31T10:15:00Z', type: 'phase-finished', arch, phase: 'build' };
  const line = JSON.stringify({ ...event, outcome, durationMs, summary: '' });
  await writeFile(join(run, 'events.jsonl'), `${line}\n{"at":"2026`);
}

test('each phase has the time of the newest run of the add-on in which it passed', async () => {
  const folder = await makeRunsFolder();
  await writeSampleRun(join(folder, '1-first'));
  await writePhase(await writeSampleRun(join(folder, '2-second')), 'amd64', 'passed', 4000);
  await writePhase(await writeSampleRun(join(folder, '3-third')), 'aarch64', 'failed', 9000);
  await writePhase(await writeSampleRun(join(folder, '5-own')), 'aarch64', 'passed', 1);
  expect(await find(folder)).toEqual([
    'aarch64 build 8000',
    'aarch64 push 2000',
    'aarch64 smoke 6000',
    'amd64 build 4000',
    'amd64 push 2000',
    'amd64 smoke 6000',
  ]);
});

test('runs of other add-ons, damaged ones and those without a plan tell nothing', async () => {
  const folder = await makeRunsFolder();
  const damaged = await writeSampleRun(join(folder, '1-damaged'));
  await writeFile(join(damaged, 'journal.json'), '{"schemaVersion": 1, "res');
  await writeSampleRun(join(folder, '2-unplanned'), { journal: { results: {} } });
  expect(await find(folder)).toEqual([]);
  await writeSampleRun(join(folder, '3-good'));
  expect(await find(folder, { ...PLAN, folder: '/elsewhere' })).toEqual([]);
  expect(await find(folder)).toHaveLength(6);
  expect(await find(join(folder, 'missing'))).toEqual([]);
});
