import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { listReleases } from '../../../src/release-report/history.js';
import { renderHistory, sparkline } from '../../../src/release-report/history-text.js';
import { samplePlan } from '../../helpers/sample-plan.js';
import { SAMPLE_START_MS, writeSampleRun } from '../../helpers/sample-run.js';

const DAY_MS = 86_400_000;

async function makeRuns(): Promise<string> {
  const runs = await mkdtemp(join(tmpdir(), 'history-'));
  onTestFinished(() => rm(runs, { recursive: true }));
  const write = (name: string, day: number, version: string, compressedBytes: number, more = {}) =>
    writeSampleRun(join(runs, name), {
      arches: ['amd64'],
      version,
      compressedBytes,
      startMs: SAMPLE_START_MS + day * DAY_MS,
      journal: more,
    });
  await write('one/a', 0, '1.0.0', 30_000_000);
  await write('two/b', 2, '1.2.0', 33_000_000);
  await write('one/c', 1, '1.1.0', 30_000_000);
  return runs;
}

test('lists the releases of an add-on in their order, from all working directories', async () => {
  const runs = await makeRuns();
  const rows = await listReleases(runs, samplePlan().folder);
  expect(rows.map(({ version, outcome, durationMs }) => [version, outcome, durationMs])).toEqual([
    ['1.0.0', 'published', 20_000],
    ['1.1.0', 'published', 20_000],
    ['1.2.0', 'published', 20_000],
  ]);
  expect(rows[2]?.sizes).toEqual({
    amd64: { compressedBytes: 33_000_000, unpackedBytes: 90_000_000 },
  });
  expect(await listReleases(runs, '/another/add-on')).toEqual([]);
  expect(await listReleases('/nowhere', samplePlan().folder)).toEqual([]);
});

test('shows each against the one before, and the trend', async () => {
  const text = renderHistory(await listReleases(await makeRuns(), samplePlan().folder));
  expect(text.split('\n')).toEqual([
    'VERSION  DATE        RESULT     TIME  AMD64',
    '1.0.0    2026-01-31  published  20 s  30.0 MB',
    '1.1.0    2026-02-01  published  20 s  30.0 MB =',
    '1.2.0    2026-02-02  published  20 s  33.0 MB +10.0 %',
    '',
    'time   ▁▁▁  20 s → 20 s',
    'amd64  ▁▁█  30.0 MB → 33.0 MB, +10.0 %',
  ]);
});

test('draws values between the lowest and the highest', () => {
  expect(sparkline([1, 8, 4.5])).toBe('▁█▅');
  expect(sparkline([])).toBe('');
});
