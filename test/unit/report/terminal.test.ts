import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { registerSecret } from '../../../src/exec/redact.js';
import type { RunEvent } from '../../../src/report/events.js';
import { measureWidth } from '../../../src/report/format.js';
import { finished, progress, startRun, started } from './terminal-run.js';

beforeEach(() => {
  vi.useFakeTimers({ now: 1_700_000_000_000 });
});

afterEach(() => {
  vi.useRealTimers();
});

describe('createTerminalReporter', () => {
  it('shows a line per step, and one per architecture and phase, in 80 columns', async () => {
    const { play, wait, look, reporter, terminal } = startRun(80, 24);
    await play({ type: 'step-started', step: 'build', title: 'Build and test' });
    await play(started('aarch64'), started('amd64'));
    await wait(41_000);
    await play(
      progress('aarch64', {
        current: 'builder 3/5 RUN make',
        done: 7,
        total: 14,
        bytes: 12_100_000,
        totalBytes: 61_200_000,
      }),
      finished('amd64', 'build', 4_700, '14 steps, 12 cached'),
      started('amd64', 'smoke'),
      progress('amd64', { current: 'becomes healthy' }, 'smoke'),
    );
    expect(look()).toEqual([
      '* Build and test                                                           41 s',
      '  * aarch64 build  builder 3/5 RUN make             12.1 MB/61.2 MB  7/14  41 s',
      '  ✔ amd64   build  14 steps, 12 cached                                    4.7 s',
      '  * amd64   smoke  becomes healthy                                          0 s',
    ]);
    expect(terminal.cursorVisible).toBe(false);

    await play(
      finished('aarch64', 'build', 50_000, '14 steps'),
      finished('amd64', 'smoke', 2_000, '9 checks passed'),
      {
        type: 'step-finished',
        step: 'build',
        title: 'Build and test',
        durationMs: 83_000,
        summary: '2 images',
      },
      { type: 'step-skipped', step: 'push', title: 'Push', reason: 'a dry run' },
      { type: 'step-started', step: 'verify', title: 'Verify' },
    );
    const ended = [
      '✔ Build and test  2 images                                               1m 23s',
      '  ✔ aarch64 build  14 steps                                                50 s',
      '  ✔ amd64   build  14 steps, 12 cached                                    4.7 s',
      '  ✔ amd64   smoke  9 checks passed                                        2.0 s',
      '↓ Push  skipped: a dry run',
    ];
    expect(look()).toEqual([
      ...ended,
      '* Verify                                                                    0 s',
    ]);
    await reporter.close();
    expect(look()).toEqual([
      ...ended,
      '■ Verify  stopped                                                        100 ms',
    ]);
    expect(terminal.cursorVisible).toBe(true);
  });

  it('shows how long each phase took last time, whenever that is found out', async () => {
    const { play, wait, look, reporter } = startRun(80, 24);
    const working = { current: 'builder 3/5 RUN make', done: 7, total: 14 };
    await play(
      { type: 'step-started', step: 'build', title: 'Build' },
      started('amd64'),
      progress('amd64', working),
      {
        type: 'last-times',
        times: [
          { arch: 'amd64', phase: 'build', durationMs: 48_000 },
          { arch: 'amd64', phase: 'smoke', durationMs: 83_000 },
        ],
      },
      started('aarch64'),
    );
    await wait(12_000);
    expect(look()).toEqual([
      '* Build                                                                    12 s',
      '  * amd64   build  builder 3/5 RUN make            7/14  12 s  (last time 48 s)',
      '  * aarch64 build                                                          12 s',
    ]);
    await play(
      progress('amd64', { ...working, bytes: 12_100_000, totalBytes: 61_200_000 }),
      finished('aarch64', 'build', 9_000, 'built'),
      started('amd64', 'smoke'),
    );
    expect(look()).toEqual([
      '* Build                                                                    12 s',
      '  * amd64   build  builder 3/5…   12.1 MB/61.2 MB  7/14  12 s  (last time 48 s)',
      '  ✔ aarch64 build  built                                                  9.0 s',
      '  * amd64   smoke                                       0 s  (last time 1m 23s)',
    ]);
    await reporter.close();
  });

  it('stays within 40 columns, where counters give way to the instruction', async () => {
    const { play, look, terminal, reporter } = startRun(40, 24);
    await play(
      { type: 'step-started', step: 'build', title: 'Build every architecture of the add-on' },
      started('aarch64'),
      progress('aarch64', {
        current: 'builder 3/5 RUN make 日本語',
        done: 7,
        total: 14,
        bytes: 12_100_000,
      }),
    );
    expect(look()).toEqual([
      '* Build every architecture of t…  0 s',
      '  * aarch64 build  builder 3/5 RU…  0 s',
    ]);
    expect(terminal.lines.every((line) => measureWidth(line) < 40)).toBe(true);
    await reporter.close();
  });

  it('shows the whole message of what failed', async () => {
    const { play, look, reporter } = startRun(60, 24);
    await play(
      { type: 'step-started', step: 'build', title: 'Build' },
      finished(
        'armv7',
        'build',
        41_000,
        'builder 3/5 RUN make: "/bin/sh -c make" did not complete: exit code 2',
        'failed',
      ),
      finished('amd64', 'build', 41_000, '', 'cancelled'),
      finished('aarch64', 'build', 41_000, 'exit code 1', 'failed'),
      {
        type: 'step-failed',
        step: 'build',
        title: 'Build',
        durationMs: 42_000,
        message: '2 of 3 images did not build\nsee their logs',
      },
    );
    await reporter.close();
    expect(look()).toEqual([
      '✖ Build                                                42 s',
      '  2 of 3 images did not build',
      '  see their logs',
      '  ✖ armv7   build                                      41 s',
      '    builder 3/5 RUN make: "/bin/sh -c make" did not',
      '    complete: exit code 2',
      '  ■ amd64   build  stopped                             41 s',
      '  ✖ aarch64 build  exit code 1                         41 s',
    ]);
  });

  it('keeps notices above the tree, in the order of time', async () => {
    const { play, look, reporter } = startRun(80, 24);
    await play(
      { type: 'step-started', step: 'a', title: 'First' },
      { type: 'notice', level: 'warning', message: 'little space\nfree some' },
    );
    await play({ type: 'notice', level: 'info', message: `${'seven '.repeat(20)}end` });
    await play({ type: 'step-finished', step: 'a', title: 'First', durationMs: 100 });
    await play(
      { type: 'step-started', step: 'b', title: 'Second' },
      { type: 'notice', level: 'info', message: 'pulled from a mirror' },
      { type: 'log', arch: 'amd64', phase: 'build', line: 'not shown' },
    );
    expect(look()).toEqual([
      'warning: little space',
      '  free some',
      'note: seven seven seven seven seven seven seven seven seven seven seven seven',
      '  seven seven seven seven seven seven seven seven end',
      '✔ First                                                                  100 ms',
      'note: pulled from a mirror',
      '* Second                                                                    0 s',
    ]);
    await reporter.close();
  });

  it('prints every log line above the tree when verbose, free of escapes and secrets', async () => {
    registerSecret('terminal-secret');
    const { play, look, reporter } = startRun(80, 24, { verbose: true });
    const line = (text: string): RunEvent => ({
      type: 'log',
      arch: 'armv7',
      phase: 'build',
      line: text,
    });
    await play(
      { type: 'step-started', step: 'build', title: 'Build' },
      line('\u001b[2J\u001b[31mcc -c a.c\u001b[0m'),
      line('token terminal-secret'),
    );
    expect(look()).toEqual([
      '[armv7] build | cc -c a.c',
      '[armv7] build | token ***',
      '* Build                                                                     0 s',
    ]);
    await reporter.close();
  });

  it('fits five architectures into six lines: what succeeded gives way first', async () => {
    const { play, look, reporter, terminal } = startRun(80, 6);
    await play(
      { type: 'step-started', step: 'build', title: 'Build' },
      finished('aarch64', 'build', 1_000, 'a'),
      finished('amd64', 'build', 1_000, 'b'),
      finished('armhf', 'build', 1_000, 'exit code 2', 'failed'),
      started('armv7'),
      started('i386'),
      started('aarch64', 'smoke'),
    );
    const live = look();
    expect(live.map((line) => line.trim().replace(/\s+\S+ s$/, ''))).toEqual([
      '* Build',
      '✖ armhf   build  exit code 2',
      '* armv7   build',
      '* i386    build',
      '(2 finished, 1 more)',
    ]);
    expect(terminal.scrolledLines).toBe(0);
    await reporter.close();
    expect(look().map((line) => line.trim().replace(/\s+\S+ m?s$/, ''))).toEqual([
      '■ Build  stopped',
      '✔ aarch64 build  a',
      '✔ amd64   build  b',
      '✖ armhf   build  exit code 2',
      '■ armv7   build  stopped',
      '■ i386    build  stopped',
      '■ aarch64 smoke  stopped',
    ]);
  });

  it('shows phases that outlive their step, and phases without one', async () => {
    const { play, look, reporter } = startRun(80, 24);
    await play(
      { type: 'step-started', step: 'build', title: 'Build' },
      finished('amd64', 'build', 1_000, 'built'),
      started('amd64', 'smoke'),
      { type: 'step-finished', step: 'build', title: 'Build', durationMs: 1_000 },
    );
    expect(look()).toEqual([
      '✔ Build                                                                   1.0 s',
      '  ✔ amd64   build  built                                                  1.0 s',
      '  * amd64   smoke                                                           0 s',
    ]);
    await play(
      { type: 'step-started', step: 'push', title: 'Push' },
      { type: 'step-started', step: 'other', title: 'Other' },
      started('amd64', 'push'),
      finished('amd64', 'smoke', 3_000, 'passed'),
    );
    expect(look()).toEqual([
      '✔ Build                                                                   1.0 s',
      '  ✔ amd64   build  built                                                  1.0 s',
      '  ✔ amd64   smoke  passed                                                 3.0 s',
      '* Push                                                                      0 s',
      '  * amd64   push                                                            0 s',
      '* Other                                                                     0 s',
    ]);
    await reporter.close();
  });

  it('colours icons and failures, and only where colour is wanted', async () => {
    const events: readonly RunEvent[] = [
      { type: 'notice', level: 'warning', message: 'odd' },
      { type: 'step-failed', step: 'a', title: 'First', durationMs: 9, message: 'bad' },
    ];
    const plain = startRun(80, 24);
    await plain.play(...events);
    await plain.reporter.close();
    expect(plain.terminal.written.join('')).not.toMatch(/\[\d+m/);

    const coloured = startRun(80, 24, { color: true });
    await coloured.play(...events);
    await coloured.reporter.close();
    const text = coloured.terminal.written.join('');
    expect(text).toContain('\u001b[33mwarning:\u001b[39m odd');
    expect(text).toContain('\u001b[31m✖\u001b[39m \u001b[1mFirst\u001b[22m');
    expect(coloured.look()).toEqual(plain.look());
  });

  it('shows phases of a run without steps', async () => {
    const { play, look, reporter } = startRun(80, 24);
    await play(started('amd64'), started('armv7'), finished('amd64', 'build', 1_000, 'built'));
    expect(look()).toEqual([
      '  ✔ amd64   build  built                                                  1.0 s',
      '  * armv7   build                                                           0 s',
    ]);
    await play(finished('armv7', 'build', 2_000, 'built'));
    await play(started('amd64', 'smoke'));
    expect(look()).toEqual([
      '  ✔ amd64   build  built                                                  1.0 s',
      '  ✔ armv7   build  built                                                  2.0 s',
      '  * amd64   smoke                                                           0 s',
    ]);
    await reporter.close();
  });
});
