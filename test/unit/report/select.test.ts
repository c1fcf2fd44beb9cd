import { describe, expect, it } from 'vitest';
import type { RunEvent } from '../../../src/report/events.js';
import { createReporter } from '../../../src/report/select.js';

interface Selection {
  readonly tty?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
}

const EVENTS: readonly RunEvent[] = [
  { type: 'step-started', step: 'build', title: 'Build' },
  { type: 'log', arch: 'amd64', phase: 'build', line: 'cc a.c' },
  { type: 'notice', level: 'warning', message: 'odd' },
  { type: 'step-finished', step: 'build', title: 'Build', durationMs: 1 },
];

async function show(selection: Selection): Promise<{ stdout: string; stderr: string }> {
  const texts = { stdout: '', stderr: '' };
  const createStream = (
    name: 'stdout' | 'stderr',
  ): { write: (text: string) => boolean; isTTY: boolean; columns: number; rows: number } => ({
    write(text) {
      texts[name] += text;
      return true;
    },
    isTTY: selection.tty ?? false,
    columns: 80,
    rows: 24,
  });
  const reporter = await createReporter({
    stdout: createStream('stdout'),
    stderr: createStream('stderr'),
    env: { LANG: 'en_US.UTF-8', TERM: 'xterm', ...selection.env },
    json: selection.json ?? false,
    quiet: selection.quiet ?? false,
    verbose: selection.verbose ?? false,
  });
  for (const event of EVENTS) reporter.emit(event);
  await reporter.close();
  return texts;
}

const PLAIN = 'Build: started\nwarning: odd\nBuild: done in 1 ms\n';

describe('createReporter', () => {
  it('writes plain lines to standard error when that is no terminal', async () => {
    expect(await show({})).toEqual({ stdout: '', stderr: PLAIN });
  });

  it('shows log lines when verbose', async () => {
    expect((await show({ verbose: true })).stderr).toContain('[amd64] build | cc a.c\n');
  });

  it.each([{ quiet: true }, { json: true }, { json: true, tty: true }, { quiet: true, tty: true }])(
    'shows warnings and failures alone for %o',
    async (selection) => {
      expect(await show(selection)).toEqual({ stdout: '', stderr: 'warning: odd\n' });
    },
  );

  it('draws a coloured tree on a terminal', async () => {
    const { stdout, stderr } = await show({ tty: true });
    expect(stdout).toBe('');
    expect(stderr).toContain('\u001b[32m✔\u001b[39m \u001b[1mBuild\u001b[22m');
    expect(stderr).toContain('\u001b[33mwarning:\u001b[39m odd\n');
  });

  it.each([
    ['NO_COLOR', { NO_COLOR: '1' }, '✔ Build'],
    ['an empty NO_COLOR', { NO_COLOR: '' }, '\u001b[32m✔'],
    ['a locale without Unicode', { LANG: 'C', NO_COLOR: '1' }, '+ Build'],
    ['LC_ALL before LANG', { LC_ALL: 'POSIX', NO_COLOR: '1' }, '+ Build'],
    ['an empty LC_ALL', { LC_ALL: '', NO_COLOR: '1' }, '✔ Build'],
    ['the Linux console', { TERM: 'linux', NO_COLOR: '1' }, '+ Build'],
    ['a CI that is off', { CI: 'false', NO_COLOR: '1' }, '✔ Build'],
  ])('respects %s in the tree', async (_name, env, text) => {
    expect((await show({ tty: true, env })).stderr).toContain(text);
  });

  it.each([
    ['a dumb terminal', { TERM: 'dumb' }, PLAIN],
    ['CI', { CI: 'true' }, PLAIN],
    [
      'GitHub Actions',
      { CI: 'true', GITHUB_ACTIONS: 'true' },
      '::group::Build\n::warning::odd\n::endgroup::\nBuild: done in 1 ms\n',
    ],
  ])('writes plain lines on %s', async (_name, env, text) => {
    expect((await show({ tty: true, env })).stderr).toBe(text);
  });

  it('marks sections on GitLab', async () => {
    expect((await show({ env: { GITLAB_CI: 'true' } })).stderr).toMatch(
      /section_start:\d+:build_1\r.*Build\n/,
    );
  });
});
