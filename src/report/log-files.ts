import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { redact } from '../exec/redact.js';
import type { Phase, RunEvent } from './events.js';
import { cleanLine } from './format.js';
import type { Reporter } from './reporter.js';

export interface LogFileOptions {
  /** The run's own folder; the files are in `logs` below it. */
  readonly runDir: string;
  /**
   * Called at most once, when a log can't be written (a full disk, a missing right). The run goes on without log
   * files.
   */
  readonly onWriteError: (message: string) => void;
}

/** Written in blocks of about this many bytes (UTF-16 units), or after `FLUSH_DELAY_MS`. */
const BLOCK_SIZE = 64 * 1024;
const FLUSH_DELAY_MS = 250;

/** The full log of one architecture's phase. */
export function logFilePath(runDir: string, arch: string, phase: Phase): string {
  return join(runDir, 'logs', `${arch}-${phase}.log`);
}

/**
 * Keeps every `log` event in its architecture's and phase's file, without secrets and terminal escapes. Files are
 * made with their first line, and continued when they exist: a resumed run adds to its own logs. Lines are on disk
 * a quarter of a second after they came, and when their phase ends.
 */
export function createLogFileReporter(options: LogFileOptions): Reporter {
  const files = new Map<string, LogFile>();
  let broken = false;

  const attempt = (action: () => void): void => {
    try {
      action();
    } catch (error) {
      if (broken) return;
      broken = true;
      const reason = error instanceof Error ? error.message : String(error);
      options.onWriteError(`log files are incomplete: ${reason}`);
    }
  };

  const findFile = (path: string): LogFile => {
    const known = files.get(path);
    if (known !== undefined) return known;
    mkdirSync(join(options.runDir, 'logs'), { recursive: true });
    const file = new LogFile(openSync(path, 'a'), attempt);
    files.set(path, file);
    return file;
  };

  return {
    emit(event: RunEvent) {
      if (event.type !== 'log' && event.type !== 'phase-finished') return;
      if (broken) return;
      const path = logFilePath(options.runDir, event.arch, event.phase);
      attempt(() => {
        if (event.type === 'log') findFile(path).append(redact(cleanLine(event.line)));
        else files.get(path)?.flush();
      });
    },
    close() {
      for (const file of files.values()) {
        attempt(() => {
          file.flush();
        });
        attempt(() => {
          file.close();
        });
      }
      files.clear();
      return Promise.resolve();
    },
  };
}

/** A file that is open for appending. Writes are synchronous, so that lines never wait in memory for a slow disk. */
class LogFile {
  readonly #descriptor: number;
  readonly #attempt: (action: () => void) => void;
  #block = '';
  #timer: NodeJS.Timeout | undefined;

  constructor(descriptor: number, attempt: (action: () => void) => void) {
    this.#descriptor = descriptor;
    this.#attempt = attempt;
  }

  append(line: string): void {
    this.#block += `${line}\n`;
    if (this.#block.length >= BLOCK_SIZE) {
      this.flush();
      return;
    }
    this.#timer ??= setTimeout(() => {
      this.#attempt(() => {
        this.flush();
      });
    }, FLUSH_DELAY_MS).unref();
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    let rest = Buffer.from(this.#block);
    this.#block = '';
    // A write may take only the beginning, for instance when the disk fills up.
    while (rest.length > 0) rest = rest.subarray(writeSync(this.#descriptor, rest));
  }

  close(): void {
    clearTimeout(this.#timer);
    closeSync(this.#descriptor);
  }
}
