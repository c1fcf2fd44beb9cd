import type { CheckResult } from './report.js';

/** What a container should be allowed at least, in the words of a compose file. */
export interface ProposedLimits {
  /** "96M" */
  readonly memory: string;
  /** "0.25" */
  readonly cpus: string;
  /** The largest of all runs, bytes. */
  readonly peakBytes: number;
}

const MIB = 1024 * 1024;
/** Users have more data than a test, and the kernel slows a container down before it is full. */
const MEMORY_MARGIN = 1.5;
const MEMORY_STEP = 32 * MIB;
/** Twice the average leaves room for the start, when most is done. */
const CPU_MARGIN = 2;
const CPU_STEP = 0.25;

function roundUp(value: number, step: number): number {
  return Math.max(1, Math.ceil(value / step)) * step;
}

/**
 * Limits that would have left room in every run. Only runs on the machine's own architecture tell: an emulator's
 * memory and time are counted with the program's.
 *
 * @see https://docs.docker.com/reference/compose-file/deploy/#resources
 */
export function proposeLimits(checks: readonly CheckResult[]): ProposedLimits | undefined {
  const usages = checks.flatMap(({ usage }) => usage ?? []);
  if (usages.length === 0) return undefined;
  const peakBytes = Math.max(...usages.map((usage) => usage.peakBytes));
  const cpus = Math.max(
    ...usages.map(({ cpuSeconds, upSeconds }) => cpuSeconds / Math.max(upSeconds, 1)),
  );
  return {
    memory: `${roundUp(peakBytes * MEMORY_MARGIN, MEMORY_STEP) / MIB}M`,
    cpus: roundUp(cpus * CPU_MARGIN, CPU_STEP).toFixed(2),
    peakBytes,
  };
}
