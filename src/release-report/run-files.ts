import { readFile } from 'node:fs/promises';
import { findRepositoryRoot } from '../addon/find-repository-root.js';
import { AddonReleaseError } from '../errors.js';
import { readJournal } from '../journal/read.js';
import type { Journal } from '../pipeline/journal.js';
import { readEvents, type TimedEvent } from '../report/event-file.js';
import { logFilePath } from '../report/log-files.js';

/** The full log of one architecture's phase. */
export interface RunLog {
  readonly arch: string;
  readonly phase: 'build' | 'smoke';
  readonly text: string;
}

/** Everything that a run has left in its folder. */
export interface RunFiles {
  readonly journal: Journal;
  readonly events: readonly TimedEvent[];
  readonly logs: readonly RunLog[];
  /** The sources are a repository that can be added to Home Assistant. */
  readonly isStore: boolean;
}

const PHASES = ['build', 'smoke'] as const;

/** @throws AddonReleaseError `usage` when the folder is no run's */
export async function readRunFiles(runFolder: string): Promise<RunFiles> {
  const journal = await readJournal(runFolder);
  if (journal === undefined) {
    throw new AddonReleaseError('usage', `${runFolder} has no journal of a run`, {
      hint: 'Name a run, or leave it out for the last one from this folder.',
    });
  }
  const { plan } = journal.results;
  const logs: RunLog[] = [];
  for (const { arch } of plan?.architectures ?? []) {
    for (const phase of PHASES) {
      const file = logFilePath(runFolder, arch, phase);
      const text = await readFile(file, 'utf8').catch(() => undefined);
      if (text !== undefined) logs.push({ arch, phase, text });
    }
  }
  return {
    journal,
    events: await readEvents(runFolder),
    logs,
    isStore: plan !== undefined && (await findRepositoryRoot(plan.folder)) !== undefined,
  };
}
