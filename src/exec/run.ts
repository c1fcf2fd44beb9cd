import type { ChildProcess } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { createInterface } from 'node:readline';
import { execa, type Options } from 'execa';
import { AddonReleaseError } from '../errors.js';
import { redact } from './redact.js';

export interface RunOptions {
  readonly cwd?: string;
  /** Added to the process's own environment; undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Written to standard input, which is closed afterwards. Without it standard input is empty. */
  readonly input?: string | Uint8Array;
  readonly timeoutMs?: number;
  /** Aborting sends SIGTERM, and SIGKILL five seconds later. */
  readonly signal?: AbortSignal | undefined;
  /** Called for each line of standard output. */
  readonly onStdoutLine?: (line: string) => void;
  /** Called for each line of standard error. */
  readonly onStderrLine?: (line: string) => void;
  /** How much of each stream is kept, in bytes (UTF-16 units); the end is kept. Default 1 MiB. */
  readonly keep?: number;
}

export interface RunResult {
  readonly command: readonly string[];
  /** Null when the process was ended by a signal. */
  readonly exitCode: number | null;
  readonly signal: string | undefined;
  readonly stdout: string;
  readonly stderr: string;
  readonly timedOut: boolean;
  readonly durationMs: number;
}

const DEFAULT_KEEP = 1024 * 1024;

/** Longer than a reader needs to take what is left in the pipes. */
const DRAIN_MS = 2_000;

/** Collects a stream's end without ever holding more than twice `limit`. */
function collect(stream: Readable, limit: number, onLine: ((line: string) => void) | undefined) {
  let text = '';
  if (onLine === undefined) {
    stream.setEncoding('utf8');
    stream.on('data', (chunk: string) => {
      text += chunk;
      if (text.length > 2 * limit) text = text.slice(-limit);
    });
    return { text: () => text, done: Promise.resolve(), stop: () => stream.destroy() };
  }
  const lines = createInterface({ input: stream, crlfDelay: Infinity });
  lines.on('line', (line) => {
    text += `${line}\n`;
    if (text.length > 2 * limit) text = text.slice(-limit);
    onLine(line);
  });
  const done = new Promise<void>((resolve) => lines.once('close', resolve));
  const stop = () => {
    lines.close();
    stream.destroy();
  };
  return { text: () => text, done, stop };
}

/**
 * Something that a process started may outlive it and hold its pipes open, possibly for ever. Calls `stop` when the
 * process has ended and nothing comes any more, or, after it was killed, whatever still comes.
 */
function stopAfterExit(child: ChildProcess, stop: () => void): void {
  child.once('exit', () => {
    let heard = false;
    let timer: NodeJS.Timeout | undefined;
    const listen = (): void => {
      heard = false;
      timer = setTimeout(() => {
        // Timers come first in a loop that was blocked: what has arrived meanwhile is read before this.
        setImmediate(() => {
          if (heard && !child.killed) listen();
          else stop();
        });
      }, DRAIN_MS);
    };
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', () => {
        heard = true;
      });
    }
    listen();
    child.once('close', () => {
      clearTimeout(timer);
    });
  });
}

/** Where those are told how to install a program whose package has another name, or who want another than Debian's. */
const INSTALLATION: Readonly<Record<string, string>> = {
  docker:
    'https://docs.docker.com/engine/install/ (Debian: apt-get install docker.io docker-buildx)',
};

function missingTool(file: string, cause: unknown): AddonReleaseError {
  const how = INSTALLATION[file];
  return new AddonReleaseError('environment', `${file} is not installed or not on PATH`, {
    hint: `Install ${file}${how === undefined ? '' : `: ${how}`}. \`addon-release doctor\` shows what else is missing.`,
    cause,
  });
}

function baseOptions(options: RunOptions): Options {
  return {
    reject: false,
    buffer: false,
    stripFinalNewline: false,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.env === undefined ? {} : { env: { ...options.env } }),
    ...(options.timeoutMs === undefined ? {} : { timeout: options.timeoutMs }),
    ...(options.signal === undefined ? {} : { cancelSignal: options.signal }),
    forceKillAfterDelay: 5_000,
  };
}

/**
 * Starts a program with an argument list (never through a shell) and waits for its end, whatever its exit code.
 *
 * @throws AddonReleaseError `environment` when the program does not exist.
 * @throws the signal's reason when it was aborted before: then nothing is started.
 */
export async function run(
  file: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  options.signal?.throwIfAborted();
  const keep = options.keep ?? DEFAULT_KEEP;
  const child = execa(file, [...args], {
    ...baseOptions(options),
    ...(options.input === undefined ? { stdin: 'ignore' as const } : { input: options.input }),
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const stdout = collect(child.stdout, keep, options.onStdoutLine);
  const stderr = collect(child.stderr, keep, options.onStderrLine);
  stopAfterExit(child, () => {
    stdout.stop();
    stderr.stop();
  });
  const result = await child;
  await Promise.all([stdout.done, stderr.done]);
  if (result.code === 'ENOENT' && result.exitCode === undefined) {
    throw missingTool(file, result.cause);
  }
  return {
    command: [file, ...args],
    exitCode: result.exitCode ?? null,
    signal: result.signal,
    stdout: redact(stdout.text()),
    stderr: redact(stderr.text()),
    timedOut: result.timedOut,
    durationMs: result.durationMs,
  };
}

export interface StreamingProcess {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Resolves with the exit code (null after a signal) when the process has ended. */
  readonly ended: Promise<number | null>;
  /** Sends SIGTERM, and SIGKILL five seconds later. */
  readonly kill: () => void;
}

/**
 * Starts a program whose streams the caller reads and writes while it runs.
 *
 * @throws the signal's reason when it was aborted before: then nothing is started.
 */
export function start(
  file: string,
  args: readonly string[],
  options: Pick<RunOptions, 'cwd' | 'env' | 'signal'> = {},
): StreamingProcess {
  options.signal?.throwIfAborted();
  const child = execa(file, [...args], {
    ...baseOptions(options),
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'pipe',
  });
  child.once('exit', () => {
    // Only then: else the caller reads the streams to their end, as slowly as it likes.
    if (!child.killed) return;
    const timer = setTimeout(() => {
      child.stdout.destroy();
      child.stderr.destroy();
    }, DRAIN_MS);
    child.once('close', () => {
      clearTimeout(timer);
    });
  });
  return {
    stdin: child.stdin,
    stdout: child.stdout,
    stderr: child.stderr,
    ended: child.then((result) => {
      if (result.code === 'ENOENT' && result.exitCode === undefined) {
        throw missingTool(file, result.cause);
      }
      return result.exitCode ?? null;
    }),
    kill: () => {
      child.kill('SIGTERM');
    },
  };
}
