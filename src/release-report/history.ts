import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { listJournals } from '../journal/read.js';
import { describeRun } from './describe-run.js';
import type { ReleaseReport } from './model.js';
import { readRunFiles } from './run-files.js';

/** One attempt at a release of the add-on. */
export interface HistoryRow {
  readonly run: string;
  readonly version: string;
  readonly startedAt: string;
  readonly outcome: ReleaseReport['outcome'];
  readonly durationMs: number;
  /** By architecture. */
  readonly sizes: Readonly<Record<string, HistorySize>>;
}

export interface HistorySize {
  readonly compressedBytes?: number | undefined;
  readonly unpackedBytes?: number | undefined;
}

/**
 * The releases of an add-on that were begun on this machine, the oldest first, whatever folder they were begun in.
 * Runs that found everything published already are left out.
 *
 * @param runsFolder with a folder for each working directory
 * @param addonFolder absolute
 */
export async function listReleases(
  runsFolder: string,
  addonFolder: string,
): Promise<readonly HistoryRow[]> {
  const rows: HistoryRow[] = [];
  for (const name of await readdir(runsFolder).catch(() => [])) {
    for (const { runFolder, journal } of await listJournals(join(runsFolder, name))) {
      const { plan, existing } = journal.results;
      if (plan?.publish !== true || plan.folder !== addonFolder) continue;
      if (existing?.published !== undefined && journal.tested.length === 0) continue;
      const report = describeRun({ ...(await readRunFiles(runFolder)), logs: [] });
      rows.push({
        run: report.run,
        version: plan.version,
        startedAt: report.startedAt,
        outcome: report.outcome,
        durationMs: report.durationMs,
        sizes: Object.fromEntries(
          report.architectures.map(({ arch, size }) => [
            arch,
            { compressedBytes: size?.compressedBytes, unpackedBytes: size?.unpackedBytes },
          ]),
        ),
      });
    }
  }
  return rows.sort((a, b) => (a.startedAt < b.startedAt ? -1 : 1));
}
