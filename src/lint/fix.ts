import { planChanges, writeChanges, type FileChange } from './apply-fixes.js';
import { lintPaths, type LintReport, type ReportedFinding } from './lint.js';

export interface FixReport {
  /** What is left. */
  readonly report: LintReport;
  readonly mended: readonly ReportedFinding[];
  /** Absolute paths of the files that were written. */
  readonly files: readonly string[];
}

/** One mended finding may bring up another, as a right name does for a value that is wrong. */
const MAX_ROUNDS = 10;

/**
 * Mends what can be mended without a doubt, and lints again until there is nothing more to mend.
 *
 * @param paths absolute, as for `lintPaths`
 */
export async function fixPaths(paths: readonly string[], signal?: AbortSignal): Promise<FixReport> {
  const mended: ReportedFinding[] = [];
  const files = new Set<string>();
  const written = new Set<string>();
  let report = await lintPaths(paths, signal);
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const changes = planChanges(report.findings).filter(isNew(written));
    if (changes.length === 0) break;
    await writeChanges(changes);
    for (const change of changes) {
      files.add(change.file);
      mended.push(...change.mends);
    }
    report = await lintPaths(paths, signal);
  }
  return { report, mended: [...new Set(mended)], files: [...files] };
}

/** Two fixes that undo each other must not go on for ever. */
function isNew(written: Set<string>): (change: FileChange) => boolean {
  return ({ file, after }) => {
    const key = `${file}\0${after}`;
    if (written.has(key)) return false;
    written.add(key);
    return true;
  };
}
