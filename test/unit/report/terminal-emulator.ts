import { measureWidth } from '../../../src/report/format.js';

const ESCAPE = '\u001b';
const TOKENS = new RegExp(`${ESCAPE}\\[[?0-9;]*[A-Za-z]|[\\r\\n]|[^${ESCAPE}\\r\\n]+`, 'g');

const SEGMENTER = new Intl.Segmenter('en');

interface Row {
  /** A grapheme per column; a wide one is followed by an empty cell. */
  cells: string[];
  /** The text goes on in the next row because it reached the last column. */
  wrapped: boolean;
}

/**
 * As much of a terminal as a progress display needs: text that wraps and scrolls, cursor up, erasing, a cursor that can
 * be hidden, and resizing that rewraps lines, as most terminals do.
 */
export class TerminalEmulator {
  readonly isTTY = true;
  columns: number;
  rows: number;
  cursorVisible = true;
  readonly written: string[] = [];
  /** Scrollback and screen; the screen is the last `rows` of them. */
  #lines: Row[] = [{ cells: [], wrapped: false }];
  #top = 0;
  #row = 0;
  #column = 0;

  constructor(columns: number, rows: number) {
    this.columns = columns;
    this.rows = rows;
  }

  write(text: string): boolean {
    this.written.push(text);
    const tokens = text.match(TOKENS) ?? [];
    for (const token of tokens) this.#apply(token);
    return true;
  }

  /** Everything that can be seen or scrolled back to, without empty lines at the end. */
  get lines(): readonly string[] {
    const lines = this.#lines.map(readRow);
    while (lines.at(-1) === '') lines.pop();
    return lines;
  }

  /** How much has left the screen at its top. */
  get scrolledLines(): number {
    return this.#top;
  }

  resize(columns: number, rows: number): void {
    this.columns = columns;
    this.rows = rows;
    const logical: string[][] = [];
    let cursor = 0;
    let goesOn = false;
    for (const [index, row] of this.#lines.entries()) {
      logical.push(goesOn ? [...(logical.pop() ?? []), ...row.cells] : row.cells);
      goesOn = row.wrapped;
      if (index === this.#row) cursor = logical.length - 1;
    }
    this.#lines = [];
    for (const [index, cells] of logical.entries()) {
      if (index === cursor) this.#row = this.#lines.length;
      let rest = cells.slice(0, cells.findLastIndex((cell) => cell !== ' ') + 1);
      while (rest.length > columns) {
        // A wide character is not split.
        const taken = rest[columns] === '' ? columns - 1 : columns;
        this.#lines.push({ cells: rest.slice(0, taken), wrapped: true });
        rest = rest.slice(taken);
      }
      this.#lines.push({ cells: rest, wrapped: false });
    }
    this.#top = Math.max(0, this.#lines.length - rows);
  }

  #apply(token: string): void {
    if (token === '\r') this.#column = 0;
    else if (token === '\n') this.#feedLine();
    else if (token.startsWith(ESCAPE)) this.#control(token.slice(2));
    else this.#print(token);
  }

  #control(sequence: string): void {
    const row = this.#lines[this.#row];
    if (/^\d+A$/.test(sequence)) {
      this.#row = Math.max(this.#top, this.#row - Number.parseInt(sequence, 10));
    } else if (sequence === '2K' && row !== undefined) {
      row.cells = [];
      row.wrapped = false;
    } else if (sequence === 'J' && this.#column === 0) {
      this.#lines.length = this.#row;
      this.#lines.push({ cells: [], wrapped: false });
    } else if (sequence === '?25l') this.cursorVisible = false;
    else if (sequence === '?25h') this.cursorVisible = true;
    else if (!/^[\d;]*m$/.test(sequence)) throw new Error(`unknown sequence ${sequence}`);
  }

  #print(text: string): void {
    for (const { segment } of SEGMENTER.segment(text)) {
      const width = measureWidth(segment);
      let row = this.#lines[this.#row];
      if (this.#column + width > this.columns && row !== undefined) {
        row.wrapped = true;
        this.#feedLine();
        row = this.#lines[this.#row];
      }
      if (row === undefined) throw new Error('the cursor left the screen');
      while (row.cells.length < this.#column) row.cells.push(' ');
      row.cells.splice(this.#column, width, segment, ...(width === 2 ? [''] : []));
      this.#column += width;
    }
  }

  #feedLine(): void {
    this.#column = 0;
    this.#row += 1;
    if (this.#row === this.#lines.length) this.#lines.push({ cells: [], wrapped: false });
    this.#top = Math.max(this.#top, this.#row - this.rows + 1);
  }
}

function readRow(row: Row): string {
  return row.cells.join('').trimEnd();
}
