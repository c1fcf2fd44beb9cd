import type { Problem } from './problem.js';

/** Exit codes by class of failure. Documented in docs/exit-codes.md. */
export const EXIT_CODES = {
  /** Everything that was asked for was done. */
  ok: 0,
  /** A defect in addon-release itself. */
  internal: 1,
  /** Wrong flags, arguments or version. */
  usage: 2,
  /** config.yaml, build.yaml, Dockerfile or another file of the add-on is wrong. */
  addon: 3,
  /** A tool, the engine, a builder, an emulator or a file permission is missing on this machine. */
  environment: 4,
  /** An image did not build. */
  build: 5,
  /** An image failed its smoke test. */
  smoke: 6,
  /** The registry refused, could not be reached, or holds something else under the version. */
  registry: 7,
  /** What the registry serves is not what was tested. */
  verification: 8,
  /** config.yaml, git or GitHub could not be written after the images were published. */
  store: 9,
  /** Stopped by SIGINT or SIGTERM. */
  interrupted: 130,
} as const;

export type FailureClass = Exclude<keyof typeof EXIT_CODES, 'ok'>;

export interface FailureDetails {
  /** Single findings, each with file:line:column where it has one. */
  readonly problems?: readonly Problem[];
  /** What the user can do next: a command or a change. */
  readonly hint?: string | undefined;
  /** The end of the output of the tool that failed, already free of secrets. */
  readonly output?: string | undefined;
  readonly cause?: unknown;
}

/** A failure that a user can act on. Everything else that is thrown is a defect (exit code 1). */
export class AddonReleaseError extends Error {
  readonly failure: FailureClass;
  readonly problems: readonly Problem[];
  readonly hint: string | undefined;
  readonly output: string | undefined;

  constructor(failure: FailureClass, message: string, details: FailureDetails = {}) {
    super(message, details.cause === undefined ? {} : { cause: details.cause });
    this.name = 'AddonReleaseError';
    this.failure = failure;
    this.problems = details.problems ?? [];
    this.hint = details.hint;
    this.output = details.output;
  }

  get exitCode(): number {
    return EXIT_CODES[this.failure];
  }
}
