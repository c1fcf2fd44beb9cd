import {
  cleanLines,
  formatBytes,
  measureWidth,
  padToWidth,
  shortenDigest,
  wrapToWidth,
} from './format.js';

/** What became of one architecture, for the table at a run's end. */
export interface SummaryRow {
  readonly arch: string;
  /** The reference that the architecture was published or loaded as. */
  readonly image: string | undefined;
  readonly digest: string | undefined;
  /** The sum of the layers as the registry holds them. */
  readonly compressedBytes?: number | undefined;
  readonly unpackedBytes?: number | undefined;
  readonly buildSeconds?: number | undefined;
  /** Built by QEMU, not by the host's own processor. */
  readonly emulated: boolean;
  readonly cachedSteps?: number | undefined;
  readonly totalSteps?: number | undefined;
  readonly checksPassed?: number | undefined;
  readonly checksFailed?: number | undefined;
  readonly checksSkipped?: number | undefined;
  readonly outcome: 'published' | 'tested' | 'built' | 'failed';
  /** Why it failed, or anything else to know about it. */
  readonly note?: string | undefined;
}

interface Column {
  readonly title: string;
  readonly cell: (row: SummaryRow) => string;
}

const COLUMNS: readonly Column[] = [
  { title: 'IMAGE', cell: (row) => row.image ?? '' },
  { title: 'DIGEST', cell: (row) => (row.digest === undefined ? '' : shortenDigest(row.digest)) },
  { title: 'SIZE', cell: describeSize },
  { title: 'BUILD', cell: describeBuild },
  { title: 'CHECKS', cell: describeChecks },
];

const IDENTITY: readonly Column[] = [
  { title: 'ARCH', cell: (row) => row.arch },
  { title: 'RESULT', cell: (row) => row.outcome },
];

const GAP = '  ';
const DEFAULT_WIDTH = 80;

/**
 * The table of a run's architectures, without a line break at its end. Where a line per architecture does not fit in
 * `width` columns, each has a block of lines instead, aligned with the others; nothing is ever cut off.
 */
export function renderTable(rows: readonly SummaryRow[], width = DEFAULT_WIDTH): string {
  if (rows.length === 0) return '';
  const columns = COLUMNS.filter(({ cell }) => rows.some((row) => cell(row) !== ''));
  const table = renderLines(rows, [...IDENTITY, ...columns]);
  const fits = [table.header, ...table.lines].every((line) => measureWidth(line) <= width);
  const blocks = fits ? table.lines.map((line) => [line]) : renderBlocks(rows, columns, width);
  return [
    ...(fits ? [table.header] : []),
    ...rows.flatMap((row, index) => [
      ...(blocks[index] ?? []),
      ...renderNote(row, measureIndent(rows), width),
    ]),
  ].join('\n');
}

function renderLines(
  rows: readonly SummaryRow[],
  columns: readonly Column[],
): { readonly header: string; readonly lines: readonly string[] } {
  const widths = columns.map((column) => Math.max(column.title.length, cellWidth(rows, column)));
  const join = (texts: readonly string[]): string =>
    texts
      .map((text, index) => padToWidth(text, widths[index] ?? 0))
      .join(GAP)
      .trimEnd();
  return {
    header: join(columns.map(({ title }) => title)),
    lines: rows.map((row) => join(columns.map(({ cell }) => cell(row)))),
  };
}

/** Blocks need no header: they begin with architecture and result, and every other cell explains itself. */
function renderBlocks(
  rows: readonly SummaryRow[],
  columns: readonly Column[],
  width: number,
): readonly (readonly string[])[] {
  const indent = ' '.repeat(measureIndent(rows));
  const packed = packColumns(rows, columns, width);
  return rows.map((row) =>
    packed
      .map((line, index) => {
        const cells = line.map((placed) => padToWidth(placed.column.cell(row), placed.width));
        return `${index === 0 ? '' : indent}${cells.join(GAP)}`.trimEnd();
      })
      .filter((line) => line !== ''),
  );
}

/** Where everything but the architecture begins. */
function measureIndent(rows: readonly SummaryRow[]): number {
  return Math.max(...rows.map((row) => measureWidth(row.arch))) + GAP.length;
}

interface PlacedColumn {
  readonly column: Column;
  readonly width: number;
}

/** Puts as many columns as fit on each line, in their order. The first line begins with the identity. */
function packColumns(
  rows: readonly SummaryRow[],
  columns: readonly Column[],
  width: number,
): readonly (readonly PlacedColumn[])[] {
  const place = (column: Column): PlacedColumn => ({ column, width: cellWidth(rows, column) });
  const measure = (line: readonly PlacedColumn[]): number =>
    line.reduce((sum, placed) => sum + placed.width + GAP.length, -GAP.length);
  const lines: PlacedColumn[][] = [IDENTITY.map(place)];
  for (const placed of columns.map(place)) {
    const line = lines.at(-1);
    const room = lines.length === 1 ? width : width - measureIndent(rows);
    if (line !== undefined && measure([...line, placed]) <= room) line.push(placed);
    else lines.push([placed]);
  }
  return lines;
}

function cellWidth(rows: readonly SummaryRow[], column: Column): number {
  return Math.max(0, ...rows.map((row) => measureWidth(column.cell(row))));
}

function renderNote(
  { note = '' }: SummaryRow,
  indentWidth: number,
  width: number,
): readonly string[] {
  if (note === '') return [];
  const indent = ' '.repeat(indentWidth);
  return cleanLines(note)
    .flatMap((line) => wrapToWidth(line, width - indentWidth))
    .map((line) => `${indent}${line}`.trimEnd());
}

function describeSize(row: SummaryRow): string {
  const { compressedBytes, unpackedBytes } = row;
  const unpacked = unpackedBytes === undefined ? '' : `${formatBytes(unpackedBytes)} unpacked`;
  if (compressedBytes === undefined) return unpacked;
  const compressed = formatBytes(compressedBytes);
  return unpacked === '' ? compressed : `${compressed} (${unpacked})`;
}

function describeBuild(row: SummaryRow): string {
  const parts: string[] = [];
  if (row.buildSeconds !== undefined) {
    parts.push(`${row.buildSeconds.toFixed(1)} s ${row.emulated ? 'emulated' : 'native'}`);
  }
  if (row.cachedSteps !== undefined && row.totalSteps !== undefined) {
    parts.push(`${row.cachedSteps}/${row.totalSteps} cached`);
  }
  return parts.join(', ');
}

function describeChecks(row: SummaryRow): string {
  const counts: readonly (readonly [number | undefined, string])[] = [
    [row.checksPassed, 'passed'],
    [row.checksFailed, 'failed'],
    [row.checksSkipped, 'skipped'],
  ];
  return counts
    .filter(([count, word]) => count !== undefined && (count > 0 || word === 'passed'))
    .map(([count, word]) => `${count ?? 0} ${word}`)
    .join(', ');
}
