import { setMaxListeners } from 'node:events';
import { AddonReleaseError } from '../errors.js';
import { redact } from '../exec/redact.js';
import { errorToJson, renderError } from '../report/error-text.js';
import { wantsColor } from '../report/style.js';
import type { CommandDefinition, CommandResult, Invocation } from './command.js';
import { exitCodeOf, renderOutcome } from './outcome.js';

/**
 * Aborts on the first SIGINT or SIGTERM, and when nobody is left to read what is printed: the terminal or the connection
 * is gone (SIGHUP), or whatever the output went to (`| head`). The second SIGINT or SIGTERM ends the process at once.
 */
function listenForSignals(exitNow: () => never): {
  readonly signal: AbortSignal;
  readonly stop: () => void;
} {
  const controller = new AbortController();
  // All that is under way waits for it; Node.js warns of more than ten.
  setMaxListeners(0, controller.signal);
  const abort = (): void => {
    controller.abort(new AddonReleaseError('interrupted', 'interrupted'));
  };
  const onSignal = (): void => {
    if (controller.signal.aborted) exitNow();
    process.stderr.write('Stopping and cleaning up; press Ctrl-C again to stop at once.\n');
    abort();
  };
  const outputs = [process.stdout, process.stderr];
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  process.on('SIGHUP', abort);
  for (const output of outputs) output.on('error', abort);
  return {
    signal: controller.signal,
    stop: () => {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
      process.off('SIGHUP', abort);
      for (const output of outputs) output.off('error', abort);
    },
  };
}

/** Outputs and summary of the job, in a CI service that takes them. */
async function reportToService(command: string, { json, error }: CommandResult): Promise<void> {
  const { GITHUB_OUTPUT: outputs = '', GITHUB_STEP_SUMMARY: summary = '' } = process.env;
  if (outputs === '' && summary === '') return;
  const { writeJobReport } = await import('../ci/job-report.js');
  const failure = error === undefined ? undefined : errorToJson(error);
  try {
    await writeJobReport({ command, data: json, error: failure }, process.env);
  } catch (thrown) {
    // What was released is released; the log says what the job's page lacks.
    const reason = thrown instanceof Error ? thrown.message : 'unknown reason';
    process.stderr.write(`warning: the job's outputs could not be written: ${reason}\n`);
  }
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
  await reportToService(invocation.command, result);
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
