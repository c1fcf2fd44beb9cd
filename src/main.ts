#!/usr/bin/env node
import { EXIT_CODES } from './errors.js';
import { VERSION } from './version.js';

/** Ends the process once everything written has left it; open sockets or timers must not keep it alive. */
function exit(code: number): void {
  process.stdout.write('', () => {
    process.stderr.write('', () => {
      process.exit(code);
    });
  });
}

const argv = process.argv.slice(2);

// Who does not read to the end (`| head`) has what was wanted. Commands stop then, see cli/execute.ts.
const ignore = (): void => undefined;
process.stdout.on('error', ignore);

// Answered before anything is loaded: scripts ask for it often.
if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-V')) {
  process.stdout.write(`${VERSION}\n`);
} else {
  process.stderr.on('error', ignore);
  const { runCli } = await import('./cli/run-cli.js');
  exit(await runCli(argv, () => process.exit(EXIT_CODES.interrupted)));
}
