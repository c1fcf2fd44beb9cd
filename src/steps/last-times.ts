import type { FoundJournal } from '../journal/read.js';
import type { ReleasePlan } from '../plan/release-plan.js';
import { readEvents } from '../report/event-file.js';
import type { LastTime, Phase } from '../report/events.js';

const PHASES: readonly Phase[] = ['build', 'smoke', 'push'];
/** Nobody waits for the times of a phase that was not done for so long. */
const MAX_RUNS = 20;

/**
 * How long each architecture's phases took in the newest run of the same add-on in which they passed.
 *
 * @param runs the newest first
 * @param ownFolder of the run itself, which is left out
 */
export async function findLastTimes(
  runs: readonly FoundJournal[],
  { folder, architectures }: Pick<ReleasePlan, 'folder' | 'architectures'>,
  ownFolder: string,
): Promise<readonly LastTime[]> {
  const wanted = architectures.flatMap(({ arch }) => PHASES.map((phase) => ({ arch, phase })));
  const found: LastTime[] = [];
  const earlier = runs.filter(
    ({ runFolder, journal }) => runFolder !== ownFolder && journal.results.plan?.folder === folder,
  );
  for (const { runFolder } of earlier.slice(0, MAX_RUNS)) {
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
