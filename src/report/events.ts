import type { Arch } from '../addon/arch.js';
import type { Problem } from '../problem.js';
import type { RunFact } from './facts.js';

export type Phase = 'build' | 'smoke' | 'push';

/** What is known about an architecture's running phase, for one line of a progress display. */
export interface PhaseProgress {
  /** The current instruction or check, one line: "builder 3/5 RUN make". */
  readonly current: string;
  /** Finished steps of all known steps. */
  readonly done?: number;
  readonly total?: number;
  readonly cached?: number;
  /** Bytes moved so far by the current step, and how many there are. */
  readonly bytes?: number;
  readonly totalBytes?: number;
}

/** How long a phase took when it passed the last time. */
export interface LastTime {
  readonly arch: Arch;
  readonly phase: Phase;
  readonly durationMs: number;
}

/**
 * Everything that a run tells while it runs. Reporters draw it; nothing else writes to the terminal. Times are
 * milliseconds, and every text is free of secrets.
 *
 * A phase is shown under the running step that has the phase's name as its `step`, else under the one that started
 * last. It may outlive that step.
 */
export type RunEvent =
  | { readonly type: 'step-started'; readonly step: string; readonly title: string }
  | {
      readonly type: 'step-skipped';
      readonly step: string;
      readonly title: string;
      readonly reason: string;
    }
  | {
      readonly type: 'step-finished';
      readonly step: string;
      readonly title: string;
      readonly durationMs: number;
      /** One line about the result: "3 images", "already published". */
      readonly summary?: string;
    }
  | {
      readonly type: 'step-failed';
      readonly step: string;
      readonly title: string;
      readonly durationMs: number;
      readonly message: string;
      /** The findings behind the message, for displays that can point at a file and line. */
      readonly problems?: readonly Problem[];
    }
  /** What is known of earlier runs; phases of which nothing is known are missing. */
  | { readonly type: 'last-times'; readonly times: readonly LastTime[] }
  | { readonly type: 'phase-started'; readonly arch: Arch; readonly phase: Phase }
  | {
      readonly type: 'phase-progress';
      readonly arch: Arch;
      readonly phase: Phase;
      readonly progress: PhaseProgress;
    }
  | {
      readonly type: 'phase-finished';
      readonly arch: Arch;
      readonly phase: Phase;
      readonly outcome: 'passed' | 'failed' | 'cancelled';
      readonly durationMs: number;
      readonly summary: string;
    }
  /** A line of a tool's or a container's output. Shown with --verbose; always in the architecture's log file. */
  | { readonly type: 'log'; readonly arch: Arch; readonly phase: Phase; readonly line: string }
  /** Something worth knowing that does not stop the run. */
  | { readonly type: 'notice'; readonly level: 'info' | 'warning'; readonly message: string }
  /** Never shown while the run runs: kept for its report. */
  | { readonly type: 'fact'; readonly fact: RunFact };

export type Emit = (event: RunEvent) => void;
