import { NO_JOURNAL, type RecordedWrite } from '../../src/pipeline/journal.js';
import { LayerUploads } from '../../src/engine/layer-uploads.js';
import { createOnce } from '../../src/pipeline/once.js';
import type { Results } from '../../src/pipeline/results.js';
import { defineStep, type Step, type StepContext } from '../../src/pipeline/step.js';
import type { RunEvent } from '../../src/report/events.js';
import { createMemoryRegistry } from './memory-registry.js';
import { sampleOptions } from './sample-options.js';

/** What steps run in, without a terminal, a journal or a registry of its own. */
export function sampleContext(changes: Partial<StepContext> = {}): StepContext {
  const basics = {
    emit: () => undefined,
    signal: new AbortController().signal,
    registry: createMemoryRegistry().client,
    runFolder: '/nowhere',
    ...changes,
  };
  return {
    ...basics,
    options: sampleOptions(),
    uploads: new LayerUploads(basics),
    atEnd: () => undefined,
    journal: NO_JOURNAL,
    locksFolder: '/nowhere/locks',
    once: changes.session?.once ?? createOnce(),
    ...changes,
  };
}

/** The same, with what is told and what is written down. */
export function recordingContext(changes: Partial<StepContext> = {}) {
  const events: RunEvent[] = [];
  const writes: Omit<RecordedWrite, 'at'>[] = [];
  const context = sampleContext({
    emit: (event) => {
      events.push(event);
    },
    journal: {
      ...NO_JOURNAL,
      wrote: (write) => {
        writes.push(write);
        return Promise.resolve();
      },
    },
    ...changes,
  });
  return { context, events, writes };
}

/** A step that has its result already. */
export function givenStep<Id extends keyof Results>(id: Id, result: Results[Id]): Step {
  return defineStep({
    id,
    title: id,
    needs: [],
    tools: [],
    run: () => Promise.resolve(result),
  });
}
