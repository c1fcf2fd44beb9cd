import { dirname } from 'node:path';
import { listJournals, type FoundJournal } from '../journal/read.js';
import type { StepContext } from '../pipeline/step.js';
import type { ReleasePlan } from '../plan/release-plan.js';
import { readEvents } from '../report/event-file.js';
import type { LastTime, Phase } from '../report/events.js';

/** Older runs tell little of the next one, and reading them takes time. */
const MAX_RUNS = 50;

/**
 * How long each architecture's phases took in the newest run of the same add-on in which they passed.
 *
 * @param runs the newest first
 * @param phases those that the run will have: for one that no run had, all of them would be read
 * @param ownFolder of the run itself, which is left out
 */
export async function findLastTimes(
  runs: readonly FoundJournal[],
  { folder, architectures }: Pick<ReleasePlan, 'folder' | 'architectures'>,
  phases: readonly Phase[],
  ownFolder: string,
): Promise<readonly LastTime[]> {
  const wanted = architectures.flatMap(({ arch }) => phases.map((phase) => ({ arch, phase })));
  const found: LastTime[] = [];
  const earlier = runs.filter(
    ({ runFolder, journal }) => runFolder !== ownFolder && journal.results.plan?.folder === folder,
  );
  for (const { runFolder } of earlier) {
    if (found.length === wanted.length) break;
    const events = await readEvents(runFolder);
    for (const { arch, phase } of wanted) {
      if (found.some((one) => one.arch === arch && one.phase === phase)) continue;
      const last = events.findLast(
        (event) =>
          event.type === 'phase-finished' &&
          event.outcome === 'passed' &&
          event.arch === arch &&
          event.phase === phase,
      );
      if (last?.type === 'phase-finished') found.push({ arch, phase, durationMs: last.durationMs });
    }
  }
  return found;
}

/** Tells whoever waits for the phases how long they took last time. Asked before they begin, it must not take long. */
export async function tellLastTimes(
  plan: ReleasePlan,
  { runFolder, emit, options }: StepContext,
): Promise<void> {
  const phases: readonly Phase[] = [
    'build',
    ...(options.smoke ? (['smoke'] as const) : []),
    ...(options.publish ? (['push'] as const) : []),
  ];
  const runs = await listJournals(dirname(runFolder), MAX_RUNS);
  emit({ type: 'last-times', times: await findLastTimes(runs, plan, phases, runFolder) });
}
