import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createTerminalReporter } from '../../../src/report/terminal.js';
import { TerminalEmulator } from './terminal-emulator.js';
import { finished, progress, startRun, started } from './terminal-run.js';

beforeEach(() => {
  vi.useFakeTimers({ now: 1_700_000_000_000 });
});

afterEach(() => {
  vi.useRealTimers();
});

describe('createTerminalReporter on its stream', () => {
  it('leaves no trace of the tree when the terminal is resized', async () => {
    const { play, wait, look, reporter, terminal } = startRun(80, 24);
    await play(
      { type: 'notice', level: 'info', message: 'before' },
      { type: 'step-started', step: 'build', title: 'Build' },
      progress('aarch64', { current: 'builder 3/5 RUN make', done: 7, total: 14 }),
      progress('armv7', { current: 'builder 1/5 FROM base', done: 1, total: 14 }),
    );
    terminal.resize(40, 24);
    await wait(100);
    expect(look()).toEqual([
      'note: before',
      '* Build                             0 s',
      '  * aarch64 build  builder 3/5 RU…  0 s',
      '  * armv7   build  builder 1/5 FR…  0 s',
    ]);
    terminal.resize(100, 10);
    await wait(100);
    expect(look()).toEqual([
      'note: before',
      `* Build${' '.repeat(89)}0 s`,
      `  * aarch64 build  builder 3/5 RUN make${' '.repeat(51)}7/14  0 s`,
      `  * armv7   build  builder 1/5 FROM base${' '.repeat(50)}1/14  0 s`,
    ]);
    await reporter.close();
  });

  it('keeps what others write off the tree', async () => {
    const other = new TerminalEmulator(80, 24);
    const foreign = { write: other.write.bind(other) };
    const terminal = new TerminalEmulator(80, 24);
    const reporter = createTerminalReporter({
      stream: terminal,
      guarded: [terminal, foreign],
      color: false,
      unicode: false,
      verbose: false,
      now: Date.now,
    });
    reporter.emit({ type: 'step-started', step: 'a', title: 'First' });
    await vi.advanceTimersByTimeAsync(100);
    foreign.write('a warning\nand the beg');
    terminal.write('an error\n');
    await vi.advanceTimersByTimeAsync(100);
    expect(terminal.lines).toEqual([
      'a warning',
      'an error',
      '- First                                                                     0 s',
    ]);
    reporter.emit({ type: 'step-finished', step: 'a', title: 'First', durationMs: 9 });
    await reporter.close();
    terminal.write('the result\n');
    expect(terminal.lines).toEqual([
      'a warning',
      'an error',
      '+ First                                                                    9 ms',
      'and the beg',
      'the result',
    ]);
    expect(other.lines).toEqual([]);
  });

  it('writes nothing to the terminal for a run without events', async () => {
    const { reporter, terminal, wait } = startRun(80, 24);
    await wait(1_000);
    await reporter.close();
    expect(terminal.written).toEqual([]);
  });

  it('writes only the lines that changed', async () => {
    const { play, wait, reporter, terminal } = startRun(80, 24);
    await play(
      { type: 'step-started', step: 'build', title: 'Build' },
      finished('aarch64', 'build', 1_000, 'a long summary that does not change'),
      started('amd64'),
    );
    terminal.written.length = 0;
    await wait(100);
    expect(terminal.written).toHaveLength(1);
    expect(terminal.written[0]).not.toContain('a long summary');
    await reporter.close();
  });

  it('ignores events after it was closed', async () => {
    const { play, reporter, terminal } = startRun(80, 24);
    await reporter.close();
    await play({ type: 'step-started', step: 'late', title: 'Late' });
    expect(terminal.written).toEqual([]);
  });
});
