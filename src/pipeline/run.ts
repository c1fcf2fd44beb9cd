import { AddonReleaseError } from '../errors.js';
import type { Results } from './results.js';
import type { Step, StepContext } from './step.js';

/** The end of a run: what was reached, and why it stopped. */
export interface RunOutcome {
  readonly results: Partial<Results>;
  /** Undefined when every step succeeded or was skipped. */
  readonly error: unknown;
}

function asMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function interrupted(when: 'before' | 'in', step: Step): AddonReleaseError {
  return new AddonReleaseError('interrupted', `interrupted ${when} "${step.title}"`, {
    hint: 'Run the same command again: finished build steps come from the cache.',
  });
}

/**
 * Runs steps in their order and stops at the first failure. Never throws for a step's failure, so that what was
 * reached before can still be shown.
 *
 * @param known results of an earlier run that still hold
 */
export async function runPipeline(
  steps: readonly Step[],
  context: StepContext,
  known: Partial<Results> = {},
): Promise<RunOutcome> {
  const { signal } = context;
  const isInterrupted = () => signal.aborted;
  let results = known;
  for (const step of steps) {
    const started = performance.now();
    const elapsed = () => performance.now() - started;
    const named = { step: step.id, title: step.title };
    const missing = step.needs.find((need) => results[need] === undefined);
    if (missing !== undefined) {
      const reason = `there is no result of "${missing}"`;
      context.emit({ type: 'step-skipped', ...named, reason });
      continue;
    }
    if (isInterrupted()) return { results, error: interrupted('before', step) };
    const inputs = results as Results;
    try {
      const reason = step.skip?.(inputs, context);
      if (reason !== undefined) {
        context.emit({ type: 'step-skipped', ...named, reason });
        continue;
      }
      context.emit({ type: 'step-started', ...named });
      // What a step has finished counts, even if the run is interrupted meanwhile: it may have been published.
      const result = await step.run(inputs, context);
      results = Object.freeze({ ...results, [step.id]: Object.freeze(result) });
      context.emit({
        type: 'step-finished',
        ...named,
        durationMs: elapsed(),
        ...(step.summarize === undefined ? {} : { summary: step.summarize(result) }),
      });
    } catch (thrown) {
      const error = isInterrupted() ? interrupted('in', step) : thrown;
      context.emit({
        type: 'step-failed',
        ...named,
        durationMs: elapsed(),
        message: asMessage(error),
        ...(error instanceof AddonReleaseError ? { problems: error.problems } : {}),
      });
      return { results, error };
    }
  }
  return { results, error: undefined };
}
