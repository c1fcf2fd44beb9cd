import { vi } from 'vitest';
import type { Arch } from '../../../src/addon/arch.js';
import type { Phase, PhaseProgress, RunEvent } from '../../../src/report/events.js';
import type { Reporter } from '../../../src/report/reporter.js';
import {
  createTerminalReporter,
  type TerminalReporterOptions,
} from '../../../src/report/terminal.js';
import { TerminalEmulator } from './terminal-emulator.js';

export const started = (arch: Arch, phase: Phase = 'build'): RunEvent => ({
  type: 'phase-started',
  arch,
  phase,
});
export const progress = (arch: Arch, value: PhaseProgress, phase: Phase = 'build'): RunEvent => ({
  type: 'phase-progress',
  arch,
  phase,
  progress: value,
});
export const finished = (
  arch: Arch,
  phase: Phase,
  durationMs: number,
  summary: string,
  outcome: 'passed' | 'failed' | 'cancelled' = 'passed',
): RunEvent => ({ type: 'phase-finished', arch, phase, outcome, durationMs, summary });

export interface Run {
  readonly terminal: TerminalEmulator;
  readonly reporter: Reporter;
  /** Emits the events, then lets time pass until they are drawn. */
  readonly play: (...events: readonly RunEvent[]) => Promise<void>;
  /** Lets time pass. */
  readonly wait: (ms: number) => Promise<void>;
  /** What can be seen, with every spinner shown as "*". */
  readonly look: () => readonly string[];
}

/** A terminal reporter on an emulated terminal, driven by fake timers. */
export function startRun(
  columns: number,
  rows: number,
  options: Partial<TerminalReporterOptions> = {},
): Run {
  const terminal = new TerminalEmulator(columns, rows);
  const reporter = createTerminalReporter({
    stream: terminal,
    guarded: [],
    color: false,
    unicode: true,
    verbose: false,
    now: Date.now,
    ...options,
  });
  const wait = async (ms: number): Promise<void> => {
    await vi.advanceTimersByTimeAsync(ms);
  };
  return {
    terminal,
    reporter,
    wait,
    async play(...events) {
      for (const event of events) reporter.emit(event);
      await wait(100);
    },
    look: () => terminal.lines.map((line) => line.replace(/[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]/g, '*')),
  };
}
