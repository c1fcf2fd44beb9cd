import { resolve } from 'node:path';
import { AddonReleaseError } from '../errors.js';
import { listJournals, readJournal, type FoundJournal } from '../journal/read.js';
import type { CommandContext } from './command.js';
import { runsFolder } from './run-folder.js';

/**
 * A run by its folder or its folder's name.
 *
 * @throws AddonReleaseError `usage` when there is none
 */
export async function findNamedRun(
  named: string,
  { workingDirectory, environment }: CommandContext,
): Promise<FoundJournal> {
  const runs = runsFolder(workingDirectory, environment);
  const runFolder = resolve(named.includes('/') ? workingDirectory : runs, named);
  const journal = await readJournal(runFolder);
  if (journal !== undefined) return { runFolder, journal };
  throw new AddonReleaseError('usage', `there is no run "${named}"`, {
    hint: 'Name the folder of a run, or leave it out for the last one from this folder.',
  });
}

/** The runs that were started in the working directory, the last one first. */
export function listRuns({
  workingDirectory,
  environment,
}: CommandContext): Promise<readonly FoundJournal[]> {
  return listJournals(runsFolder(workingDirectory, environment));
}
