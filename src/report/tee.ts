import type { Reporter } from './reporter.js';

/** One reporter that passes every event to each of several, in their order, and closes all of them. */
export function teeReporters(reporters: readonly Reporter[]): Reporter {
  return {
    emit(event) {
      for (const reporter of reporters) reporter.emit(event);
    },
    async close() {
      const results = await Promise.allSettled(reporters.map((reporter) => reporter.close()));
      const errors = results
        .filter((result) => result.status === 'rejected')
        .map((result): unknown => result.reason);
      if (errors.length === 1) throw errors[0];
      if (errors.length > 1) throw new AggregateError(errors, 'reporters could not be closed');
    },
  };
}
