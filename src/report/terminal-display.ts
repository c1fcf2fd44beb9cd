import { redact } from '../exec/redact.js';
import { cleanLine, wrapToWidth } from './format.js';
import { LiveScreen, type TerminalStream } from './live-screen.js';
import type { Paint } from './style.js';
import { drawEndedStep, drawLiveSteps, type Canvas, type StepView } from './terminal-rows.js';
import { captureLines, type CapturableStream } from './write-capture.js';

export interface TerminalDisplayOptions {
  readonly stream: TerminalStream;
  /** Every stream that may reach the same terminal: what is written to them appears above the steps. */
  readonly guarded: readonly CapturableStream[];
  readonly paint: Paint;
  readonly unicode: boolean;
  /** Milliseconds. */
  readonly now: () => number;
}

const REDRAW_PERIOD_MS = 100;
/** So many lines are not kept waiting for the next redraw. */
const MAX_WAITING_LINES = 200;

/**
 * Shows the steps of a run on a terminal: those that run are redrawn in place; those that have ended, and everything
 * printed, become part of the scrollback. So the redrawn part stays small, and nothing that was said is lost.
 */
export class TerminalDisplay {
  readonly #options: TerminalDisplayOptions;
  readonly #screen: LiveScreen;
  readonly #waiting: string[] = [];
  #listSteps: () => readonly StepView[] = () => [];
  #endedSteps = 0;
  #timer: NodeJS.Timeout | undefined;
  #release: readonly (() => void)[] = [];

  constructor(options: TerminalDisplayOptions) {
    this.#options = options;
    this.#screen = new LiveScreen(options.stream);
  }

  /**
   * @param listSteps all steps of the run so far, in their order
   */
  begin(listSteps: () => readonly StepView[]): void {
    this.#listSteps = listSteps;
    this.#release = this.#options.guarded.map((stream) =>
      captureLines(stream, (line) => {
        this.print(redact(cleanLine(line)));
      }),
    );
    this.#timer = setInterval(() => {
      this.#redraw();
    }, REDRAW_PERIOD_MS).unref();
  }

  /** Prints a line above the steps. It may be wider than the terminal. */
  print(line: string): void {
    this.#waiting.push(line);
    if (this.#waiting.length >= MAX_WAITING_LINES) this.#redraw();
  }

  /** The same for a text of one or several lines, broken between words. Lines after the first are indented. */
  printText(text: string): void {
    const indent = '  ';
    const width = this.#screen.columns - 1 - indent.length;
    const [first = '', ...rest] = text.split('\n').flatMap((line) => wrapToWidth(line, width));
    this.print(first);
    for (const line of rest) this.print(`${indent}${line}`);
  }

  /** Draws everything for the last time and gives the terminal back. */
  end(): void {
    clearInterval(this.#timer);
    for (const release of this.#release) release();
    this.#release = [];
    this.#redraw();
    this.#screen.close();
  }

  #redraw(): void {
    const canvas: Canvas = {
      // Text in the last column makes terminals disagree about where the cursor is.
      width: this.#screen.columns - 1,
      paint: this.#options.paint,
      unicode: this.#options.unicode,
      now: this.#options.now(),
    };
    const open = this.#listSteps().slice(this.#endedSteps);
    const firstRunning = open.findIndex(({ state }) => state === 'running');
    const ended = firstRunning === -1 ? open : open.slice(0, firstRunning);
    const running = open.slice(ended.length);
    this.#endedSteps += ended.length;
    this.#screen.update(
      [...ended.flatMap((step) => drawEndedStep(step, canvas)), ...this.#waiting.splice(0)],
      drawLiveSteps(running, this.#screen.rows - 1, canvas),
    );
  }
}
