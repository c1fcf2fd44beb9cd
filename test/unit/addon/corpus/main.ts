import { passes, runCorpus } from './run.js';

const USAGE = `Usage: scripts/corpus [--json] FILE...

Compares recorded verdicts of the Supervisor with our own validation and prints, for each
kind of case, on how many of them both agree.

  --json  print the disagreements as JSON instead
`;

/**
 * The command line of scripts/corpus.
 *
 * @returns the exit code: 0 when at least 99 % agree in every kind, 1 when not, 2 for wrong usage
 */
export async function main(args: readonly string[]): Promise<number> {
  const files = args.filter((arg) => !arg.startsWith('-'));
  const flags = args.filter((arg) => arg.startsWith('-'));
  if (flags.includes('--help')) {
    process.stdout.write(USAGE);
    return 0;
  }
  if (files.length === 0 || flags.some((flag) => flag !== '--json')) {
    process.stderr.write(USAGE);
    return 2;
  }
  try {
    const result = await runCorpus(files);
    if (flags.includes('--json')) {
      process.stdout.write(`${JSON.stringify(result.disagreements, undefined, 2)}\n`);
    } else {
      for (const [kind, { agreed, total }] of result.counts) {
        process.stdout.write(`${kind} ${agreed}/${total}\n`);
      }
    }
    return passes(result) ? 0 : 1;
  } catch (error) {
    process.stderr.write(`scripts/corpus: ${error instanceof Error ? error.message : 'failed'}\n`);
    return 2;
  }
}
