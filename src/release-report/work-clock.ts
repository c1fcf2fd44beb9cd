import type { RecordedAttempt } from '../pipeline/journal.js';

/** Clocks of a builder elsewhere are never quite the same. */
const SKEW_MS = 2_000;

interface Period {
  readonly startMs: number;
  readonly endMs: number;
  /** How long was worked before it. */
  readonly offsetMs: number;
}

/** Turns times of the day into the time that was worked on a run: pauses between its attempts do not count. */
export class WorkClock {
  readonly durations: readonly number[];
  readonly totalMs: number;
  readonly #periods: readonly Period[];

  /** @param lastMs when something is known to have happened last, for a process that was killed */
  constructor(attempts: readonly RecordedAttempt[], lastMs: number) {
    const periods: Period[] = [];
    let offsetMs = 0;
    for (const [index, { startedAt, endedAt }] of attempts.entries()) {
      const startMs = Date.parse(startedAt);
      const next = attempts[index + 1];
      const latest = next === undefined ? lastMs : Math.min(lastMs, Date.parse(next.startedAt));
      const endMs = Math.max(startMs, endedAt === undefined ? latest : Date.parse(endedAt));
      periods.push({ startMs, endMs, offsetMs });
      offsetMs += endMs - startMs;
    }
    this.#periods = periods;
    this.totalMs = offsetMs;
    this.durations = periods.map(({ startMs, endMs }) => endMs - startMs);
  }

  /** Milliseconds from the run's beginning; undefined for a time in which nobody worked on it. */
  read(at: string): number | undefined {
    const time = Date.parse(at);
    const period = this.#periods.findLast(({ startMs }) => startMs - SKEW_MS <= time);
    if (period === undefined || time > period.endMs + SKEW_MS) return undefined;
    const inside = Math.min(Math.max(time, period.startMs), period.endMs);
    return period.offsetMs + inside - period.startMs;
  }
}
