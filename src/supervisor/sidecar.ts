/**
 * The program in the sidecar container, which stands at the Supervisor's address. It is bundled into one file that
 * needs nothing but Node 18 or later.
 */
import { runSidecar } from './sidecar-loop.js';

/** As the container's first process it gets no default reaction to signals. */
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    process.exit(0);
  });
}

void runSidecar(process.stdin, process.stdout).then(() => {
  process.stdout.write('', () => {
    process.exit(0);
  });
});
