import { planChanges, writeChanges } from '../lint/apply-fixes.js';
import { lintPaths, type ReportedFinding } from '../lint/lint.js';
import type { MigrationNote } from './migration.js';

/** Rules of the linter about what has a new name or form. */
const RULES: ReadonlySet<string> = new Set([
  'deprecated-field',
  'ignored-field',
  'deprecated-arch',
  'deprecated-machine',
  'deprecated-map-type',
]);

/** Mending one finding may bring up another. */
const MAX_ROUNDS = 10;

/**
 * Writes current fields in the place of deprecated ones, by the fixes of the linter.
 *
 * @param folders absolute paths of add-ons; their files are changed
 */
export async function mendDeprecatedFields(
  folders: readonly string[],
  signal: AbortSignal,
): Promise<{ readonly done: readonly MigrationNote[]; readonly left: readonly MigrationNote[] }> {
  const done: MigrationNote[] = [];
  for (let round = 0; ; round += 1) {
    const { findings } = await lintPaths(folders, signal);
    const old = findings.filter(({ rule }) => RULES.has(rule.id));
    const changes = round < MAX_ROUNDS ? planChanges(old) : [];
    if (changes.length === 0) return { done, left: old.map(describeLeft) };
    await writeChanges(changes);
    const mended = new Set(changes.flatMap(({ mends }) => mends));
    for (const finding of mended) {
      const { file, line, message, fix } = finding;
      done.push({ file, line, message: `${message}: ${fix?.title ?? ''}` });
    }
  }
}

function describeLeft({ file, line, message, hint, rule }: ReportedFinding): MigrationNote {
  return { file, line, message: `${message}: ${hint ?? rule.remedy}` };
}
