import { once } from 'node:events';
import type { IncomingHttpHeaders } from 'node:http';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { pack } from 'tar-stream';
import { docker, tryDocker } from '../engine/docker.js';
import { splitOutputs } from '../engine/docker-stream.js';
import {
  askEngine,
  downloadFromEngine,
  followEngine,
  readEngineHeaders,
  readRefusal,
  requireAnswer,
  type EngineRequest,
} from '../engine/engine-api.js';
import { AddonReleaseError } from '../errors.js';
import { redact } from '../exec/redact.js';
import type { RunResult } from '../exec/run.js';
import { watchContainer } from './container-events.js';

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

/** `docker diff` has letters for the numbers of the API. */
const CHANGE_KINDS = ['C', 'A', 'D'];

/** Where a symbolic link leads to, the whole chain followed by the engine; undefined for everything else. */
function readLinkTarget(headers: IncomingHttpHeaders): string | undefined {
  const stat = headers['x-docker-container-path-stat'];
  if (typeof stat !== 'string') return undefined;
  const { linkTarget } = JSON.parse(Buffer.from(stat, 'base64').toString()) as {
    readonly linkTarget: string;
  };
  return linkTarget === '' ? undefined : linkTarget;
}

/**
 * One container from `docker create` to its removal. All but `docker create` and `docker exec` goes to the engine's
 * API: a start of `docker` takes more processor time than the engine's answer. After an exec the engine closes the
 * connection, so that another start would be needed all the same.
 */
export class Container {
  private readonly logLines: string[] = [];
  private readonly waiters = new Set<() => void>();
  private readonly following = new AbortController();
  private unwatch: (() => void) | undefined;
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
    await requireAnswer({
      ...this.call('PUT', 'archive'),
      query: { path: '/', noOverwriteDirNonDir: 'true' },
      archive: Buffer.concat(chunks),
    });
  }

  private call<M extends EngineRequest['method']>(
    method: M,
    part: string,
  ): EngineRequest & { readonly method: M } {
    const path = `/containers/${this.id}${part === '' ? '' : `/${part}`}`;
    return { method, path, timeoutMs: CALL_TIMEOUT_MS };
  }

  /**
   * Starts the container and follows its log and the engine's events about it.
   *
   * @returns the engine's message when it refuses to start it (no such program, wrong format, mount failure)
   */
  async start(signal: AbortSignal): Promise<string | undefined> {
    this.unwatch ??= watchContainer(this.id, () => {
      for (const wake of this.waiters) wake();
    });
    this.started = performance.now();
    const started = await askEngine({ ...this.call('POST', 'start'), signal });
    this.logEnded = this.followLog();
    return started.status < 400 ? undefined : readRefusal(started);
  }

  /** Resolves when the last line was there. */
  private async followLog(): Promise<void> {
    const onLine = (text: string): void => {
      // Add-ons print their environment, and lines of this log become evidence.
      const line = redact(text);
      this.logLines.push(line);
      if (this.logLines.length > KEPT_LOG_LINES) this.logLines.shift();
      this.onLog(line);
    };
    const request = {
      ...this.call('GET', 'logs'),
      query: { follow: '1', stdout: '1', stderr: '1' },
      signal: this.following.signal,
    };
    await followEngine(request, async (answer) => {
      const sources = Object.values(splitOutputs(answer)).map((input) =>
        createInterface({ input, crlfDelay: Infinity }).on('line', onLine),
      );
      await Promise.all(sources.map((source) => once(source, 'close')));
    }).catch((error: unknown) => {
      if (this.following.signal.aborted) return;
      // An engine that keeps its containers' output elsewhere can't tell it.
      if (error instanceof AddonReleaseError && error.output !== undefined) onLine(error.output);
    });
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
    const container = JSON.parse(
      await requireAnswer(this.call('GET', 'json')),
    ) as InspectedContainer;
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
   * least every `pollMs`. The engine is asked for the state at events and now and then only, because every call takes
   * processor time from an emulated add-on that starts.
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
    const answer = await askEngine({
      ...this.call('GET', 'top'),
      query: { ps_args: '-eo pid,uid,args' },
    });
    // One that has ended has none.
    if (answer.status >= 400) return [];
    const { Processes: rows } = JSON.parse(answer.body) as {
      readonly Processes: readonly (readonly string[])[] | null;
    };
    return (rows ?? []).map(([pid, uid, command = '']) => ({
      pid: Number(pid),
      uid: Number(uid),
      command,
    }));
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
    const body = await requireAnswer(this.call('GET', 'changes'));
    const changes = JSON.parse(body) as
      readonly { readonly Kind: number; readonly Path: string }[] | null;
    return (changes ?? []).map(({ Kind, Path }) => ({
      kind: CHANGE_KINDS[Kind] ?? '',
      path: Path,
    }));
  }

  /** Whether there is a file or folder, links followed. */
  async has(path: string): Promise<boolean> {
    const ask = (of: string) =>
      readEngineHeaders({ ...this.call('HEAD', 'archive'), query: { path: of } });
    const headers = await ask(path);
    if (headers === undefined) return false;
    const target = readLinkTarget(headers);
    return target === undefined || (await ask(target)) !== undefined;
  }

  /**
   * A file or folder of the container as a tar stream; undefined when there is none. A symbolic link at the path itself
   * is followed, as by `docker cp --follow-link`.
   */
  async readTar(path: string): Promise<Readable | undefined> {
    const ask = (of: string) =>
      downloadFromEngine({ ...this.call('GET', 'archive'), query: { path: of } });
    const download = await ask(path);
    if (download === undefined) return undefined;
    const target = readLinkTarget(download.headers);
    if (target === undefined) return download.content;
    // That is the link alone.
    download.content.on('error', () => undefined).resume();
    return (await ask(target))?.content;
  }

  /** Sends SIGTERM, and SIGKILL after the time is over. Returns how long it took. */
  async stop(timeoutSeconds: number): Promise<{ readonly durationMs: number }> {
    const asked = performance.now();
    await requireAnswer({
      ...this.call('POST', 'stop'),
      query: { t: String(timeoutSeconds) },
      timeoutMs: (timeoutSeconds + 60) * 1000,
    });
    return { durationMs: performance.now() - asked };
  }

  /** Removes the container whatever its state, and ends what follows it. */
  async remove(): Promise<void> {
    // The environment removes by label what is left.
    const removed = await askEngine({
      ...this.call('DELETE', ''),
      query: { force: '1', v: '1' },
    }).catch(() => undefined);
    // The end of the log leaves a connection for other requests.
    if (removed !== undefined) await this.waitForLog();
    this.following.abort();
    await this.logEnded;
    this.unwatch?.();
    for (const wake of this.waiters) wake();
  }
}
