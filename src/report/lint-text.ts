import { relative } from 'node:path';
import type { LintReport, ReportedFinding } from '../lint/lint.js';
import type { Severity } from '../lint/rule.js';
import { cleanLine, cleanLines } from './format.js';
import type { Paint, StyleName } from './style.js';

const COLORS: Readonly<Record<Severity, StyleName>> = {
  error: 'red',
  warning: 'yellow',
  note: 'cyan',
};

export interface LintCounts {
  readonly errors: number;
  readonly warnings: number;
  readonly notes: number;
  /** How many of them `--fix` mends. */
  readonly fixable: number;
}

export function countFindings(findings: readonly ReportedFinding[]): LintCounts {
  const count = (wanted: Severity) => findings.filter(({ severity }) => severity === wanted).length;
  return {
    errors: count('error'),
    warnings: count('warning'),
    notes: count('note'),
    fixable: findings.filter(({ fix }) => fix !== undefined).length,
  };
}

/** The path as it is shown: from the working directory, if it lies in it. */
export function shownPath(file: string, workingDirectory: string): string {
  const path = relative(workingDirectory, file);
  if (path === '') return '.';
  return path.startsWith('..') ? file : path;
}

/** Findings by file for people, with a summary, without a line break at the end. */
export function renderFindings(
  { addons, findings }: LintReport,
  workingDirectory: string,
  paint: Paint,
): string {
  const byFile = new Map<string, ReportedFinding[]>();
  for (const finding of findings) {
    const list = byFile.get(finding.file) ?? [];
    byFile.set(finding.file, list);
    list.push(finding);
  }
  const sections = [...byFile].map(([file, list]) => {
    const title = paint('bold', cleanLine(shownPath(file, workingDirectory)));
    return [title, ...renderList(list, paint), ''].join('\n');
  });
  return [...sections, renderSummary(addons.length, findings, byFile.size, paint)].join('\n');
}

function renderList(findings: readonly ReportedFinding[], paint: Paint): readonly string[] {
  const places = findings.map(({ line, column }) =>
    line === undefined ? '' : `${line}:${column ?? 1}`,
  );
  const width = Math.max(0, ...places.map(({ length }) => length));
  return findings.flatMap(({ severity, message, hint, rule, fix }, index) => {
    const place = (places[index] ?? '').padStart(width);
    const label = paint(COLORS[severity], severity.padEnd(7));
    const [first = '', ...rest] = cleanLines(message);
    const id = paint('dim', rule.id);
    const margin = `  ${' '.repeat(width)}  ${' '.repeat(7)}  `;
    const offer = fix === undefined ? [] : [`--fix: ${fix.title}`];
    const more = [...rest, ...cleanLines(fix === undefined ? (hint ?? '') : ''), ...offer];
    return [
      `  ${place}  ${label}  ${first}  ${id}`,
      ...more.map((line) => `${margin}${paint('dim', cleanLine(line))}`),
    ];
  });
}

function renderSummary(
  addons: number,
  findings: readonly ReportedFinding[],
  files: number,
  paint: Paint,
): string {
  const looked = plural(addons, 'add-on');
  if (findings.length === 0) return paint('green', `${looked}: nothing found`);
  const { errors, warnings, notes, fixable } = countFindings(findings);
  const parts = [
    ...(errors > 0 ? [paint('red', plural(errors, 'error'))] : []),
    ...(warnings > 0 ? [paint('yellow', plural(warnings, 'warning'))] : []),
    ...(notes > 0 ? [paint('cyan', plural(notes, 'note'))] : []),
  ];
  const mend = fixable === 0 ? '' : `; --fix mends ${fixable}`;
  return `${looked}: ${parts.join(', ')} in ${plural(files, 'file')}${mend}`;
}

export function plural(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
