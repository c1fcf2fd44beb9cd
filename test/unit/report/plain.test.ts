import { describe, expect, it } from 'vitest';
import { registerSecret } from '../../../src/exec/redact.js';
import type { RunEvent } from '../../../src/report/events.js';
import type { LogGroupStyle } from '../../../src/report/log-groups.js';
import { createPlainReporter } from '../../../src/report/plain.js';

interface Options {
  readonly verbose?: boolean;
  readonly quiet?: boolean;
  readonly logGroups?: LogGroupStyle;
}

async function report(
  events: readonly RunEvent[],
  options: Options = {},
): Promise<readonly string[]> {
  let output = '';
  const reporter = createPlainReporter({
    write: (text) => {
      output += text;
    },
    verbose: false,
    quiet: false,
    logGroups: 'none',
    now: () => 1_700_000_000_900,
    ...options,
  });
  for (const event of events) reporter.emit(event);
  await reporter.close();
  expect(output === '' || output.endsWith('\n')).toBe(true);
  return output.split('\n').slice(0, -1);
}

const progress = (current: string, done: number): RunEvent => ({
  type: 'phase-progress',
  arch: 'aarch64',
  phase: 'build',
  progress: { current, done, total: 14, bytes: done * 1000 },
});

const EVENTS: readonly RunEvent[] = [
  { type: 'step-started', step: 'build', title: 'Build images' },
  { type: 'phase-started', arch: 'aarch64', phase: 'build' },
  progress('builder 2/5 RUN apt-get', 1),
  progress('builder 3/5 RUN make', 2),
  progress('builder 3/5 RUN make', 2),
  { type: 'log', arch: 'aarch64', phase: 'build', line: '\u001b[32mcc -c a.c\u001b[0m' },
  progress('builder 2/5 RUN apt-get', 3),
  {
    type: 'phase-finished',
    arch: 'aarch64',
    phase: 'build',
    outcome: 'passed',
    durationMs: 83_000,
    summary: '14 steps, 12 cached',
  },
  { type: 'notice', level: 'info', message: 'armv7 is built by emulation' },
  { type: 'notice', level: 'warning', message: '100% of the disk is used\nfree some' },
  {
    type: 'phase-finished',
    arch: 'armv7',
    phase: 'build',
    outcome: 'failed',
    durationMs: 41_000,
    summary: 'builder 3/5 RUN make: exit code 2',
  },
  {
    type: 'phase-finished',
    arch: 'amd64',
    phase: 'build',
    outcome: 'cancelled',
    durationMs: 900,
    summary: '',
  },
  {
    type: 'step-failed',
    step: 'build',
    title: 'Build images',
    durationMs: 84_000,
    message: '1 of 3 images did not build',
    problems: [
      {
        severity: 'error',
        message: 'RUN make failed: exit code 2',
        file: 'addon/Dockerfile',
        line: 12,
        column: 1,
        hint: 'See logs/armv7-build.log',
      },
      { severity: 'warning', message: 'no position, 50%', line: 3 },
    ],
  },
  { type: 'step-skipped', step: 'push', title: 'Push images', reason: 'a dry run' },
  { type: 'step-started', step: 'verify', title: 'Verify' },
  { type: 'step-finished', step: 'verify', title: 'Verify', durationMs: 850, summary: '3 images' },
  { type: 'step-finished', step: 'other', title: 'Tidy up', durationMs: 5 },
];

describe('createPlainReporter', () => {
  it('says how long a phase took last time, where that is known', async () => {
    const lines = await report([
      { type: 'last-times', times: [{ arch: 'aarch64', phase: 'build', durationMs: 48_000 }] },
      { type: 'phase-started', arch: 'aarch64', phase: 'build' },
      { type: 'phase-started', arch: 'amd64', phase: 'build' },
    ]);
    expect(lines).toEqual(['[aarch64] build: started (last time 48 s)', '[amd64] build: started']);
  });

  it('writes one line per event, and progress only when an instruction is new', async () => {
    expect(await report(EVENTS)).toEqual([
      'Build images: started',
      '[aarch64] build: started',
      '[aarch64] build: builder 2/5 RUN apt-get',
      '[aarch64] build: builder 3/5 RUN make',
      '[aarch64] build: passed in 1m 23s: 14 steps, 12 cached',
      'note: armv7 is built by emulation',
      'warning: 100% of the disk is used',
      '  free some',
      '[armv7] build: failed after 41 s: builder 3/5 RUN make: exit code 2',
      '[amd64] build: cancelled after 900 ms',
      'Build images: failed after 1m 24s: 1 of 3 images did not build',
      'Push images: skipped: a dry run',
      'Verify: started',
      'Verify: done in 850 ms: 3 images',
      'Tidy up: done in 5 ms',
    ]);
  });

  it('adds every log line, without escapes, when verbose', async () => {
    const lines = await report(EVENTS, { verbose: true });
    expect(lines.filter((line) => line.includes('|'))).toEqual(['[aarch64] build | cc -c a.c']);
  });

  it('shows warnings and failed phases alone when quiet, even with verbose', async () => {
    expect(await report(EVENTS, { quiet: true, verbose: true })).toEqual([
      'warning: 100% of the disk is used',
      '  free some',
      '[armv7] build: failed after 41 s: builder 3/5 RUN make: exit code 2',
    ]);
  });

  it('shows an instruction again in a later run of the same phase', async () => {
    const finished: RunEvent = {
      type: 'phase-finished',
      arch: 'aarch64',
      phase: 'build',
      outcome: 'passed',
      durationMs: 1,
      summary: '',
    };
    expect(await report([progress('RUN make', 1), finished, progress('RUN make', 1)])).toEqual([
      '[aarch64] build: RUN make',
      '[aarch64] build: passed in 1 ms',
      '[aarch64] build: RUN make',
    ]);
  });

  it('folds steps and annotates failures on GitHub', async () => {
    expect(await report(EVENTS, { logGroups: 'github' })).toEqual([
      '::group::Build images',
      '[aarch64] build: started',
      '[aarch64] build: builder 2/5 RUN apt-get',
      '[aarch64] build: builder 3/5 RUN make',
      '[aarch64] build: passed in 1m 23s: 14 steps, 12 cached',
      'note: armv7 is built by emulation',
      '::warning::100%25 of the disk is used%0Afree some',
      '[armv7] build: failed after 41 s: builder 3/5 RUN make: exit code 2',
      '[amd64] build: cancelled after 900 ms',
      '::endgroup::',
      'Build images: failed after 1m 24s: 1 of 3 images did not build',
      '::error title=Build images,file=addon/Dockerfile,line=12,col=1::RUN make failed: exit code 2%0ASee logs/armv7-build.log',
      '::warning title=Build images::no position, 50%25',
      'Push images: skipped: a dry run',
      '::group::Verify',
      '::endgroup::',
      'Verify: done in 850 ms: 3 images',
      'Tidy up: done in 5 ms',
    ]);
  });

  it('annotates the message of a failure without findings', async () => {
    const failed: RunEvent = {
      type: 'step-failed',
      step: 'push',
      title: 'Push: all, at once',
      durationMs: 10,
      message: 'denied\nlog in first',
    };
    expect(await report([failed], { logGroups: 'github', quiet: true })).toEqual([
      '::error title=Push%3A all%2C at once::denied%0Alog in first',
    ]);
  });

  it('keeps at most one group open, and closes it at the end', async () => {
    const events: readonly RunEvent[] = [
      { type: 'step-started', step: 'a', title: 'A' },
      { type: 'step-started', step: 'b', title: 'B' },
      { type: 'step-finished', step: 'a', title: 'A', durationMs: 1 },
    ];
    expect(await report(events, { logGroups: 'github' })).toEqual([
      '::group::A',
      '::endgroup::',
      '::group::B',
      'A: done in 1 ms',
      '::endgroup::',
    ]);
  });

  it('marks sections for GitLab', async () => {
    const events: readonly RunEvent[] = [
      { type: 'step-started', step: 'build images', title: 'Build images' },
      { type: 'notice', level: 'warning', message: 'slow' },
      { type: 'step-finished', step: 'build images', title: 'Build images', durationMs: 1 },
    ];
    expect(await report(events, { logGroups: 'gitlab' })).toEqual([
      '\u001b[0Ksection_start:1700000000:build_images_1\r\u001b[0KBuild images',
      'warning: slow',
      '\u001b[0Ksection_end:1700000000:build_images_1\r\u001b[0K',
      'Build images: done in 1 ms',
    ]);
  });

  it('lets no output pass for a workflow command', async () => {
    const events: readonly RunEvent[] = [
      { type: 'log', arch: 'amd64', phase: 'smoke', line: '::set-env name=A::b' },
      { type: 'log', arch: 'amd64', phase: 'smoke', line: 'x ##[set-env name=A]b' },
      {
        type: 'step-failed',
        step: 's',
        title: '::stop-commands::x',
        durationMs: 1,
        message: 'a\n ::error::b',
      },
    ];
    expect(await report(events, { logGroups: 'github', verbose: true })).toEqual([
      '[amd64] smoke | ::set-env name=A::b',
      '[amd64] smoke | x ## [set-env name=A]b',
      ': :stop-commands::x: failed after 1 ms: a',
      '   : :error::b',
      '::error title=%3A%3Astop-commands%3A%3Ax::a%0A ::error::b',
    ]);
  });

  it('removes secrets before it escapes them', async () => {
    registerSecret('100%:secret,word');
    const failed: RunEvent = {
      type: 'step-failed',
      step: 'push',
      title: 'Push 100%:secret,word',
      durationMs: 1,
      message: 'denied for 100%:secret,word',
    };
    expect(await report([failed], { logGroups: 'github' })).toEqual([
      'Push ***: failed after 1 ms: denied for ***',
      '::error title=Push ***::denied for ***',
    ]);
  });

  it('never shows a secret', async () => {
    registerSecret('plain-reporter-secret');
    const events: readonly RunEvent[] = [
      { type: 'notice', level: 'warning', message: 'token plain-reporter-secret' },
      { type: 'log', arch: 'amd64', phase: 'push', line: 'https://me:hunter22@example.org/' },
    ];
    expect(await report(events, { verbose: true })).toEqual([
      'warning: token ***',
      '[amd64] push | https://me:***@example.org/',
    ]);
  });
});
