import type { FailureClass } from '../errors.js';
import type { ArchOutcome, PushedImage, Results } from './results.js';

/** How far a run got. `running` in a journal whose process is gone: it was killed. */
export type RunStatus = 'running' | 'finished' | 'failed' | 'interrupted';

/** One step as it went, last attempt. Times are milliseconds; `startedAt` is ISO 8601. */
export interface RecordedStep {
  readonly id: string;
  readonly title: string;
  readonly status: 'running' | 'finished' | 'skipped' | 'failed';
  readonly startedAt: string;
  readonly durationMs?: number | undefined;
  /** What came of it, why it was skipped, or why it failed. */
  readonly note?: string | undefined;
}

/** Something that was changed outside this machine's own working files. */
export interface RecordedWrite {
  readonly at: string;
  readonly kind:
    | 'push'
    | 'tag'
    | 'delete'
    | 'file'
    | 'commit'
    | 'git-tag'
    | 'git-push'
    | 'pull-request'
    | 'github';
  readonly target: string;
  readonly detail: string;
}

/** One process that worked on the run. */
export interface RecordedAttempt {
  readonly startedAt: string;
  readonly pid: number;
  /** Tell it from a later process of the same number, and from those of other machines. */
  readonly started?: string | undefined;
  readonly place?: string | undefined;
  readonly endedAt?: string | undefined;
  readonly exitCode?: number | undefined;
}

/** What was asked for, so that the same can be asked for again. */
export interface RecordedCommand {
  readonly name: string;
  readonly args: readonly string[];
  readonly flags: Readonly<Record<string, unknown>>;
  readonly workingDirectory: string;
}

/** Results that are kept, by the id of their step. */
export type RecordedResults = Partial<
  Pick<
    Results,
    | 'sources'
    | 'plan'
    | 'existing'
    | 'candidates'
    | 'pushed'
    | 'index'
    | 'signed'
    | 'versioned'
    | 'verified'
    | 'moved'
    | 'store'
    | 'retag'
    | 'restored'
  >
>;

/** The journal of one run: everything that is needed to continue it, go back, or tell about it later. */
export interface Journal {
  readonly schemaVersion: 1;
  /** The name of the run's folder. */
  readonly run: string;
  readonly tool: string;
  readonly command: RecordedCommand;
  readonly status: RunStatus;
  readonly error?:
    | {
        readonly class: FailureClass | 'internal';
        readonly message: string;
        readonly hint?: string | undefined;
      }
    | undefined;
  readonly attempts: readonly RecordedAttempt[];
  readonly steps: readonly RecordedStep[];
  /** Architectures and images as soon as each is done; the step's result comes when all are. */
  readonly tested: readonly ArchOutcome[];
  readonly pushed: readonly PushedImage[];
  readonly results: RecordedResults;
  readonly writes: readonly RecordedWrite[];
}

/** Where steps record what they have done. */
export interface RunJournal {
  /** What an earlier attempt at the same run had recorded. */
  readonly previous: Journal | undefined;
  /** What came of a step; a result that is kept is written down with it. */
  readonly step: (step: RecordedStep, result?: unknown) => Promise<void>;
  readonly tested: (outcome: ArchOutcome) => Promise<void>;
  readonly pushed: (image: PushedImage) => Promise<void>;
  readonly wrote: (write: Omit<RecordedWrite, 'at'>) => Promise<void>;
}

const nothing = (): Promise<void> => Promise.resolve();

/** For what is neither continued nor reported later. */
export const NO_JOURNAL: RunJournal = {
  previous: undefined,
  step: nothing,
  tested: nothing,
  pushed: nothing,
  wrote: nothing,
};
