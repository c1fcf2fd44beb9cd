import type { LastTime, RunEvent } from './events.js';
import { cleanLine, cleanLines } from './format.js';
import { Deferred, Mailbox } from './mailbox.js';
import { redact } from '../exec/redact.js';
import type { PhaseRow, RowEnd, StepRow } from './terminal-rows.js';

export type StepOutcome = 'done' | 'failed' | 'skipped' | 'stopped';
/** A phase that outlives its step is `moved`: it goes on under another. */
export type PhaseOutcome = 'passed' | 'failed' | 'cancelled' | 'moved';

type EventOf<Type extends RunEvent['type']> = Extract<RunEvent, { readonly type: Type }>;
type StepEvent = EventOf<'step-started' | 'step-skipped' | 'step-finished' | 'step-failed'>;
type PhaseEvent = EventOf<'phase-started' | 'phase-progress' | 'phase-finished'>;

export class TrackedPhase {
  row: PhaseRow;
  outcome: PhaseOutcome | undefined;
  readonly #ended = new Deferred<PhaseOutcome>();

  constructor(row: PhaseRow) {
    this.row = row;
  }

  /** Resolves when the phase ends, or goes on elsewhere. */
  get ended(): Promise<PhaseOutcome> {
    return this.#ended.promise;
  }

  end(outcome: PhaseOutcome, end?: RowEnd): void {
    this.outcome = outcome;
    this.row = { ...this.row, end };
    this.#ended.resolve(outcome);
  }
}

export class TrackedStep {
  row: StepRow;
  outcome: StepOutcome | undefined;
  /** The phases that ran under the step, each as it starts. */
  readonly phases = new Mailbox<TrackedPhase>();
  readonly running = new Map<string, TrackedPhase>();
  /** Undefined for a step that only holds phases without a step of their own. */
  readonly id: string | undefined;
  readonly #ended = new Deferred<StepOutcome>();

  constructor(id: string | undefined, row: StepRow) {
    this.id = id;
    this.row = row;
  }

  get ended(): Promise<StepOutcome> {
    return this.#ended.promise;
  }

  end(outcome: StepOutcome, end?: RowEnd): void {
    this.outcome = outcome;
    this.row = { ...this.row, end };
    this.phases.close();
    this.#ended.resolve(outcome);
  }
}

/**
 * Turns a run's events into steps with phases. A phase belongs to the open step that has the phase's name, else to
 * the one that started last; it may outlive it.
 */
export class RunTracker {
  /** Each step as it starts. */
  readonly steps = new Mailbox<TrackedStep>();
  readonly #open: TrackedStep[] = [];
  readonly #homes = new Map<string, TrackedStep>();
  readonly #lastTimes = new Map<string, number>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  handleStep(event: StepEvent): void {
    if (event.type === 'step-started') {
      this.#openStep(event.step, event.title, this.#now());
      return;
    }
    const durationMs = event.type === 'step-skipped' ? undefined : event.durationMs;
    const step =
      this.#open.findLast(({ id }) => id === event.step) ??
      this.#openStep(event.step, event.title, this.#now() - (durationMs ?? 0));
    const [outcome, detail] = describeStepEnd(event);
    this.#endStep(step, outcome, { durationMs, detail: cleanText(detail) });
  }

  handleLastTimes(times: readonly LastTime[]): void {
    for (const time of times) {
      const key = phaseKey(time);
      this.#lastTimes.set(key, time.durationMs);
      const phase = this.#homes.get(key)?.running.get(key);
      if (phase !== undefined) phase.row = { ...phase.row, lastMs: time.durationMs };
    }
  }

  handlePhase(event: PhaseEvent): void {
    const key = phaseKey(event);
    const phase = this.#homes.get(key)?.running.get(key) ?? this.#openPhase(event);
    if (event.type === 'phase-progress') {
      const current = redact(cleanLine(event.progress.current));
      phase.row = { ...phase.row, progress: { ...event.progress, current } };
    } else if (event.type === 'phase-finished') {
      const { durationMs, outcome } = event;
      this.#endPhase(key, outcome, { durationMs, detail: cleanText(event.summary) });
    }
  }

  /** Ends everything that is still open, as stopped. */
  close(): void {
    const now = this.#now();
    for (const step of [...this.#open]) {
      for (const [key, { row }] of step.running) {
        this.#endPhase(key, 'cancelled', { durationMs: now - row.startedAt, detail: '' });
      }
      this.#endStep(step, 'stopped', { durationMs: now - step.row.startedAt, detail: '' });
    }
    this.steps.close();
  }

  #openStep(id: string | undefined, title: string | undefined, startedAt: number): TrackedStep {
    const step = new TrackedStep(id, {
      kind: 'step',
      title: title === undefined ? undefined : redact(cleanLine(title)),
      startedAt,
      end: undefined,
    });
    this.#open.push(step);
    this.steps.put(step);
    return step;
  }

  #endStep(step: TrackedStep, outcome: StepOutcome, end: RowEnd | undefined): void {
    const index = this.#open.indexOf(step);
    if (index === -1) return;
    this.#open.splice(index, 1);
    for (const [key, phase] of step.running) {
      phase.end('moved');
      this.#settle(key, new TrackedPhase({ ...phase.row, end: undefined }));
    }
    step.running.clear();
    step.end(outcome, end);
  }

  #openPhase(event: PhaseEvent): TrackedPhase {
    const phase = new TrackedPhase({
      kind: 'phase',
      arch: event.arch,
      phase: event.phase,
      startedAt: this.#now() - (event.type === 'phase-finished' ? event.durationMs : 0),
      lastMs: this.#lastTimes.get(phaseKey(event)),
      progress: undefined,
      end: undefined,
    });
    this.#settle(phaseKey(event), phase);
    return phase;
  }

  #endPhase(key: string, outcome: PhaseOutcome, end: RowEnd): void {
    const home = this.#homes.get(key);
    home?.running.get(key)?.end(outcome, end);
    home?.running.delete(key);
    this.#homes.delete(key);
    if (home?.id === undefined && home?.running.size === 0) this.#endStep(home, 'done', undefined);
  }

  /** Gives a phase its place among the open steps. */
  #settle(key: string, phase: TrackedPhase): void {
    const named = this.#open.filter(({ id }) => id !== undefined);
    const home =
      named.findLast(({ id }) => id === phase.row.phase) ??
      named.at(-1) ??
      this.#open.at(-1) ??
      this.#openStep(undefined, undefined, this.#now());
    home.running.set(key, phase);
    home.phases.put(phase);
    this.#homes.set(key, home);
  }
}

function phaseKey(event: { readonly arch: string; readonly phase: string }): string {
  return `${event.arch}/${event.phase}`;
}

function describeStepEnd(
  event: Exclude<StepEvent, { readonly type: 'step-started' }>,
): readonly [outcome: StepOutcome, detail: string] {
  switch (event.type) {
    case 'step-skipped':
      return ['skipped', event.reason];
    case 'step-finished':
      return ['done', event.summary ?? ''];
    case 'step-failed':
      return ['failed', event.message];
  }
}

function cleanText(text: string): string {
  return redact(cleanLines(text).join('\n'));
}
