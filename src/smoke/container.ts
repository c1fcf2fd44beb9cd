import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { pack } from 'tar-stream';
import { docker, streamDocker, tryDocker } from '../engine/docker.js';
import { AddonReleaseError } from '../errors.js';
import { redact } from '../exec/redact.js';
import type { RunResult, StreamingProcess } from '../exec/run.js';

/** What happened to a container since it was started, in the engine's words. */
export interface ContainerState {
  readonly running: boolean;
  readonly exitCode: number;
  readonly outOfMemory: boolean;
  readonly health: 'none' | 'starting' | 'healthy' | 'unhealthy';
  /** Output of the last health probe. */
  readonly healthOutput: string;
  readonly address: string;
  readonly restarts: number;
}

interface InspectedContainer {
  readonly RestartCount?: number;
  readonly State: {
    readonly Running: boolean;
    readonly ExitCode: number;
    readonly OOMKilled: boolean;
    readonly Health?: {
      readonly Status: string;
      readonly Log?: readonly { readonly Output?: string; readonly ExitCode?: number }[] | null;
    } | null;
  };
  readonly NetworkSettings?: {
    readonly Networks?: Readonly<Record<string, { readonly IPAddress?: string }>>;
  };
}

/** A file for `putFiles`. Owners and modes are kept, so root's secrets stay root's. */
export interface ContainerFile {
  readonly path: string;
  readonly content: string | Uint8Array;
  readonly mode: number;
}

/** A process as `docker top` lists it, in the host's view. */
export interface ContainerProcess {
  readonly pid: number;
  readonly uid: number;
  readonly command: string;
}

/** Long enough for a loaded machine, short enough to notice an engine that hangs. */
const CALL_TIMEOUT_MS = 120_000;
const KEPT_LOG_LINES = 200;

/** How old a state may be while no event says that it has changed. */
const STATE_AGE_MS = 5_000;

/** After a container's end its last lines arrive within this time, or there are none. */
const LOG_END_MS = 10_000;

/** One container from `docker create` to `docker rm`. */
export class Container {
  private readonly logLines: string[] = [];
  private readonly waiters = new Set<() => void>();
  private streams: StreamingProcess[] = [];
  private logEnded: Promise<void> = Promise.resolve();
  private started = performance.now();

  private constructor(
    readonly id: string,
    private readonly onLog: (line: string) => void,
  ) {}

  /** Creates the container from `docker create` arguments without starting it. */
  static async create(
    args: readonly string[],
    onLog: (line: string) => void,
    signal: AbortSignal,
  ): Promise<Container> {
    const output = await docker(['create', '--pull=never', ...args], {
      timeoutMs: CALL_TIMEOUT_MS,
      signal,
    });
    return new Container(output.trim().split('\n').at(-1) ?? '', onLog);
  }

  /** Writes files into the container; works before it is started, also below volumes. */
  async putFiles(files: readonly ContainerFile[]): Promise<void> {
    const archive = pack();
    for (const { path, content, mode } of files) {
      archive.entry({ name: path.replace(/^\//, ''), mode, uid: 0, gid: 0 }, Buffer.from(content));
    }
    archive.finalize();
    const chunks: Buffer[] = [];
    for await (const chunk of archive) chunks.push(chunk as Buffer);
    await docker(['cp', '-', `${this.id}:/`], {
      input: Buffer.concat(chunks),
      timeoutMs: CALL_TIMEOUT_MS,
    });
  }

  /**
   * Starts the container and follows its log and the engine's events about it.
   *
   * @returns the engine's message when it refuses to start it (no such program, wrong format, mount failure)
   */
  async start(signal: AbortSignal): Promise<string | undefined> {
    const events = streamDocker([
      'events',
      '--since=1m',
      `--filter=container=${this.id}`,
      '--format={{.Action}}',
    ]);
    void this.follow(events, (action) => {
      // Each health probe is an `exec_…`.
      if (!action.startsWith('exec_')) for (const wake of this.waiters) wake();
    });
    this.started = performance.now();
    const started = await tryDocker(['start', this.id], { timeoutMs: CALL_TIMEOUT_MS, signal });
    signal.throwIfAborted();
    const log = streamDocker(['logs', '--follow', this.id]);
    this.logEnded = this.follow(log, (text) => {
      // Add-ons print their environment, and lines of this log become evidence.
      const line = redact(text);
      this.logLines.push(line);
      if (this.logLines.length > KEPT_LOG_LINES) this.logLines.shift();
      this.onLog(line);
    });
    return started.exitCode === 0 ? undefined : started.stderr.trim();
  }

  /** Resolves when the last line was there. */
  private async follow(stream: StreamingProcess, onLine: (line: string) => void): Promise<void> {
    this.streams.push(stream);
    stream.ended.catch(() => undefined);
    const sources = [stream.stdout, stream.stderr].map((input) =>
      createInterface({ input, crlfDelay: Infinity }).on('line', onLine),
    );
    await Promise.all(sources.map((source) => once(source, 'close')));
  }

  /** When it was started, on the clock of `performance.now()`. */
  get startedAtMs(): number {
    return this.started;
  }

  /** The last lines of the container's output so far. */
  get log(): readonly string[] {
    return this.logLines;
  }

  /** Waits for the last lines of a container that has ended: they arrive later than the news of its end. */
  async waitForLog(): Promise<void> {
    const timeout = new AbortController();
    const late = sleep(LOG_END_MS, undefined, { signal: timeout.signal, ref: false });
    await Promise.race([this.logEnded, late.catch(() => undefined)]);
    timeout.abort();
  }

  async state(): Promise<ContainerState> {
    const output = await docker(['container', 'inspect', this.id], { timeoutMs: CALL_TIMEOUT_MS });
    const [container] = JSON.parse(output) as readonly InspectedContainer[];
    if (container === undefined) throw new Error(`container ${this.id} is gone`);
    const { State: state } = container;
    const health = state.Health?.Status;
    const networks = Object.values(container.NetworkSettings?.Networks ?? {});
    return {
      running: state.Running,
      exitCode: state.ExitCode,
      outOfMemory: state.OOMKilled,
      health:
        health === 'starting' || health === 'healthy' || health === 'unhealthy' ? health : 'none',
      healthOutput: state.Health?.Log?.at(-1)?.Output?.trim() ?? '',
      address: networks[0]?.IPAddress ?? '',
      restarts: container.RestartCount ?? 0,
    };
  }

  /**
   * Waits until `reached` holds, looking again whenever the engine reports something about the container and at
   * least every `pollMs`. The engine is asked for the state at events and now and then only, because every call of
   * `docker` takes processor time from an emulated add-on that starts.
   *
   * @returns the last state, and whether it was reached in time
   */
  async waitFor(
    reached: (state: ContainerState) => boolean | Promise<boolean>,
    options: { readonly timeoutMs: number; readonly pollMs: number; readonly signal: AbortSignal },
  ): Promise<{ readonly state: ContainerState; readonly reached: boolean }> {
    const deadline = performance.now() + options.timeoutMs;
    let readAt = 0;
    let state: ContainerState | undefined;
    for (;;) {
      options.signal.throwIfAborted();
      const changed = this.nextEvent(Math.min(options.pollMs, deadline - performance.now()));
      if (state === undefined || performance.now() - readAt >= STATE_AGE_MS) {
        readAt = performance.now();
        state = await this.state();
      }
      if (await reached(state)) return { state, reached: true };
      if (!state.running) return { state, reached: false };
      if (performance.now() >= deadline) return { state: await this.state(), reached: false };
      if (await changed) state = undefined;
    }
  }

  /** Waits for the engine to report something; false when it did not in time. */
  private nextEvent(timeoutMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const wake = (happened: boolean) => {
        clearTimeout(timer);
        this.waiters.delete(report);
        resolve(happened);
      };
      const report = () => {
        wake(true);
      };
      const timer = setTimeout(wake, Math.max(0, timeoutMs), false);
      this.waiters.add(report);
    });
  }

  /** The processes inside, by numeric user as the kernel knows it. */
  async processes(): Promise<readonly ContainerProcess[]> {
    const result = await tryDocker(['top', this.id, '-eo', 'pid,uid,args'], {
      timeoutMs: CALL_TIMEOUT_MS,
    });
    if (result.exitCode !== 0) return [];
    return result.stdout
      .split('\n')
      .slice(1)
      .flatMap((line) => {
        const match = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line);
        if (match === null) return [];
        const [, pid = '', uid = '', command = ''] = match;
        return [{ pid: Number(pid), uid: Number(uid), command }];
      });
  }

  /** Runs a program inside as the image's user, without a shell, and returns its result whatever it is. */
  async exec(args: readonly string[]): Promise<RunResult> {
    return tryDocker(['exec', this.id, ...args], { timeoutMs: CALL_TIMEOUT_MS });
  }

  /** The same as user 0, who sees all processes. */
  async execAsRoot(args: readonly string[]): Promise<RunResult> {
    return tryDocker(['exec', '--user=0', this.id, ...args], { timeoutMs: CALL_TIMEOUT_MS });
  }

  /** Paths that were added (A), changed (C) or deleted (D) in the container itself, volumes left out. */
  async changes(): Promise<readonly { readonly kind: string; readonly path: string }[]> {
    const result = await tryDocker(['diff', this.id], { timeoutMs: CALL_TIMEOUT_MS });
    return result.stdout.split('\n').flatMap((line) => {
      const match = /^([ACD]) (\/.*)$/.exec(line);
      return match === null ? [] : [{ kind: match[1] ?? '', path: match[2] ?? '' }];
    });
  }

  /** A file or folder of the container as a tar stream, links followed; undefined when there is none. */
  async readTar(path: string): Promise<StreamingProcess | undefined> {
    const stream = streamDocker(['cp', '--follow-link', `${this.id}:${path}`, '-']);
    stream.ended.catch(() => undefined);
    stream.stderr.resume();
    // Something comes at once when there is something, else the stream ends.
    await Promise.race([once(stream.stdout, 'readable'), stream.ended]);
    if (stream.stdout.readableLength > 0) return stream;
    await stream.ended;
    return undefined;
  }

  /** `docker stop`: SIGTERM, and SIGKILL after the time is over. Returns how long it took. */
  async stop(timeoutSeconds: number): Promise<{ readonly durationMs: number }> {
    const result = await tryDocker(['stop', `--time=${timeoutSeconds}`, this.id], {
      timeoutMs: (timeoutSeconds + 60) * 1000,
    });
    if (result.exitCode !== 0) {
      throw new AddonReleaseError('environment', 'docker stop failed', { output: result.stderr });
    }
    return { durationMs: result.durationMs };
  }

  /** Removes the container whatever its state, and ends what follows it. */
  async remove(): Promise<void> {
    await tryDocker(['rm', '--force', '--volumes', this.id], { timeoutMs: CALL_TIMEOUT_MS });
    for (const stream of this.streams) stream.kill();
    await Promise.allSettled(this.streams.map((stream) => stream.ended));
    this.streams = [];
    for (const wake of this.waiters) wake();
  }
}
