import type { Candidate } from '../engine/build.js';
import type { Engine } from '../engine/docker.js';
import type { SmokeFile } from './smoke-file.js';

/** Under which limits an add-on runs here. */
export interface RunLimits {
  readonly memoryLimitBytes: number;
  /** Processors. */
  readonly cpuLimit: number;
  /** Time limits are multiplied by this. */
  readonly timeScale: number;
  /** How long it may take to come up, the scale included. */
  readonly startTimeoutMs: number;
}

/** The Supervisor waits two minutes for an add-on to come up. */
const START_TIMEOUT_MS = 120_000;

/** Emulated programs run several times slower; QEMU's compilation of the code makes the start slowest. */
const EMULATION_TIME_SCALE = 3;

const MEMORY_LIMIT_BYTES = 1024 ** 3;
const CPU_LIMIT = 2;

export function chooseLimits(candidate: Candidate, engine: Engine, smoke: SmokeFile): RunLimits {
  const timeScale = candidate.plan.emulated ? EMULATION_TIME_SCALE : 1;
  const { startSeconds, memoryBytes } = smoke.limits;
  return {
    memoryLimitBytes: memoryBytes ?? MEMORY_LIMIT_BYTES,
    cpuLimit: Math.min(CPU_LIMIT, engine.cpus),
    timeScale,
    startTimeoutMs:
      (startSeconds === undefined ? START_TIMEOUT_MS : startSeconds * 1000) * timeScale,
  };
}
