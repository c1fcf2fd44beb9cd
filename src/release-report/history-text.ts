import { formatBytes, formatDuration, padToWidth } from '../report/format.js';
import type { HistoryRow } from './history.js';

const TICKS = '▁▂▃▄▅▆▇█';
const GAP = '  ';

/** Values as a line of bars, the lowest from the ground. */
export function sparkline(values: readonly number[]): string {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return values
    .map((value) => {
      const share = high === low ? 0 : (value - low) / (high - low);
      return TICKS[Math.round(share * (TICKS.length - 1))] ?? '';
    })
    .join('');
}

/** "+3.4 %", "−0.2 %"; empty where there is nothing to compare with. */
function describePercent(value: number, before: number | undefined): string {
  if (before === undefined || before === 0) return '';
  const percent = ((value - before) / before) * 100;
  if (Math.abs(percent) < 0.05) return '=';
  return `${percent > 0 ? '+' : '−'}${Math.abs(percent).toFixed(1)} %`;
}

function sizeOf(row: HistoryRow, arch: string): number | undefined {
  return row.sizes[arch]?.compressedBytes;
}

function listArches(rows: readonly HistoryRow[]): readonly string[] {
  return [...new Set(rows.flatMap(({ sizes }) => Object.keys(sizes)))].filter((arch) =>
    rows.some((row) => sizeOf(row, arch) !== undefined),
  );
}

function renderTrends(
  published: readonly HistoryRow[],
  arches: readonly string[],
): readonly string[] {
  const trend = (name: string, values: readonly number[], format: (value: number) => string) => {
    const [first, last] = [values[0], values.at(-1)];
    if (first === undefined || last === undefined || values.length < 2) return [];
    const change = describePercent(last, first);
    const text = `${format(first)} → ${format(last)}${change === '=' ? '' : `, ${change}`}`;
    return [[name, sparkline(values), text]];
  };
  const lines = [
    ...trend(
      'time',
      published.map(({ durationMs }) => durationMs),
      formatDuration,
    ),
    ...arches.flatMap((arch) =>
      trend(
        arch,
        published.flatMap((row) => sizeOf(row, arch) ?? []),
        formatBytes,
      ),
    ),
  ];
  return lines.length === 0 ? [] : ['', ...alignRows(lines)];
}

function alignRows(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = rows.reduce<number[]>(
    (all, row) => row.map((cell, index) => Math.max(all[index] ?? 0, cell.length)),
    [],
  );
  return rows.map((row) =>
    row
      .map((cell, index) => padToWidth(cell, widths[index] ?? 0))
      .join(GAP)
      .trimEnd(),
  );
}

/** A line per release, each against the published one before it, and the trends below. */
export function renderHistory(rows: readonly HistoryRow[]): string {
  const arches = listArches(rows);
  const lines = rows.map((row, index) => {
    const before = rows.slice(0, index).findLast(({ outcome }) => outcome === 'published');
    const sizes = arches.map((arch) => {
      const size = sizeOf(row, arch);
      if (size === undefined) return '–';
      const change = before === undefined ? '' : describePercent(size, sizeOf(before, arch));
      return `${formatBytes(size)}${change === '' ? '' : ` ${change}`}`;
    });
    const { version, startedAt, outcome, durationMs } = row;
    return [version, startedAt.slice(0, 10), outcome, formatDuration(durationMs), ...sizes];
  });
  const head = ['VERSION', 'DATE', 'RESULT', 'TIME', ...arches.map((arch) => arch.toUpperCase())];
  const published = rows.filter(({ outcome }) => outcome === 'published');
  return [...alignRows([head, ...lines]), ...renderTrends(published, arches)].join('\n');
}
