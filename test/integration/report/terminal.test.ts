import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { cleanEnvironment, makeTemporaryFolder, waitUntil } from '../../helpers/cli.js';
import { requireTool } from '../../helpers/tools.js';

const ARCHES = ['aarch64', 'amd64', 'armhf', 'armv7', 'i386'];
const FOREIGN = 'something else wrote line 1';
const ENDED = 'error: armhf did not build';

const clean: (() => Promise<unknown>)[] = [];
let program = '';

beforeAll(async () => {
  const folder = await makeTemporaryFolder('terminal', (action) => clean.push(action));
  program = join(folder, 'program.mjs');
  await build({
    entryPoints: [join(import.meta.dirname, 'terminal-program.ts')],
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    entryNames: 'program',
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
  });
});

afterAll(async () => {
  for (const action of clean) await action();
});

interface Terminal {
  /** What can be seen. */
  readonly look: () => readonly string[];
  /** The same with everything that can be scrolled back to. */
  readonly scrollBack: () => readonly string[];
  /** What can be seen, with its colours. */
  readonly styled: () => string;
  readonly resize: (columns: number, rows: number) => void;
  /** Lets the program come to its end. */
  readonly end: () => Promise<void>;
}

/** The program in a tmux of its own. */
async function open(
  columns: number,
  rows: number,
  variables: Readonly<Record<string, string>> = {},
): Promise<Terminal> {
  const folder = await makeTemporaryFolder('tmux');
  const endFile = join(folder, 'end');
  const tmux = (...args: readonly string[]): string =>
    execFileSync('tmux', ['-S', join(folder, 'socket'), '-f', '/dev/null', ...args], {
      encoding: 'utf8',
      env: cleanEnvironment({ LC_ALL: 'C.UTF-8' }),
    });
  const size = ['-x', String(columns), '-y', String(rows)];
  const set = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
  tmux(
    ...['new-session', '-d', ...size, 'env', ...set, process.execPath, program, endFile],
    ...[';', 'set-option', '-w', 'remain-on-exit', 'on'],
  );
  onTestFinished(() => {
    tmux('kill-server');
  });
  const capture = (...more: readonly string[]): readonly string[] =>
    tmux('capture-pane', '-p', ...more)
      .split('\n')
      .map((line) => line.trimEnd());
  const terminal: Terminal = {
    look: () => capture(),
    scrollBack: () => capture('-S', '-'),
    styled: () => capture('-e').join('\n'),
    resize: (width, height) => {
      tmux('resize-window', '-x', String(width), '-y', String(height));
    },
    end: async () => {
      writeFileSync(endFile, '');
      await waitUntil('the end', () =>
        terminal.look().join('\n').includes(ENDED) ? true : undefined,
      );
    },
  };
  return terminal;
}

function count(lines: readonly string[], text: string): number {
  return lines.filter((line) => line.includes(text)).length;
}

/** Waits until each architecture has one line on the screen, with the figures that fit. */
function waitForRows(
  terminal: Terminal,
  row: (arch: string) => RegExp,
  timeoutMs = 15_000,
): Promise<readonly string[]> {
  return waitUntil(
    'a line for each architecture',
    () => {
      const lines = terminal.look();
      const isThere = ARCHES.every(
        (arch) => lines.filter((line) => row(arch).test(line)).length === 1,
      );
      return isThere && count(lines, 'Build and test the images') === 1 ? lines : undefined;
    },
    timeoutMs,
  ).catch((error: unknown) => {
    throw new Error(`not drawn:\n${terminal.look().join('\n')}`, { cause: error });
  });
}

const fullRow = (arch: string) =>
  new RegExp(`^  \\S ${arch} +build  builder .*\\d+/900  \\d+ s  \\(last time 1m 23s\\)$`);
const shortRow = (arch: string) => new RegExp(`^  \\S ${arch} +build  .*\\d+ s$`);

describe.skipIf(!requireTool('tmux'))('in tmux', () => {
  test('five architectures are drawn in 80 × 24, and what failed stays to be read', async () => {
    const terminal = await open(80, 24);
    await waitForRows(terminal, fullRow);
    await waitUntil('a line of its own', () => terminal.look().find((line) => line === FOREIGN));
    await terminal.end();
    const lines = terminal.scrollBack();
    expect(count(lines, '✔ Make the plan')).toBe(1);
    expect(count(lines, 'warning: little space is left')).toBe(1);
    expect(count(lines, FOREIGN)).toBe(1);
    expect(count(lines, '✖ armhf   build  RUN make: exit code 2')).toBe(1);
    expect(count(lines, '✖ Build and test the images')).toBe(1);
    for (const arch of ARCHES) expect(count(lines, ` ${arch} `)).toBe(arch === 'armhf' ? 2 : 1);
  });

  test.each([
    ['narrower', { to: shortRow, size: [44, 20] }],
    ['wider', { to: fullRow, size: [130, 40] }],
    ['lower', { to: fullRow, size: [80, 9] }],
  ] as const)('a terminal that gets %s shows each line once', async (_name, { to, size }) => {
    const terminal = await open(80, 24);
    await waitForRows(terminal, fullRow);
    const [columns, rows] = size;
    terminal.resize(columns, rows);
    await sleep(500);
    await waitForRows(terminal, to, 1_000);
    await terminal.end();
    expect(count(terminal.look(), '✖ armhf   build')).toBe(1);
  });

  test('what does not fit is counted, and nothing scrolls away', async () => {
    const terminal = await open(80, 5);
    await waitUntil('the note', () => (count(terminal.look(), '3 more)') === 1 ? true : undefined));
    await terminal.end();
    const lines = terminal.scrollBack();
    for (const arch of ARCHES) expect(count(lines, ` ${arch} `)).toBe(arch === 'armhf' ? 2 : 1);
    expect(count(lines, '✖ armhf   build  RUN make: exit code 2')).toBe(1);
  });

  test.each([
    ['TERM=dumb', { TERM: 'dumb' }],
    ['CI=true', { CI: 'true' }],
  ])('%s has a line per event', async (_name, variables) => {
    const terminal = await open(80, 24, variables);
    await waitUntil('a line', () =>
      count(terminal.scrollBack(), '[i386] build: started (last time 1m 23s)') === 1
        ? true
        : undefined,
    );
    await terminal.end();
    expect(
      count(terminal.scrollBack(), '[armhf] build: failed after 2.0 s: RUN make: exit code 2'),
    ).toBe(1);
  });

  test('NO_COLOR leaves the colours out and the screen as it is', async () => {
    const [plain, colored] = [await open(80, 24, { NO_COLOR: '1' }), await open(80, 24)];
    await waitForRows(plain, fullRow);
    await waitForRows(colored, fullRow);
    expect(plain.styled()).not.toContain('\u001b[3');
    expect(colored.styled()).toContain('\u001b[36m');
  });
});
