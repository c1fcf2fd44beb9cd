import { acquireLock } from '../journal/lock.js';
import { defineStep } from '../pipeline/step.js';

/** Keeps two releases from writing to the same place at once. The command gives the lock back at its end. */
export const takeLockStep = defineStep({
  id: 'lock',
  title: 'Lock the release',
  needs: ['plan'],
  tools: [],
  recall: ({ plan }) =>
    plan.publish
      ? undefined
      : { result: { held: undefined }, reason: 'nothing is published by this run' },
  run: async ({ plan }, { locksFolder }) => {
    const target = plan.indexRepository ?? plan.slug;
    const what = `release of ${plan.slug} ${plan.version}`;
    return { held: await acquireLock(locksFolder, target, what) };
  },
});
