import { AddonReleaseError } from '../errors.js';
import { redact } from '../exec/redact.js';
import type { ReleaseOptions } from '../pipeline/options.js';
import { renderError } from '../report/error-text.js';
import { wantsColor } from '../report/style.js';
import { exitCodeOf, renderOutcome } from './outcome.js';
import { parseFlags } from './parse-flags.js';
import type { Invocation } from './program.js';

/** What a command has to say at its end: text for people, data for programs. */
export interface CommandResult {
  readonly text: string;
  readonly json: Readonly<Record<string, unknown>>;
  readonly error: unknown;
}

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

async function runCommand(
  invocation: Invocation,
  options: ReleaseOptions,
  signal: AbortSignal,
): Promise<CommandResult> {
  if (invocation.command === 'doctor') {
    const { runDoctor } = await import('./commands/doctor.js');
    return runDoctor(options, invocation.flags.fix === true, signal);
  }
  if (invocation.command === 'dev') {
    const { runDev } = await import('./commands/dev.js');
    return runDev(invocation, options, signal);
  }
  const { runSteps } = await import('./commands/run-steps.js');
  return runSteps(invocation, options, signal);
}

/** Carries out what the command line asks for and prints the result. Returns the exit code. */
export async function execute(invocation: Invocation, exitNow: () => never): Promise<number> {
  const { flags } = invocation;
  const color = wantsColor(process.env) && process.stderr.isTTY;
  const signals = listenForSignals(exitNow);
  let result: CommandResult;
  try {
    const options = parseFlags(invocation, process.cwd(), process.env);
    result = await runCommand(invocation, options, signals.signal);
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
