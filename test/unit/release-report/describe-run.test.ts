import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { describeRun } from '../../../src/release-report/describe-run.js';
import type { ReleaseReport } from '../../../src/release-report/model.js';
import { readRunFiles } from '../../../src/release-report/run-files.js';
import { sampleDigest } from '../../helpers/sample-candidate.js';
import {
  SAMPLE_START_MS,
  writeSampleRun,
  type SampleRunOptions,
} from '../../helpers/sample-run.js';

async function report(options: SampleRunOptions = {}): Promise<ReleaseReport> {
  const folder = await mkdtemp(join(tmpdir(), 'report-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return describeRun(await readRunFiles(await writeSampleRun(join(folder, 'run'), options)));
}

function at(seconds: number): string {
  return new Date(SAMPLE_START_MS + seconds * 1000).toISOString();
}

describe('a release', () => {
  test('is told with its names, digests, times and writes', async () => {
    const release = await report();
    expect(release).toMatchObject({
      run: 'run',
      command: 'release 1.2.3',
      outcome: 'published',
      durationMs: 20_000,
      addon: { slug: 'example', version: '1.2.3' },
      publication: {
        index: { digest: sampleDigest('2') },
        tags: ['ghcr.io/owner/example:1.2.3', 'ghcr.io/owner/example:latest'],
        existed: false,
      },
      notices: [{ level: 'warning', message: 'the cache is empty' }],
    });
    expect(release.writes.map(({ kind }) => kind)).toEqual(['push', 'tag']);
    expect(release.architectures.map(({ arch, outcome }) => [arch, outcome])).toEqual([
      ['amd64', 'published'],
      ['aarch64', 'published'],
    ]);
    expect(release.lint).toBeUndefined();
  });

  test('names files of the add-on as they are called in its folder, wherever that was', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'report-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const files = await readRunFiles(await writeSampleRun(join(folder, 'run')));
    const { plan } = files.journal.results;
    if (plan === undefined) throw new Error('the sample has no plan');
    const message = `${plan.folder}/config.yaml:11:5: "armv7" is deprecated`;
    const notice = { at: at(1), type: 'notice', level: 'warning', message } as const;
    const { notices } = describeRun({ ...files, events: [notice] });
    expect(notices).toEqual([
      { level: 'warning', message: 'config.yaml:11:5: "armv7" is deprecated' },
    ]);
  });

  test('has the time of each phase on one axis', async () => {
    const [amd64] = (await report()).architectures;
    expect(amd64?.spans).toEqual([
      { phase: 'build', startMs: 2000, durationMs: 8000, outcome: 'passed' },
      { phase: 'smoke', startMs: 10_000, durationMs: 6000, outcome: 'passed' },
      { phase: 'push', startMs: 16_000, durationMs: 2000, outcome: 'passed' },
      {
        phase: 'verify',
        what: 'ghcr.io/owner/example:1.2.3, as this machine',
        startMs: 18_000,
        durationMs: 700,
        outcome: 'passed',
      },
      {
        phase: 'verify',
        what: 'ghcr.io/owner/example:1.2.3, without a login',
        startMs: 18_700,
        durationMs: 700,
        outcome: 'passed',
      },
    ]);
    expect(amd64?.push).toEqual({ durationMs: 2000, sentBytes: 2_000_000, keptBytes: 30_000_000 });
    expect(amd64?.smoke?.checks.find(({ id }) => id === 'ready')?.startMs).toBe(11_000);
  });

  test('tells cached, native and emulated instructions apart', async () => {
    const release = await report();
    const steps = release.architectures.map(({ build }) =>
      build?.steps.map(({ label, cached, emulated }) => [label, cached, emulated]),
    );
    expect(steps).toEqual([
      [
        ['builder 2/3', false, false],
        ['stage-1 2/4', true, false],
        ['stage-1 3/4', false, false],
        ['', false, false],
      ],
      [
        ['builder 2/3', false, false],
        ['stage-1 2/4', true, false],
        ['stage-1 3/4', false, true],
        ['', false, false],
      ],
    ]);
    expect(release.slowest[0]).toEqual({
      arch: 'amd64',
      phase: 'build',
      what: 'RUN make',
      durationMs: 5000,
    });
  });

  test('compares its size with the release before, by layer and folder', async () => {
    const [amd64] = (
      await report({
        arches: ['amd64'],
        facts: [
          {
            kind: 'previous',
            arch: 'amd64',
            previous: {
              version: '1.2.2',
              origin: 'run',
              compressedBytes: 31_000_000,
              layers: [
                {
                  diffId: sampleDigest('a'),
                  createdBy: 'ADD rootfs.tar /',
                  compressedBytes: 30_000_000,
                },
                {
                  diffId: sampleDigest('f'),
                  createdBy: 'RUN |1 BUILD_ARCH=other /bin/sh -c apt-get install jq # buildkit',
                  compressedBytes: 1_000_000,
                },
              ],
              folders: [
                { path: '/usr/bin', bytes: 4_000_000 },
                { path: '/opt', bytes: 500 },
              ],
            },
          },
        ],
      })
    ).architectures;
    expect(amd64?.size?.previous).toMatchObject({ version: '1.2.2', compressedBytes: 31_000_000 });
    expect(
      amd64?.size?.layers.map(({ instruction, base, unchanged, previousCompressedBytes }) => [
        instruction,
        base,
        unchanged,
        previousCompressedBytes,
      ]),
    ).toEqual([
      ['ADD rootfs.tar /', true, true, 30_000_000],
      ['RUN apt-get install jq', false, false, 1_000_000],
    ]);
    expect(amd64?.size?.folders).toEqual([
      { path: '/usr/bin', bytes: 5_000_000, previousBytes: 4_000_000 },
      { path: '/etc', bytes: 1_000_000, previousBytes: 0 },
      { path: '/opt', bytes: 0, previousBytes: 500 },
    ]);
  });
});

describe('a run that', () => {
  test('was resumed leaves out the pause', async () => {
    const release = await report({
      arches: ['amd64'],
      facts: [
        {
          kind: 'verification',
          arch: 'amd64',
          reference: 'ghcr.io/owner/example:1.2.3',
          login: false,
          passed: false,
          startedAt: at(3605),
          durationMs: 1000,
        },
      ],
      journal: {
        attempts: [
          { startedAt: at(0), pid: 1, endedAt: at(15), exitCode: 7 },
          { startedAt: at(3600), pid: 2, endedAt: at(3610), exitCode: 0 },
        ],
        steps: [
          {
            id: 'verified',
            title: 'Verify',
            status: 'finished',
            startedAt: at(3605),
            durationMs: 1000,
          },
        ],
      },
    });
    expect(release.durationMs).toBe(25_000);
    expect(release.attempts.map(({ durationMs, exitCode }) => [durationMs, exitCode])).toEqual([
      [15_000, 7],
      [10_000, 0],
    ]);
    const spans = release.architectures[0]?.spans ?? [];
    // The first attempt ended in the middle of the smoke test.
    expect(spans.map(({ phase, startMs, outcome }) => [phase, startMs, outcome])).toEqual([
      ['build', 2000, 'passed'],
      ['smoke', 10_000, 'passed'],
      ['push', 15_000, 'cancelled'],
      ['verify', 20_000, 'failed'],
    ]);
  });

  test('failed says why, and that nothing was published', async () => {
    const failure = { class: 'smoke', message: 'the image failed', hint: 'Look.' } as const;
    const release = await report({
      arches: ['amd64'],
      checks: [
        { id: 'ready', title: 'comes up', outcome: 'failed', evidence: 'ended', durationMs: 9 },
      ],
      journal: { status: 'failed', error: failure, pushed: [], results: {}, writes: [] },
    });
    expect(release).toMatchObject({ outcome: 'failed', failure, architectures: [], writes: [] });
    expect(release.publication).toBeUndefined();
    expect(release.addon).toBeUndefined();
  });

  test('was killed is unfinished, and lasted until the last thing that is known of it', async () => {
    const release = await report({
      journal: {
        status: 'running',
        attempts: [{ startedAt: at(0), pid: 1 }],
        results: {},
      },
    });
    expect(release.outcome).toBe('unfinished');
    expect(release.durationMs).toBe(19_500);
  });

  test('has no journal is no run', async () => {
    await expect(readRunFiles('/nowhere/at/all')).rejects.toMatchObject({ failure: 'usage' });
  });
});
