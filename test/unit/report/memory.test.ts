import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { createLogFileReporter, logFilePath } from '../../../src/report/log-files.js';
import { createPlainReporter } from '../../../src/report/plain.js';
import { teeReporters } from '../../../src/report/tee.js';
import { createTerminalReporter } from '../../../src/report/terminal.js';

const LINES = 200_000;
const MAX_GROWTH_BYTES = 8_000_000;

function measureHeap(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc()');
  return process.memoryUsage().heapUsed;
}

it(`holds no memory for ${LINES} log lines, in every reporter`, { timeout: 60_000 }, async () => {
  const runDir = mkdtempSync(join(tmpdir(), 'report-memory-'));
  const written = { plain: 0, terminal: 0 };
  const reporter = teeReporters([
    createPlainReporter({
      write: (text) => {
        written.plain += text.length;
      },
      verbose: true,
      quiet: false,
      logGroups: 'github',
      now: Date.now,
    }),
    createTerminalReporter({
      stream: {
        write: (text) => {
          written.terminal += text.length;
          return true;
        },
      },
      guarded: [],
      color: true,
      unicode: true,
      verbose: true,
      now: Date.now,
    }),
    createLogFileReporter({
      runDir,
      onWriteError: (message) => {
        throw new Error(message);
      },
    }),
  ]);
  reporter.emit({ type: 'step-started', step: 'build', title: 'Build' });
  const before = measureHeap();
  for (let index = 0; index < LINES; index += 1) {
    reporter.emit({ type: 'log', arch: 'armv7', phase: 'build', line: `cc -c file-${index}.c` });
    reporter.emit({
      type: 'phase-progress',
      arch: 'armv7',
      phase: 'build',
      progress: { current: `builder ${index}`, bytes: index },
    });
  }
  expect(measureHeap() - before).toBeLessThan(MAX_GROWTH_BYTES);
  await reporter.close();
  expect(written.plain).toBeGreaterThan(LINES * 20);
  expect(written.terminal).toBeGreaterThan(LINES * 20);
  expect(statSync(logFilePath(runDir, 'armv7', 'build')).size).toBeGreaterThan(LINES * 15);
  rmSync(runDir, { recursive: true });
});
