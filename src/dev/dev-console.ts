import { redact } from '../exec/redact.js';
import type { Emit, RunEvent } from '../report/events.js';
import { cleanLine, cleanLines } from '../report/format.js';
import { createPaint, type Paint } from '../report/style.js';

export interface DevConsoleOptions {
  /** Takes whole lines, each with its line break. */
  readonly write: (text: string) => void;
  /** A terminal that shows colours: the container's own pass, too. */
  readonly color: boolean;
  /** Show the output of the build. */
  readonly verbose: boolean;
  /** Of our own lines, show warnings only. */
  readonly quiet: boolean;
}

const PREFIX = '[addon-release]';
const BUILD_PREFIX = '[build]';

/** The container's log, and our own lines between it, which begin with a prefix that add-ons don't use. */
export class DevConsole {
  readonly #paint: Paint;

  constructor(private readonly options: DevConsoleOptions) {
    this.#paint = createPaint(options.color);
  }

  /** Says what happens. */
  say(text: string): void {
    if (!this.options.quiet) this.#own(PREFIX, 'cyan', text);
  }

  /** Says what somebody should look at. */
  warn(text: string): void {
    this.#own(PREFIX, 'yellow', text);
  }

  /** A line of the container's log, as it came; on anything but a terminal without escape sequences. */
  log(line: string): void {
    this.options.write(`${redact(this.options.color ? line : cleanLine(line))}\n`);
  }

  /** Shows the events of the steps and the build that somebody waits for. */
  readonly emit: Emit = (event) => {
    if (event.type === 'notice') {
      if (event.level === 'warning') this.warn(event.message);
      else this.say(event.message);
    } else if (this.options.verbose) {
      this.#emitDetails(event);
    }
  };

  #emitDetails(event: RunEvent): void {
    if (event.type === 'step-started') this.say(event.title);
    if (event.type === 'log') this.#own(BUILD_PREFIX, 'dim', event.line);
  }

  #own(prefix: string, style: 'cyan' | 'yellow' | 'dim', text: string): void {
    for (const line of cleanLines(text)) {
      this.options.write(`${this.#paint(style, prefix)} ${redact(line)}\n`);
    }
  }
}
