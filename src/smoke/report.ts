import type { Arch } from '../addon/arch.js';
import type { SmokePhase } from './phases.js';

/** What a container used from its start until it was looked at, on a processor of its own architecture. */
export interface MeasuredUsage {
  readonly peakBytes: number;
  readonly cpuSeconds: number;
  readonly upSeconds: number;
}

/** What one check found. */
export interface CheckResult {
  readonly id: string;
  /** What was asked: "becomes healthy". */
  readonly title: string;
  /** `warning` = works, but not as it should; `skipped` = there was nothing to check, or it can't be done here. */
  readonly outcome: 'passed' | 'warning' | 'failed' | 'skipped';
  /** What was seen, in numbers and the tools' own words. */
  readonly evidence: string;
  /** What to do about a failure or warning. */
  readonly hint?: string | undefined;
  readonly durationMs: number;
  readonly usage?: MeasuredUsage | undefined;
  /** The run of smoke.yaml that it belongs to; undefined for checks of the image itself. */
  readonly run?: string | undefined;
}

/** The smoke test of one image. `configDigest` is the identity of what was tested. */
export interface SmokeReport {
  readonly arch: Arch;
  readonly configDigest: string;
  readonly checks: readonly CheckResult[];
  readonly passed: boolean;
  readonly durationMs: number;
  /** Where the time went; undefined in records of earlier runs. */
  readonly phases?: readonly SmokePhase[] | undefined;
  /** The last lines of the container's log. */
  readonly log: readonly string[];
}

export type CheckFinding = Pick<CheckResult, 'outcome' | 'evidence' | 'hint' | 'usage'>;

export function passed(evidence: string): CheckFinding {
  return { outcome: 'passed', evidence };
}

export function warning(evidence: string, hint: string): CheckFinding {
  return { outcome: 'warning', evidence, hint };
}

export function failed(evidence: string, hint: string): CheckFinding {
  return { outcome: 'failed', evidence, hint };
}

export function skipped(evidence: string): CheckFinding {
  return { outcome: 'skipped', evidence };
}
