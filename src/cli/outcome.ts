import { AddonReleaseError, EXIT_CODES } from '../errors.js';
import { redact } from '../exec/redact.js';
import { errorToJson } from '../report/error-text.js';

export function exitCodeOf(error: unknown): number {
  if (error === undefined) return EXIT_CODES.ok;
  return error instanceof AddonReleaseError ? error.exitCode : EXIT_CODES.internal;
}

/**
 * What `--json` prints, alone on standard output.
 *
 * @param command undefined when the command line could not be understood
 */
export function renderOutcome(
  command: string | undefined,
  error: unknown,
  json: Readonly<Record<string, unknown>> = {},
): string {
  const exitCode = exitCodeOf(error);
  const outcome = {
    schemaVersion: 1,
    command,
    ok: exitCode === EXIT_CODES.ok,
    exitCode,
    ...(error === undefined ? {} : { error: errorToJson(error) }),
    ...json,
  };
  return redact(`${JSON.stringify(outcome, undefined, 2)}\n`);
}
