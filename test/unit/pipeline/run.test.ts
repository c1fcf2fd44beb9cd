import { describe, expect, test } from 'vitest';
import { AddonReleaseError } from '../../../src/errors.js';
import type { Results } from '../../../src/pipeline/results.js';
import { runPipeline } from '../../../src/pipeline/run.js';
import { defineStep, type Step } from '../../../src/pipeline/step.js';
import type { RunEvent } from '../../../src/report/events.js';
import { sampleContext } from '../../helpers/sample-context.js';

function makeContext(signal = new AbortController().signal) {
  const events: RunEvent[] = [];
  const context = sampleContext({ emit: (event) => events.push(event), signal });
  return { context, events, told: () => events.map(tell) };
}

/** What an event says, without the time that it took. */
function tell(event: RunEvent): string {
  switch (event.type) {
    case 'step-started':
      return `${event.step} started`;
    case 'step-finished':
      return `${event.step} finished: ${event.summary ?? ''}`;
    case 'step-skipped':
      return `${event.step} skipped: ${event.reason}`;
    case 'step-failed':
      return `${event.step} failed: ${event.message}`;
    default:
      return event.type;
  }
}

/** A step that tags something; its result names what it is given. */
function tagStep<Id extends 'versioned' | 'verified' | 'moved'>(
  id: Id,
  more: Partial<Step<Id, 'versioned' | 'verified' | 'moved'>> = {},
): Step {
  return defineStep<Id, 'versioned' | 'verified' | 'moved'>({
    id,
    title: `Do ${id}`,
    needs: [],
    tools: [],
    run: () => Promise.resolve({ references: [id] } as unknown as Results[Id]),
    ...more,
  });
}

describe('runPipeline', () => {
  test('runs the steps in their order and keeps every result', async () => {
    const { context, told } = makeContext();
    const outcome = await runPipeline(
      [
        tagStep('versioned', { summarize: ({ references }) => references.join() }),
        tagStep('verified'),
      ],
      context,
    );
    expect(outcome).toEqual({
      results: { versioned: { references: ['versioned'] }, verified: { references: ['verified'] } },
      error: undefined,
    });
    expect(told()).toEqual([
      'versioned started',
      'versioned finished: versioned',
      'verified started',
      'verified finished: ',
    ]);
  });

  test('gives a step the results before it and its context', async () => {
    const { context } = makeContext();
    const seen: unknown[] = [];
    await runPipeline(
      [
        tagStep('versioned'),
        tagStep('verified', {
          needs: ['versioned'],
          run: ({ versioned }, given) => {
            seen.push(versioned, given);
            return Promise.resolve({ references: [] });
          },
        }),
      ],
      context,
    );
    expect(seen).toEqual([{ references: ['versioned'] }, context]);
  });

  test('lets nobody change a result afterwards', async () => {
    const { results } = await runPipeline([tagStep('versioned')], makeContext().context);
    expect(Object.isFrozen(results)).toBe(true);
    expect(Object.isFrozen(results.versioned)).toBe(true);
  });

  test('skips a step for its reason, and those that need it', async () => {
    const { context, told } = makeContext();
    const outcome = await runPipeline(
      [
        tagStep('versioned', { skip: () => 'there is nothing to tag' }),
        tagStep('verified', { needs: ['versioned'] }),
        tagStep('moved'),
      ],
      context,
    );
    expect(Object.keys(outcome.results)).toEqual(['moved']);
    expect(outcome.error).toBeUndefined();
    expect(told()).toEqual([
      'versioned skipped: there is nothing to tag',
      'verified skipped: there is no result of "versioned"',
      'moved started',
      'moved finished: ',
    ]);
  });

  test('asks for a reason with the results and the context, and runs without one', async () => {
    const { context } = makeContext();
    const seen: unknown[] = [];
    const { results } = await runPipeline(
      [
        tagStep('versioned'),
        tagStep('verified', {
          needs: ['versioned'],
          skip: ({ versioned }, { options }) => {
            seen.push(versioned.references, options.publish);
            return undefined;
          },
        }),
      ],
      context,
    );
    expect(seen).toEqual([['versioned'], true]);
    expect(results.verified).toBeDefined();
  });

  test('stops at a failure and keeps what was reached', async () => {
    const { context, told, events } = makeContext();
    const failure = new AddonReleaseError('registry', 'the registry refused');
    const outcome = await runPipeline(
      [
        tagStep('versioned'),
        tagStep('verified', { run: () => Promise.reject(failure) }),
        tagStep('moved'),
      ],
      context,
    );
    expect(outcome.error).toBe(failure);
    expect(Object.keys(outcome.results)).toEqual(['versioned']);
    expect(told().slice(2)).toEqual(['verified started', 'verified failed: the registry refused']);
    for (const event of events) {
      if ('durationMs' in event) expect(event.durationMs).toBeGreaterThanOrEqual(0);
    }
  });

  test('a defect is handed on as it is, also one of a skip', async () => {
    const defect = new TypeError('x is undefined');
    for (const step of [
      tagStep('versioned', { run: () => Promise.reject(defect) }),
      tagStep('versioned', {
        skip: () => {
          throw defect;
        },
      }),
    ]) {
      const { context, told } = makeContext();
      expect((await runPipeline([step], context)).error).toBe(defect);
      expect(told().at(-1)).toBe('versioned failed: x is undefined');
    }
  });

  test('an interruption stops the step that runs', async () => {
    const controller = new AbortController();
    const { context, told } = makeContext(controller.signal);
    const { error, results } = await runPipeline(
      [
        tagStep('versioned'),
        tagStep('verified', {
          run: (_results, { signal }) => {
            controller.abort();
            signal.throwIfAborted();
            return Promise.resolve({ references: [] });
          },
        }),
      ],
      context,
    );
    expect(error).toMatchObject({
      failure: 'interrupted',
      exitCode: 130,
      message: 'interrupted in "Do verified"',
    });
    expect(Object.keys(results)).toEqual(['versioned']);
    expect(told().at(-1)).toBe('verified failed: interrupted in "Do verified"');
  });

  test('an interruption that a step does not notice stops the run behind it', async () => {
    const controller = new AbortController();
    const { context, told } = makeContext(controller.signal);
    const { error, results } = await runPipeline(
      [
        tagStep('versioned', {
          run: () => {
            controller.abort();
            return Promise.resolve({ references: ['published'] });
          },
        }),
        tagStep('verified'),
      ],
      context,
    );
    expect(results).toEqual({ versioned: { references: ['published'] } });
    expect(error).toMatchObject({
      failure: 'interrupted',
      message: 'interrupted before "Do verified"',
    });
    expect(told()).toEqual(['versioned started', 'versioned finished: ']);
  });
});
