import { parseArch } from '../../addon/arch.js';
import type { RecordedBuild, RecordedStep } from '../../lint/dockerfile/emulation.js';
import type { FoundJournal } from '../../journal/read.js';
import { readEvents } from '../../report/event-file.js';
import type { CommandContext } from '../command.js';
import { listRuns } from '../find-run.js';

/** Steps that the newest build took from the cache were built by one of these, or too long ago to count. */
const MAX_RUNS = 10;

async function listEmulatedSteps({ runFolder, journal }: FoundJournal): Promise<RecordedBuild[]> {
  const events = await readEvents(runFolder);
  return (journal.results.plan?.architectures ?? []).flatMap(({ arch, platform, machine }) => {
    const host = parseArch(machine.platform);
    if (host === undefined || machine.platform === platform) return [];
    const steps = events.flatMap((event): readonly RecordedStep[] =>
      event.type === 'fact' && event.fact.kind === 'build' && event.fact.arch === arch
        ? event.fact.steps
            .filter(({ cached }) => !cached)
            .map(({ label, instruction, durationMs }) => ({
              arch,
              label,
              instruction,
              seconds: durationMs / 1000,
            }))
        : [],
    );
    return steps.length === 0 ? [] : [{ host, steps }];
  });
}

/**
 * Finds what runs on this machine have recorded of an add-on's emulated builds: of each step the newest time that it
 * was not taken from the cache. Runs of the working directory and of the add-on's own folder are looked at.
 *
 * @returns asks by the add-on's absolute folder; undefined where nothing was recorded
 */
export function createBuildRecords(
  context: CommandContext,
): (folder: string) => Promise<RecordedBuild | undefined> {
  const known = new Map<string, Promise<readonly FoundJournal[]>>();
  const list = (workingDirectory: string): Promise<readonly FoundJournal[]> => {
    const runs = known.get(workingDirectory) ?? listRuns({ ...context, workingDirectory });
    known.set(workingDirectory, runs);
    return runs;
  };
  return async (folder) => {
    const folders = [...new Set([context.workingDirectory, folder])];
    const runs = (await Promise.all(folders.map(list)))
      .flat()
      .filter(({ journal }) => journal.results.plan?.folder === folder)
      .toSorted((a, b) => (a.journal.run < b.journal.run ? 1 : -1))
      .slice(0, MAX_RUNS);
    const builds = (await Promise.all(runs.map(listEmulatedSteps))).flat();
    const [newest] = builds;
    if (newest === undefined) return undefined;
    const steps = builds.filter(({ host }) => host === newest.host).flatMap((one) => one.steps);
    return { host: newest.host, steps };
  };
}
