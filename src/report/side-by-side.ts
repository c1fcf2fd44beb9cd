import { createPlainReporter, type PlainReporterOptions } from './plain.js';
import type { RunEvent } from './events.js';
import type { Reporter } from './reporter.js';

/** Steps whose end changes what others can see. */
const TOLD_STEPS: ReadonlySet<string> = new Set([
  'versioned',
  'verified',
  'store',
  'githubRelease',
]);

function isTold(event: RunEvent): boolean {
  switch (event.type) {
    case 'step-finished':
      return TOLD_STEPS.has(event.step);
    case 'phase-finished':
    case 'step-failed':
    case 'log':
      return true;
    case 'notice':
      return event.level === 'warning';
    default:
      return false;
  }
}

/**
 * Shows one of several runs that go side by side: a line for each change of its state, with the run's name before it.
 * With `verbose` every event has its line.
 */
export function createSideBySideReporter(name: string, options: PlainReporterOptions): Reporter {
  const plain = createPlainReporter({
    ...options,
    // A service's annotation must begin its line.
    write: (text) => {
      options.write(text.startsWith('::') ? text : `${name} | ${text}`);
    },
  });
  return {
    emit: (event) => {
      // No run may open a group of lines: the others' lines would be in it.
      if (event.type !== 'step-started' && (options.verbose || isTold(event))) plain.emit(event);
    },
    close: () => plain.close(),
  };
}
