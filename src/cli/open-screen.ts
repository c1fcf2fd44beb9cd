import type { Reporter } from '../report/reporter.js';
import { createReporter } from '../report/select.js';
import type { CommandContext, Flags } from './command.js';

/** Shows what goes on while a command runs, as its flags and the terminal ask for. */
export function openScreen(
  { json, quiet, verbose }: Flags,
  environment: CommandContext['environment'],
): Promise<Reporter> {
  return createReporter({
    stdout: process.stdout,
    stderr: process.stderr,
    env: environment,
    json: json === true,
    quiet: quiet === true,
    verbose: verbose === true,
  });
}
