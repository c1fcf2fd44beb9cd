import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { RunResult } from '../../../src/exec/run.js';
import type { CheckContext } from '../../../src/smoke/check.js';
import type { Container, ContainerProcess, ContainerState } from '../../../src/smoke/container.js';
import { readSmokeFile, type SmokeFile } from '../../../src/smoke/smoke-file.js';
import type { Probe, ProbeAnswer } from '../../../src/supervisor/probes.js';
import { sampleAddon } from '../../helpers/sample-addon.js';
import { sampleCandidate } from '../../helpers/sample-candidate.js';
import { samplePlan } from '../../helpers/sample-plan.js';
import { makeTar, type TarEntry } from '../../helpers/tar.js';

export const RUNNING: ContainerState = {
  running: true,
  exitCode: 0,
  outOfMemory: false,
  health: 'none',
  healthOutput: '',
  address: '172.30.33.5',
  restarts: 0,
};

export function ended(exitCode: number, more: Partial<ContainerState> = {}): ContainerState {
  return { ...RUNNING, running: false, exitCode, address: '', ...more };
}

export interface FakeContainer {
  /** What each look at the container shows, the last one from then on. */
  readonly states?: readonly Partial<ContainerState>[];
  /** The state after it was stopped. */
  readonly stopped?: ContainerState;
  readonly log?: readonly string[];
  /** What `docker top` shows. */
  readonly processes?: readonly ContainerProcess[];
  /** What the script that looks inside prints; without it the image has no shell. */
  readonly inside?: readonly string[] | (() => readonly string[]);
  /** What `docker diff` shows. */
  readonly changes?: readonly { readonly kind: string; readonly path: string }[];
  /** The answer to `docker exec`. */
  readonly exec?: (args: readonly string[]) => Pick<RunResult, 'exitCode' | 'stdout' | 'stderr'>;
  /** By the path that is asked for. */
  readonly files?: Readonly<Record<string, readonly TarEntry[]>>;
}

/** A container that does what the test says, with a clock that jumps to the end of every wait. */
export class StandInContainer {
  readonly startedAtMs = performance.now();
  readonly stops: number[] = [];
  readonly waits: number[] = [];
  private index = 0;

  constructor(private readonly fake: FakeContainer) {}

  get log(): readonly string[] {
    return this.fake.log ?? [];
  }

  waitForLog(): Promise<void> {
    return Promise.resolve();
  }

  execAsRoot(): Promise<{ readonly stdout: string }> {
    const inside = typeof this.fake.inside === 'function' ? this.fake.inside() : this.fake.inside;
    return Promise.resolve({ stdout: inside === undefined ? '' : [...inside, 'end|'].join('\n') });
  }

  changes(): Promise<readonly { readonly kind: string; readonly path: string }[]> {
    return Promise.resolve(this.fake.changes ?? []);
  }

  exec(args: readonly string[]): Promise<unknown> {
    return Promise.resolve(this.fake.exec?.(args));
  }

  state(): Promise<ContainerState> {
    if (this.stops.length > 0) return Promise.resolve(this.fake.stopped ?? ended(0));
    const states = this.fake.states ?? [RUNNING];
    const state = states[Math.min(this.index++, states.length - 1)];
    return Promise.resolve({ ...RUNNING, ...state });
  }

  async waitFor(
    reached: (state: ContainerState) => boolean | Promise<boolean>,
    { timeoutMs }: { readonly timeoutMs: number },
  ): Promise<{ readonly state: ContainerState; readonly reached: boolean }> {
    this.waits.push(timeoutMs);
    for (;;) {
      const isLast = this.index >= (this.fake.states ?? []).length - 1;
      const state = await this.state();
      if (await reached(state)) return { state, reached: true };
      if (!state.running || isLast) return { state, reached: false };
    }
  }

  stop(timeoutSeconds: number): Promise<{ readonly durationMs: number }> {
    this.stops.push(timeoutSeconds);
    return Promise.resolve({ durationMs: 1234 });
  }

  processes(): Promise<readonly ContainerProcess[]> {
    return Promise.resolve(this.fake.processes ?? []);
  }

  has(path: string): Promise<boolean> {
    return Promise.resolve(this.fake.files?.[path] !== undefined);
  }

  async readTar(path: string): Promise<unknown> {
    const entries = this.fake.files?.[path];
    return entries === undefined ? undefined : Readable.from([await makeTar(entries)]);
  }
}

/** A container as checks see it, and what they did with it. */
export function standInContainer(fake: FakeContainer = {}) {
  const seen = new StandInContainer(fake);
  return { seen, container: seen as unknown as Container };
}

/** Connects to the ports that are open, with the answer that each gives. */
export function probeOf(open: Readonly<Record<number, Partial<ProbeAnswer>>>, asked: Probe[] = []) {
  return (probe: Probe): Promise<ProbeAnswer> => {
    asked.push(probe);
    const answer = open[probe.port];
    return Promise.resolve(
      answer === undefined
        ? { connected: false, message: 'connection refused', elapsedMs: 1 }
        : { connected: true, message: 'connected', elapsedMs: 1, ...answer },
    );
  };
}

const HERE = fileURLToPath(new URL('.', import.meta.url));

/** What an add-on without smoke.yaml has. */
export const NO_SMOKE_FILE: SmokeFile = readSmokeFile(HERE).smokeFile;

const [NATIVE, EMULATED] = samplePlan({ arches: ['amd64', 'armv7'] }).architectures;

export function candidateFor(
  arch: 'amd64' | 'armv7',
  image: Parameters<typeof sampleCandidate>[1] = {},
) {
  const plan = arch === 'amd64' ? NATIVE : EMULATED;
  if (plan === undefined) throw new Error(`${arch} was not planned`);
  return sampleCandidate(plan, image);
}

/**
 * What a check looks at: an add-on on this machine's processor that runs and asks for nothing, with the changes of
 * the test. Looking at anything else is an error of the test.
 */
export function checkContext(changes: Partial<CheckContext> = {}): CheckContext {
  const context: Partial<CheckContext> = {
    addon: sampleAddon(),
    version: '1.2.3',
    candidate: candidateFor('amd64'),
    container: standInContainer().container,
    probe: probeOf({}),
    ingressEntry: '/api/hassio_ingress/token',
    ingressPort: 8099,
    supervisorAddress: '172.30.32.2',
    options: {},
    signal: new AbortController().signal,
    startTimeoutMs: 120_000,
    timeScale: 1,
    smoke: NO_SMOKE_FILE,
    memoryLimitBytes: 1_000_000_000,
    notes: { readyAtMs: 0, early: undefined, late: undefined, endTold: false },
    ...changes,
  };
  return new Proxy(context as CheckContext, {
    get: (target, key) => {
      if (!(key in target)) throw new Error(`the test gives no ${String(key)}`);
      return target[key as keyof CheckContext];
    },
  });
}
