import { AddonReleaseError } from '../errors.js';
import { redact } from '../exec/redact.js';
import { renderError } from '../report/error-text.js';
import { wantsColor } from '../report/style.js';
import type { CommandDefinition, CommandResult, Invocation } from './command.js';
import { exitCodeOf, renderOutcome } from './outcome.js';

/** Aborts on the first SIGINT or SIGTERM; the second ends the process at once. */
function listenForSignals(exitNow: () => never): {
  readonly signal: AbortSignal;
  readonly stop: () => void;
} {
  const controller = new AbortController();
  const onSignal = (): void => {
    if (controller.signal.aborted) exitNow();
    process.stderr.write('Stopping and cleaning up; press Ctrl-C again to stop at once.\n');
    controller.abort(new AddonReleaseError('interrupted', 'interrupted'));
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return {
    signal: controller.signal,
    stop: () => {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    },
  };
}

/** Carries out what the command line asks for and prints the result. Returns the exit code. */
export async function execute(
  invocation: Invocation,
  definition: CommandDefinition,
  exitNow: () => never,
): Promise<number> {
  const { flags } = invocation;
  const color = wantsColor(process.env) && process.stderr.isTTY;
  const signals = listenForSignals(exitNow);
  let result: CommandResult;
  try {
    result = await definition.run(invocation, {
      signal: signals.signal,
      workingDirectory: process.cwd(),
      environment: process.env,
    });
  } catch (error) {
    result = { text: '', json: {}, error };
  } finally {
    signals.stop();
  }
  if (flags.json === true) {
    process.stdout.write(renderOutcome(invocation.command, result.error, result.json));
  } else if (result.text !== '' && flags.quiet !== true) {
    process.stdout.write(redact(`${result.text}\n`));
  }
  if (result.error !== undefined) {
    process.stderr.write(
      `${renderError(result.error, { color, verbose: flags.verbose === true })}\n`,
    );
  }
  return exitCodeOf(result.error);
}
