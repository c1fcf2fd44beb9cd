import type { TextEdit } from './rule.js';

/**
 * A text file as it was read, once. `text` is without byte order mark and with plain line feeds, which
 * is how every parser here sees it and what offsets count in; what is written back has both again.
 */
export class TextFile {
  /** Absolute. */
  readonly path: string;
  readonly text: string;
  readonly #raw: string;
  #lineStarts: readonly number[] | undefined;

  constructor(path: string, raw: string) {
    this.path = path;
    this.#raw = raw;
    this.text = raw.replace(/^\uFEFF/, '').replace(/\r\n?/g, '\n');
  }

  /** As it is on the disk. */
  get raw(): string {
    return this.#raw;
  }

  /** Line and column, from 1, of an offset. */
  positionAt(offset: number): { readonly line: number; readonly column: number } {
    this.#lineStarts ??= findLineStarts(this.text);
    const starts = this.#lineStarts;
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
  }

  /** Where a line, from 1, starts. */
  lineStart(line: number): number {
    this.#lineStarts ??= findLineStarts(this.text);
    return this.#lineStarts[line - 1] ?? this.text.length;
  }

  /** The text of a line, from 1, without its line break. */
  lineAt(line: number): string {
    const start = this.lineStart(line);
    const end = this.text.indexOf('\n', start);
    return this.text.slice(start, end === -1 ? undefined : end);
  }

  /**
   * The whole file with the edits made, in the line ends that it has.
   *
   * @param edits of this file, in ascending order and not overlapping
   */
  withEdits(edits: readonly TextEdit[]): string {
    const lineEnd = this.#raw.includes('\r\n') ? '\r\n' : '\n';
    const toRaw = createRawOffsets(this.#raw);
    let result = '';
    let at = 0;
    for (const edit of edits) {
      result += this.#raw.slice(at, toRaw(edit.start)) + edit.text.replaceAll('\n', lineEnd);
      at = toRaw(edit.end);
    }
    return result + this.#raw.slice(at);
  }
}

function findLineStarts(text: string): readonly number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

/** Offsets of the normalized text, asked for in ascending order, as offsets of the raw one. */
function createRawOffsets(raw: string): (offset: number) => number {
  const mark = raw.startsWith('\uFEFF') ? 1 : 0;
  let added = mark;
  let next = raw.indexOf('\r\n');
  return (offset) => {
    while (next !== -1 && next < offset + added) {
      added += 1;
      next = raw.indexOf('\r\n', next + 2);
    }
    return offset + added;
  };
}
