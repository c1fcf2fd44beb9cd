import { expect } from 'vitest';
import type { CliRun } from './cli.js';
import type { FixtureAddon } from './fixture-addon.js';
import { listLeftovers } from './local-engine.js';

/** `    at run (file:///…/main.js:1:2)`: a stack trace, which no user should see. */
export const STACK_TRACE = /^\s+at .+:\d+:\d+\)?$/m;

/**
 * What holds for every run, good or bad: it ends with this exit code, shows no stack trace, and leaves nothing in
 * the engine or the add-on's folder.
 */
export async function expectTidyEnd(
  run: CliRun,
  exitCode: number,
  addon?: FixtureAddon,
): Promise<void> {
  expect(run.exitCode, `standard error:\n${run.stderr}`).toBe(exitCode);
  expect(run.stderr).not.toMatch(STACK_TRACE);
  expect(run.stdout).not.toMatch(STACK_TRACE);
  expect(await listLeftovers(run.pid)).toEqual([]);
  if (addon !== undefined) expect(await addon.changes()).toBe('');
}

/** The parts of the output of `--json` that the tests look at. */
export interface JsonOutput {
  readonly schemaVersion: number;
  readonly command: string;
  readonly ok: boolean;
  readonly exitCode: number;
  readonly error?: {
    readonly class: string;
    readonly exitCode: number;
    readonly message: string;
    readonly problems: readonly {
      readonly severity: string;
      readonly message: string;
      readonly file?: string;
      readonly line?: number;
      readonly column?: number;
    }[];
    readonly hint?: string;
  };
  readonly plan?: {
    readonly version: string;
    readonly movingTags: readonly string[];
    readonly architectures: readonly {
      readonly arch: string;
      readonly machine: { readonly builder?: string; readonly context?: string };
      readonly baseImages: readonly { readonly reference: string; readonly source: string }[];
    }[];
    readonly writes: readonly { readonly kind: string; readonly target: string }[];
  };
  readonly architectures?: readonly JsonArch[];
  readonly index?: { readonly repository: string; readonly digest: string };
  readonly tags?: readonly string[];
  readonly runFolder?: string;
}

interface JsonArch {
  readonly arch: string;
  readonly platform: string;
  readonly emulated: boolean;
  readonly configDigest?: string;
  readonly manifestDigest?: string;
  readonly compressedBytes?: number;
  readonly unpackedBytes?: number;
  readonly build: {
    readonly status: string;
    readonly totalSteps?: number;
    readonly cachedSteps?: number;
  };
  readonly smoke?: {
    readonly configDigest: string;
    readonly passed: boolean;
    readonly checks: readonly {
      readonly id: string;
      readonly outcome: string;
      readonly evidence: string;
      readonly hint?: string;
    }[];
  };
}

/** Reads standard output as `--json` promises it: one JSON document and nothing else. */
export function parseOutput(run: CliRun): JsonOutput {
  return JSON.parse(run.stdout) as JsonOutput;
}
