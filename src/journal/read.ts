import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AddonReleaseError } from '../errors.js';
import type { Journal } from '../pipeline/journal.js';
import { journalPath } from './journal.js';

/** A journal and the folder of its run. */
export interface FoundJournal {
  readonly runFolder: string;
  readonly journal: Journal;
}

function isJournal(value: unknown): value is Journal {
  return (
    typeof value === 'object' &&
    value !== null &&
    'schemaVersion' in value &&
    value.schemaVersion === 1 &&
    'results' in value &&
    'command' in value
  );
}

/**
 * @returns undefined when the folder has no journal
 * @throws AddonReleaseError `environment` when the journal is damaged or of another release of this tool
 */
export async function readJournal(runFolder: string): Promise<Journal | undefined> {
  const file = journalPath(runFolder);
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (isJournal(value)) return value;
  const isNewer =
    typeof value === 'object' &&
    value !== null &&
    'schemaVersion' in value &&
    Number(value.schemaVersion) > 1;
  const what = isNewer
    ? 'was written by a newer version of addon-release'
    : 'is no journal that this version reads';
  throw new AddonReleaseError('environment', `${file} ${what}`, {
    hint: 'Start the release anew; what has been published is recognised. `addon-release resume RUN` goes on with another run.',
  });
}

/**
 * The newest journal of a kind below a folder of runs; undefined when there is none.
 *
 * @throws AddonReleaseError `environment` when a newer one can't be read: it may be the one that is meant
 */
export async function findLastJournal(
  runsFolder: string,
  isMeant: (journal: Journal) => boolean,
): Promise<FoundJournal | undefined> {
  const names = await readdir(runsFolder).catch(() => []);
  for (const name of names.sort().reverse()) {
    const runFolder = join(runsFolder, name);
    const journal = await readJournal(runFolder);
    if (journal !== undefined && isMeant(journal)) return { runFolder, journal };
  }
  return undefined;
}

/**
 * The journals below a folder of runs, the newest first. Damaged ones are left out.
 *
 * @param most how many runs are looked at
 */
export async function listJournals(
  runsFolder: string,
  most?: number,
): Promise<readonly FoundJournal[]> {
  const names = await readdir(runsFolder).catch(() => []);
  const found: FoundJournal[] = [];
  for (const name of names.sort().reverse().slice(0, most)) {
    const runFolder = join(runsFolder, name);
    const journal = await readJournal(runFolder).catch(() => undefined);
    if (journal !== undefined) found.push({ runFolder, journal });
  }
  return found;
}
