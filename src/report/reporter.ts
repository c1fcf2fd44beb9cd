import type { RunEvent } from './events.js';

/** Draws a run's events. `close` flushes, restores the terminal, and is called exactly once, also after a failure. */
export interface Reporter {
  readonly emit: (event: RunEvent) => void;
  readonly close: () => Promise<void>;
}
