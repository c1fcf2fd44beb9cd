import type { Emit } from './events.js';

/** Makes the waits of a registry client visible. */
export function tellRetries(
  emit: Emit,
): (retry: {
  readonly operation: string;
  readonly cause: string;
  readonly delayMs: number;
}) => void {
  return ({ operation, cause, delayMs }) => {
    const message = `${operation}: ${cause}; trying again in ${Math.round(delayMs)} ms`;
    emit({ type: 'notice', level: 'warning', message });
  };
}

/** Makes the waits of another client visible, by its name: "git", "GitHub". */
export function tellWaits(emit: Emit, name: string): (cause: string, delayMs: number) => void {
  return (cause, delayMs) => {
    const message = `${name}: ${cause}; trying again in ${Math.ceil(delayMs / 1000)} s`;
    emit({ type: 'notice', level: 'warning', message });
  };
}
