import { measureWidth, padToWidth } from './format.js';
import type { ReleasePlan } from '../plan/release-plan.js';

/** One add-on of a repository, for the table of a plan or of a run's end. */
export interface RepositoryRow {
  readonly slug: string;
  /** What the config says; undefined where it can't be read. */
  readonly version: string | undefined;
  /** The version that is or was to be released. */
  readonly newVersion: string | undefined;
  readonly result:
    'release' | 'refused' | 'published' | 'test' | 'passed' | 'failed' | 'broken' | '-';
  /** Why it is released, or why not. */
  readonly reason: string;
  /** What went wrong. */
  readonly note?: string | undefined;
}

const GAP = '  ';

function describeVersion({ version, newVersion }: RepositoryRow): string {
  if (newVersion === undefined || newVersion === version) return version ?? '';
  return version === undefined ? newVersion : `${version} → ${newVersion}`;
}

/** A line per add-on: those that are released first, in the order in which they came. */
export function renderRepositoryTable(rows: readonly RepositoryRow[]): string {
  const sorted = [
    ...rows.filter(({ result }) => result !== '-'),
    ...rows.filter(({ result }) => result === '-'),
  ];
  const lines = [
    ['ADD-ON', 'VERSION', 'RESULT', 'WHY'],
    ...sorted.map((row) => [row.slug, describeVersion(row), row.result, row.reason]),
  ];
  const widths = [0, 1, 2].map((column) =>
    Math.max(...lines.map((line) => measureWidth(line[column] ?? ''))),
  );
  const texts = lines.map((line) =>
    line
      .map((cell, column) => padToWidth(cell, widths[column] ?? 0))
      .join(GAP)
      .trimEnd(),
  );
  const notes = sorted.map(({ note }) => (note === undefined ? [] : [`  ${note}`]));
  return texts.flatMap((text, index) => [text, ...(notes[index - 1] ?? [])]).join('\n');
}

/** What will be written for one add-on, below the table of a preview. */
export function renderAddonPlan(plan: ReleasePlan): string {
  const arches = plan.architectures.map(({ arch }) => arch).join(', ');
  const writes = plan.writes.map(
    ({ kind, target, detail }) => `  ${kind.padEnd(8)}  ${target}  (${detail})`,
  );
  return [`${plan.slug} ${plan.version} for ${arches}`, ...writes].join('\n');
}
