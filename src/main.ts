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

// Answered before anything is loaded: scripts ask for it often.
if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-V')) {
  process.stdout.write(`${VERSION}\n`);
} else {
  const { runCli } = await import('./cli/run-cli.js');
  exit(await runCli(argv, () => process.exit(EXIT_CODES.interrupted)));
}
