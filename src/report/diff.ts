import type { Paint } from './style.js';

/** Unchanged lines that are shown around changed ones. */
const CONTEXT = 2;
/** More lines than this, squared, are not compared one with the other. */
const MAX_CELLS = 4_000_000;

interface DiffLine {
  readonly mark: ' ' | '-' | '+';
  readonly text: string;
}

/**
 * The difference of two texts in the form of `diff -u`, without a line break at its end.
 *
 * @param before undefined for a file that does not exist yet
 * @param after undefined for a file that goes away
 */
export function renderDiff(
  name: string,
  before: string | undefined,
  after: string | undefined,
  paint: Paint,
): string {
  const lines = compareLines(toLines(before ?? ''), toLines(after ?? ''));
  return [
    paint('bold', `--- ${before === undefined ? '/dev/null' : name}`),
    paint('bold', `+++ ${after === undefined ? '/dev/null' : name}`),
    ...renderHunks(lines, paint),
  ].join('\n');
}

function toLines(text: string): readonly string[] {
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

function compareLines(before: readonly string[], after: readonly string[]): readonly DiffLine[] {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start])
    start += 1;
  let end = 0;
  const room = Math.min(before.length, after.length) - start;
  while (end < room && before.at(-1 - end) === after.at(-1 - end)) end += 1;
  const same = (text: string): DiffLine => ({ mark: ' ', text });
  return [
    ...before.slice(0, start).map(same),
    ...compareMiddles(
      before.slice(start, before.length - end),
      after.slice(start, after.length - end),
    ),
    ...before.slice(before.length - end).map(same),
  ];
}

/** The longest common subsequence, by the table of lengths of those of all ends. */
function compareMiddles(before: readonly string[], after: readonly string[]): readonly DiffLine[] {
  const removed = (text: string): DiffLine => ({ mark: '-', text });
  const added = (text: string): DiffLine => ({ mark: '+', text });
  if (before.length * after.length > MAX_CELLS)
    return [...before.map(removed), ...after.map(added)];
  const width = after.length + 1;
  const lengths = new Uint32Array((before.length + 1) * width);
  for (let row = before.length - 1; row >= 0; row -= 1) {
    for (let column = after.length - 1; column >= 0; column -= 1) {
      lengths[row * width + column] =
        before[row] === after[column]
          ? (lengths[(row + 1) * width + column + 1] ?? 0) + 1
          : Math.max(
              lengths[(row + 1) * width + column] ?? 0,
              lengths[row * width + column + 1] ?? 0,
            );
    }
  }
  const lines: DiffLine[] = [];
  let [row, column] = [0, 0];
  while (row < before.length || column < after.length) {
    const [old, current] = [before[row], after[column]];
    if (old !== undefined && old === current) {
      lines.push({ mark: ' ', text: old });
      row += 1;
      column += 1;
    } else if (
      old !== undefined &&
      (current === undefined ||
        (lengths[(row + 1) * width + column] ?? 0) >= (lengths[row * width + column + 1] ?? 0))
    ) {
      lines.push(removed(old));
      row += 1;
    } else {
      lines.push(added(current ?? ''));
      column += 1;
    }
  }
  return lines;
}

function renderHunks(lines: readonly DiffLine[], paint: Paint): readonly string[] {
  const isNear = lines.map((_, index) =>
    lines.slice(Math.max(0, index - CONTEXT), index + CONTEXT + 1).some(({ mark }) => mark !== ' '),
  );
  const shown: string[] = [];
  let [before, after] = [0, 0];
  for (const [index, { mark, text }] of lines.entries()) {
    if (mark !== '+') before += 1;
    if (mark !== '-') after += 1;
    if (isNear[index] !== true) continue;
    if (isNear[index - 1] !== true) shown.push(paint('cyan', `@@ -${before} +${after} @@`));
    const line = `${mark}${text}`;
    shown.push(mark === ' ' ? line : paint(mark === '-' ? 'red' : 'green', line));
  }
  return shown;
}
