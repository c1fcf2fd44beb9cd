import { measureWidth } from './format.js';

/** The part of `tty.WriteStream` that is drawn on. */
export interface TerminalStream {
  write: (text: string) => boolean;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
}

const DEFAULT_COLUMNS = 80;
const DEFAULT_ROWS = 24;

const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';
const ERASE_BELOW = '\u001b[J';
const ERASE_LINE = '\u001b[2K';

/**
 * A terminal whose last lines, the frame, are drawn over and over while lasting lines appear above them. The cursor
 * rests at the start of the line below the frame.
 */
export class LiveScreen {
  readonly #stream: TerminalStream;
  readonly #write: (text: string) => boolean;
  #frame: readonly string[] = [];
  #frameColumns = 0;
  #cursorHidden = false;
  readonly #restoreCursor = (): void => {
    if (this.#cursorHidden) this.#write(SHOW_CURSOR);
    this.#cursorHidden = false;
  };

  constructor(stream: TerminalStream) {
    this.#stream = stream;
    // The stream's own function, whatever replaces it later.
    this.#write = stream.write.bind(stream);
  }

  /** Columns of the terminal now. */
  get columns(): number {
    return positiveOr(this.#stream.columns, DEFAULT_COLUMNS);
  }

  /** Lines of the terminal now. */
  get rows(): number {
    return positiveOr(this.#stream.rows, DEFAULT_ROWS);
  }

  /**
   * Prints lines that stay, and draws the frame under them, all in one write.
   *
   * @param frame lines of less than `columns`, fewer than `rows`
   */
  update(lasting: readonly string[], frame: readonly string[]): void {
    const { columns } = this;
    const redrawn =
      lasting.length === 0 && frame.length === this.#frame.length && columns === this.#frameColumns
        ? this.#drawChanges(frame)
        : this.#drawAll(lasting, frame);
    this.#frame = frame;
    this.#frameColumns = columns;
    if (redrawn === '') return;
    this.#write(`${this.#hideCursor()}${redrawn}`);
  }

  /** Leaves the terminal as it was found. What the frame shows stays. */
  close(): void {
    process.off('exit', this.#restoreCursor);
    this.#restoreCursor();
    this.#frame = [];
  }

  #hideCursor(): string {
    if (this.#cursorHidden) return '';
    this.#cursorHidden = true;
    // A process that ends without closing must not leave its user without a cursor.
    process.once('exit', this.#restoreCursor);
    return HIDE_CURSOR;
  }

  #drawAll(lasting: readonly string[], frame: readonly string[]): string {
    const lines = [...lasting, ...frame];
    return `${this.#eraseFrame()}${lines.map((line) => `${line}\n`).join('')}`;
  }

  /** tmux keeps what is erased from the screen's first line down: so each row is erased on its own. */
  #eraseFrame(): string {
    if (this.#frame.length === 0) return '';
    // What has left the screen at its top can't be reached any more.
    const rows = Math.min(this.#countFrameRows(), this.rows - 1);
    return `${moveUp(rows)}${`${ERASE_LINE}\n`.repeat(rows)}${ERASE_BELOW}${moveUp(rows)}`;
  }

  /** Over a slow connection a spinner should cost a few bytes, not a screen. */
  #drawChanges(frame: readonly string[]): string {
    if (frame.every((line, index) => line === this.#frame[index])) return '';
    const lines = frame.map((line, index) =>
      line === this.#frame[index] ? '\n' : `${ERASE_LINE}${line}\n`,
    );
    return `${moveUp(frame.length)}${lines.join('')}`;
  }

  /** How many rows the drawn frame takes now: a terminal that became narrower has broken its lines. */
  #countFrameRows(): number {
    return this.#frame.reduce(
      (sum, line) => sum + Math.max(1, Math.ceil(measureWidth(line) / this.columns)),
      0,
    );
  }
}

function positiveOr(value: number | undefined, fallback: number): number {
  return value !== undefined && value > 0 ? value : fallback;
}

function moveUp(rows: number): string {
  return rows === 0 ? '\r' : `\r\u001b[${rows}A`;
}
