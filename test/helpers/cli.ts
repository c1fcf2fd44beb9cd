import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';

export const CLI = path.resolve(import.meta.dirname, '../../dist/main.js');

/** Where the base images are: what scripts/base-images pushed. */
export const BASE_REGISTRY = process.env['ADDON_RELEASE_REGISTRY'] ?? 'localhost:5000';

/** How the fixtures' base images are reached. */
export const BASE_MIRROR = [
  '--base-mirror',
  `ghcr.io/home-assistant=${BASE_REGISTRY}/home-assistant`,
] as const;

/** Registers what is to be done at the end of a test, or of whatever else the caller decides. */
export type AtEnd = (action: () => Promise<unknown>) => void;

export const atEndOfTest: AtEnd = (action) => {
  onTestFinished(async () => {
    await action();
  });
};

export interface CliOptions {
  /** Default: a folder without an add-on. */
  readonly cwd?: string | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Where the clean-up goes; needed outside of a test. */
  readonly atEnd?: AtEnd | undefined;
}

/** A run of the program that has ended. */
export interface CliRun {
  readonly pid: number;
  /** Null when a signal ended it. */
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** ADDON_RELEASE_STATE of this run: its logs are below. Removed at the end. */
  readonly stateFolder: string;
}

/** A run of the program in a process group of its own, as a terminal starts it. */
export interface RunningCli {
  readonly pid: number;
  readonly stateFolder: string;
  readonly stdout: () => string;
  readonly stderr: () => string;
  readonly kill: (signal: NodeJS.Signals) => void;
  /** To the program and everything that it started: what Ctrl-C in a terminal does. */
  readonly killGroup: (signal: NodeJS.Signals) => void;
  readonly ended: Promise<CliRun>;
}

/** What decides about the form of the output must come from the test alone. */
const NOT_INHERITED = [
  ...['CI', 'GITHUB_ACTIONS', 'GITLAB_CI', 'NO_COLOR', 'FORCE_COLOR', 'COLUMNS', 'TERM'],
  ...['SOURCE_DATE_EPOCH', 'BUILDX_BUILDER', 'NODE_OPTIONS', 'ADDON_RELEASE_STATE'],
];

/** The environment of the tests without what would change what the program prints. */
export function cleanEnvironment(
  changes: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const inherited = Object.entries(process.env).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && !NOT_INHERITED.includes(entry[0]) && !/^VITEST/.test(entry[0]),
  );
  return { ...Object.fromEntries(inherited), TERM: 'xterm', ...changes };
}

/** A folder of its own below the system's temporary one, removed at the end. */
export async function makeTemporaryFolder(name: string, atEnd = atEndOfTest): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), `addon-release-${name}-`));
  atEnd(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Starts the built program. Whatever a test leaves running is ended with the test. */
export async function startCli(
  args: readonly string[],
  options: CliOptions = {},
): Promise<RunningCli> {
  const { atEnd = atEndOfTest } = options;
  const stateFolder =
    options.env?.['ADDON_RELEASE_STATE'] ?? (await makeTemporaryFolder('state', atEnd));
  const child = spawn(process.execPath, [CLI, ...args], {
    cwd: options.cwd ?? stateFolder,
    env: cleanEnvironment({ ADDON_RELEASE_STATE: stateFolder, ...options.env }),
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const { pid = 0 } = child;
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const closed = once(child, 'close');
  const ended = closed.then((): CliRun => ({
    pid,
    exitCode: child.exitCode,
    signal: child.signalCode,
    stdout,
    stderr,
    stateFolder,
  }));
  atEnd(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await ended;
  });
  return {
    pid,
    stateFolder,
    stdout: () => stdout,
    stderr: () => stderr,
    kill: (signal) => child.kill(signal),
    killGroup: (signal) => process.kill(-pid, signal),
    ended,
  };
}

/** Runs the built program to its end. */
export async function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliRun> {
  const { ended } = await startCli(args, options);
  return ended;
}

/** Asks again until there is an answer. */
export async function waitUntil<T>(
  what: string,
  ask: () => Promise<T | undefined> | T | undefined,
  timeoutMs = 120_000,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() > deadline) throw new Error(`waited in vain: ${what}`);
    await sleep(100);
  }
}

/** Waits until a run has written something to standard error; fails with all that it wrote when it does not. */
export async function waitForOutput(cli: RunningCli, pattern: RegExp): Promise<void> {
  const wrote = waitUntil(String(pattern), () => pattern.exec(cli.stderr()) ?? undefined);
  const result = await Promise.race([wrote.catch(() => undefined), cli.ended]);
  if (result === undefined || !pattern.test(cli.stderr())) {
    throw new Error(`${String(pattern)} is not in:\n${cli.stderr()}`);
  }
}
