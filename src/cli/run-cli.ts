import { CommanderError } from 'commander';
import { AddonReleaseError, EXIT_CODES } from '../errors.js';
import type { CommandDefinition, Invocation } from './command.js';
import { createProgram } from './program.js';

/**
 * Runs one command line.
 *
 * @param exitNow ends the process at once, for whoever does not want to wait for the clean-up
 * @returns the exit code, see docs/exit-codes.md
 */
export async function runCli(argv: readonly string[], exitNow: () => never): Promise<number> {
  let asked:
    { readonly invocation: Invocation; readonly definition: CommandDefinition } | undefined;
  const program = createProgram((invocation, definition) => {
    asked = { invocation, definition };
  });
  try {
    program.parse([...argv], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Help and version were printed; anything else has been explained on standard error.
    if (error.exitCode === 0) return EXIT_CODES.ok;
    if (argv.includes('--json')) await printRefusal(error);
    return EXIT_CODES.usage;
  }
  if (asked === undefined) return EXIT_CODES.usage;
  const { execute } = await import('./execute.js');
  return execute(asked.invocation, asked.definition, exitNow);
}

/** Who asked for JSON gets it, also when nothing else of the command line could be understood. */
async function printRefusal({ message }: CommanderError): Promise<void> {
  const { renderOutcome } = await import('./outcome.js');
  const error = new AddonReleaseError('usage', message.replace(/^error: /, ''));
  process.stdout.write(renderOutcome(undefined, error));
}
