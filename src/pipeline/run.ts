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

function withResult(
  results: Partial<Results>,
  step: Step,
  result: Results[keyof Results],
): Partial<Results> {
  return Object.freeze({ ...results, [step.id]: Object.freeze(result) });
}

function interrupted(when: 'before' | 'in', step: Step): AddonReleaseError {
  return new AddonReleaseError('interrupted', `interrupted ${when} "${step.title}"`, {
    hint: 'Run the same command again: finished build steps come from the cache. A release continues with `addon-release resume`.',
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
    const entry = { id: step.id, title: step.title, startedAt: new Date().toISOString() };
    try {
      const recalled = step.recall?.(inputs, context);
      const reason = recalled?.reason ?? step.skip?.(inputs, context);
      if (reason !== undefined) {
        context.emit({ type: 'step-skipped', ...named, reason });
        await context.journal.step({ ...entry, status: 'skipped', note: reason }, recalled?.result);
        if (recalled !== undefined) results = withResult(results, step, recalled.result);
        continue;
      }
      context.emit({ type: 'step-started', ...named });
      await context.journal.step({ ...entry, status: 'running' });
      // What a step has finished counts, even if the run is interrupted meanwhile: it may have been published.
      const result = await step.run(inputs, context);
      results = withResult(results, step, result);
      const summary = step.summarize?.(result);
      const durationMs = elapsed();
      await context.journal.step(
        { ...entry, status: 'finished', durationMs, note: summary },
        result,
      );
      context.emit({
        type: 'step-finished',
        ...named,
        durationMs,
        ...(summary === undefined ? {} : { summary }),
      });
    } catch (thrown) {
      const error = isInterrupted() ? interrupted('in', step) : thrown;
      const failure = { status: 'failed', durationMs: elapsed(), note: asMessage(error) } as const;
      // The failure itself matters more than that it can't be written down.
      await context.journal.step({ ...entry, ...failure }).catch(() => undefined);
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
