import type { PhaseProgress } from '../report/events.js';
import type { SolveStatus, Vertex, VertexLog, VertexStatus } from './progress-records.js';

/** How much of a failing instruction's output is kept for the message. */
const KEPT_LOG_LINES = 30;

interface Step {
  readonly digest: string;
  /** Without the target: `builder 3/5`, empty for a single stage's export. */
  readonly label: string;
  readonly instruction: string;
  readonly counted: boolean;
  readonly started: boolean;
  readonly completed: boolean;
  readonly cached: boolean;
  readonly error: string | undefined;
}

interface Bytes {
  readonly bytes: number;
  readonly totalBytes: number;
}

interface TargetState {
  readonly steps: Map<string, Step>;
  current: PhaseProgress;
  /** The step that `current` is about. */
  shown: string | undefined;
  startedMs: number | undefined;
  endedMs: number | undefined;
  exported: boolean;
  configDigest: string | undefined;
  manifestDigest: string | undefined;
}

export interface TargetResult {
  readonly exported: boolean;
  /** Digests that the exporter named; the config's identifies the image in every store and registry. */
  readonly configDigest: string | undefined;
  readonly manifestDigest: string | undefined;
  /** Instructions of the Dockerfile, `FROM` not counted, and how many of them came from the cache. */
  readonly totalSteps: number;
  readonly cachedSteps: number;
  /** From the first record to the export's end. */
  readonly durationMs: number;
  readonly failed: FailedStep | undefined;
}

export interface FailedStep {
  /** `builder 3/5`; empty where BuildKit names no stage. */
  readonly label: string;
  readonly instruction: string;
  readonly error: string;
  readonly log: readonly string[];
}

export interface ProgressListener {
  readonly onProgress: (target: string, progress: PhaseProgress) => void;
  readonly onLog: (target: string, line: string) => void;
  /** The image of a target has been written; others may still be building. */
  readonly onExported: (target: string) => void;
  /** A build cache could not be read or written; the build goes on. */
  readonly onCacheFailure?: (message: string) => void;
}

const NAME = /^\[([^\]]+)\] ?(.*)$/s;
const COUNTER = /(?:^| )(\d+)\/(\d+)$/;
/** Reading and writing a cache elsewhere, which BuildKit tells as it tells of instructions. */
const CACHE_STEP = /^(?:importing cache manifest from|exporting cache to) /;
const DIGEST = /sha256:[0-9a-f]{64}/;

/** Follows the records of one bake call and keeps, per target, what people and later steps need. */
export class BuildProgress {
  private readonly targets = new Map<string, TargetState>();
  /** Which targets a vertex belongs to: stages that are equal are built once for several. */
  private readonly owners = new Map<string, Set<string>>();
  private readonly logs = new Map<string, string[]>();
  /** Bytes moved and to be moved, by vertex and by the file or layer that is moved. */
  private readonly moved = new Map<string, Map<string, Bytes>>();
  /** The bytes of an unfinished line, by vertex and stream. */
  private readonly partial = new Map<string, Buffer>();
  /** The last log record, by vertex and stream. */
  private readonly last = new Map<string, readonly [time: string, data: string]>();

  constructor(
    targets: readonly string[],
    private readonly listener: ProgressListener,
    private readonly now: () => number = () => performance.now(),
  ) {
    for (const target of targets) {
      this.targets.set(target, {
        steps: new Map(),
        current: { current: 'waiting' },
        shown: undefined,
        startedMs: undefined,
        endedMs: undefined,
        exported: false,
        configDigest: undefined,
        manifestDigest: undefined,
      });
    }
  }

  apply(record: SolveStatus): void {
    const exported = (record.vertexes ?? []).flatMap((vertex) => this.applyVertex(vertex) ?? []);
    for (const status of record.statuses ?? []) this.applyStatus(status);
    for (const log of record.logs ?? []) this.applyLog(log);
    // Only now: the digests of an image may come in the record that ends its export.
    for (const target of exported) this.listener.onExported(target);
  }

  result(target: string): TargetResult {
    const state = this.targets.get(target);
    if (state === undefined) throw new Error(`unknown target ${target}`);
    const counted = [...state.steps.values()].filter((step) => step.counted);
    const now = this.now();
    const failed = [...state.steps.values()].find(
      (step) => step.error !== undefined && !isCancellation(step.error),
    );
    return {
      exported: state.exported,
      configDigest: state.configDigest,
      manifestDigest: state.manifestDigest,
      totalSteps: counted.length,
      cachedSteps: counted.filter((step) => step.cached).length,
      durationMs: (state.endedMs ?? now) - (state.startedMs ?? now),
      failed:
        failed === undefined
          ? undefined
          : {
              label: failed.label,
              instruction: failed.instruction,
              error: failed.error ?? '',
              log: this.logs.get(failed.digest) ?? [],
            },
    };
  }

  /** With one target BuildKit's names carry no target, with several each begins with it. */
  private locate(name: string): { target: string; label: string; instruction: string } | undefined {
    const match = NAME.exec(name);
    const [, bracket = '', instruction = name] = match ?? [];
    const only = this.targets.size === 1 ? [...this.targets.keys()][0] : undefined;
    const [first = '', ...rest] = bracket.split(' ');
    if (this.targets.has(first)) return { target: first, label: rest.join(' '), instruction };
    if (only === undefined) return undefined;
    return { target: only, label: bracket, instruction };
  }

  /** Returns the target if this ends its export. */
  private applyVertex(vertex: Vertex): string | undefined {
    const [, , what = vertex.name] = NAME.exec(vertex.name) ?? [];
    if (vertex.error !== undefined && CACHE_STEP.test(what)) {
      this.listener.onCacheFailure?.(`${what}: ${vertex.error}`);
      return undefined;
    }
    const place = this.locate(vertex.name);
    if (place === undefined) return undefined;
    const { target, label, instruction } = place;
    const state = this.targets.get(target);
    if (state === undefined) return undefined;
    const owners = this.owners.get(vertex.digest) ?? new Set();
    this.owners.set(vertex.digest, owners.add(target));
    const before = state.steps.get(vertex.digest);
    const step: Step = {
      digest: vertex.digest,
      label,
      instruction: instruction.replaceAll(/\s+/g, ' '),
      counted: COUNTER.test(label) && !instruction.startsWith('FROM '),
      started: vertex.started !== undefined,
      completed: vertex.completed !== undefined,
      cached: vertex.cached ?? before?.cached ?? false,
      error: vertex.error ?? before?.error,
    };
    state.steps.set(vertex.digest, step);
    if (step.completed) this.endLines(vertex.digest);
    if (step.started) state.startedMs ??= this.now();
    if (step.error !== undefined) state.endedMs = this.now();
    if (step.started && !step.completed) this.show(target, state, step);
    if (step.completed && state.shown === step.digest) this.showAnother(target, state);
    if (!isWritten(step) || state.exported) return undefined;
    state.exported = true;
    state.endedMs = this.now();
    return target;
  }

  /** When what was shown has ended, whatever runs longest still is shown instead. */
  private showAnother(target: string, state: TargetState): void {
    const running = [...state.steps.values()].find((step) => step.started && !step.completed);
    if (running !== undefined) this.show(target, state, running);
  }

  private show(target: string, state: TargetState, step: Step, bytes?: Bytes): void {
    state.shown = step.digest;
    const counted = [...state.steps.values()].filter((one) => one.counted);
    state.current = {
      current: `${step.label} ${step.instruction}`.trim(),
      done: counted.filter((one) => one.completed).length,
      total: counted.length,
      cached: counted.filter((one) => one.cached).length,
      ...bytes,
    };
    this.listener.onProgress(target, state.current);
  }

  /** What a step has moved in all: a base image's layers come side by side. */
  private addBytes({ vertex, id, current = 0, total = 0 }: VertexStatus): Bytes | undefined {
    if (total <= 0) return undefined;
    const files = this.moved.get(vertex) ?? new Map<string, Bytes>();
    this.moved.set(vertex, files.set(id, { bytes: current, totalBytes: total }));
    const list = [...files.values()];
    return {
      bytes: list.reduce((sum, file) => sum + file.bytes, 0),
      totalBytes: list.reduce((sum, file) => sum + file.totalBytes, 0),
    };
  }

  private applyStatus(status: VertexStatus): void {
    const bytes = this.addBytes(status);
    for (const target of this.owners.get(status.vertex) ?? []) {
      const state = this.targets.get(target);
      const step = state?.steps.get(status.vertex);
      if (state === undefined || step === undefined) continue;
      const digest = DIGEST.exec(status.id)?.[0];
      if (digest !== undefined && status.id.startsWith('exporting config ')) {
        state.configDigest = digest;
      } else if (digest !== undefined && status.id.startsWith('writing image ')) {
        state.configDigest = digest;
      } else if (digest !== undefined && status.id.startsWith('exporting manifest ')) {
        state.manifestDigest = digest;
      }
      if (bytes !== undefined && !step.completed) this.show(target, state, step, bytes);
    }
  }

  /**
   * Equal stages report their whole output once per target that they belong to, in the order of time. A record that
   * is not newer than the last one has been seen.
   */
  private isRepetition(key: string, log: VertexLog): boolean {
    if (log.timestamp === undefined) return false;
    // Without the Z, times with fractions of any length compare as texts.
    const time = log.timestamp.replace(/Z$/, '');
    const data = log.data ?? '';
    const [lastTime = '', lastData] = this.last.get(key) ?? [];
    if (time < lastTime || (time === lastTime && data === lastData)) return true;
    this.last.set(key, [time, data]);
    return false;
  }

  private applyLog(log: VertexLog): void {
    const key = streamKey(log.vertex, log.stream ?? 1);
    if (log.data === undefined || this.isRepetition(key, log)) return;
    const added = Buffer.from(log.data, 'base64');
    const bytes = Buffer.concat([this.partial.get(key) ?? Buffer.alloc(0), added]);
    const end = bytes.lastIndexOf('\n');
    this.partial.set(key, bytes.subarray(end + 1));
    if (end >= 0) this.addLines(log.vertex, bytes.subarray(0, end).toString('utf8').split('\n'));
  }

  /** What a step printed last may lack the end of its line. */
  private endLines(vertex: string): void {
    for (const stream of [1, 2]) {
      const key = streamKey(vertex, stream);
      const rest = this.partial.get(key)?.toString('utf8') ?? '';
      this.partial.delete(key);
      if (rest !== '') this.addLines(vertex, [rest]);
    }
  }

  private addLines(vertex: string, lines: readonly string[]): void {
    const kept = this.logs.get(vertex) ?? [];
    for (const line of lines) {
      // A progress bar rewrites its line: the last state is what a terminal would show.
      const shown = line.replace(/\r$/, '').replace(/^.*\r/s, '');
      kept.push(shown);
      for (const target of this.owners.get(vertex) ?? []) this.listener.onLog(target, shown);
    }
    this.logs.set(vertex, kept.slice(-KEPT_LOG_LINES));
  }
}

function isWritten({ instruction, completed, error }: Step): boolean {
  return completed && error === undefined && instruction.startsWith('exporting to ');
}

function streamKey(vertex: string, stream: number): string {
  return `${vertex} ${String(stream)}`;
}

/** BuildKit's code for a step that was stopped because another one failed. */
function isCancellation(error: string): boolean {
  return /\bcontext canceled\b|code = Canceled\b|^Canceled\b/.test(error);
}
