import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { runCompletion } from '../../../src/cli/runs/completion.js';
import { run } from '../../../src/exec/run.js';
import { requireTool } from '../../helpers/tools.js';

async function writeScript(shell: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'addon-release-completion-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, `addon-release.${shell}`);
  await writeFile(file, `${runCompletion(shell).text}\n`);
  return file;
}

async function ask(program: string, args: readonly string[]): Promise<readonly string[]> {
  const { stdout, stderr, exitCode } = await run(program, args);
  expect(stderr).toBe('');
  expect(exitCode).toBe(0);
  return stdout.split('\n').filter((line) => line !== '');
}

/** What bash offers for the last of these words. */
async function askBash(...words: readonly string[]): Promise<readonly string[]> {
  const file = await writeScript('bash');
  const script = `source "$1"; shift
COMP_WORDS=(addon-release "$@"); COMP_CWORD=$#
_addon_release; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return ask('bash', ['-c', script, 'bash', file, ...words]);
}

/** What fish offers at the end of a line, without the descriptions. */
async function askFish(line: string): Promise<readonly string[]> {
  const file = await writeScript('fish');
  const script = 'source $argv[1]; complete -C $argv[2]';
  const lines = await ask('fish', ['--no-config', '-c', script, file, `addon-release ${line}`]);
  return lines.map((offer) => offer.split('\t')[0] ?? '').sort();
}

describe('bash', () => {
  test.each([
    [['te'], ['test']],
    [
      ['cache', ''],
      ['check', 'help', '--help'],
    ],
    [
      ['cache', 'check', '--a'],
      ['--addon', '--arch'],
    ],
    [
      ['test', '--arch', 'a'],
      ['aarch64', 'amd64', 'armhf', 'armv7'],
    ],
    [
      ['--channel', ''],
      ['stable', 'beta', 'edge'],
    ],
    [
      ['completion', ''],
      ['bash', 'zsh', 'fish'],
    ],
    [['build', '--registry', 'x'], []],
  ])('after %j offers %j', async (words, expected) => {
    const offers = await askBash(...words);
    expect(offers).toEqual(expect.arrayContaining([...expected]));
    if (words.at(-1) !== '') expect(offers).toHaveLength(expected.length);
  });

  test('offers every command that the help names, and nothing else', async () => {
    const offers = await askBash('');
    expect(offers).toEqual(expect.arrayContaining(['build', 'rollback', 'completion', 'help']));
    expect(offers).toContain('--multi');
    expect(offers).not.toContain('check');
  });
});

describe.skipIf(!requireTool('fish'))('fish', () => {
  test.each([
    ['te', ['test']],
    ['cache c', ['check']],
    ['test --arch aa', ['aarch64']],
    ['completion z', ['zsh']],
    ['promote --ch', ['--channel']],
  ])('after "%s" offers %j', async (line, expected) => {
    expect(await askFish(line)).toEqual(expected);
  });
});

describe.skipIf(!requireTool('zsh'))('zsh', () => {
  test('takes the script, and offers what belongs to a place', async () => {
    const file = await writeScript('zsh');
    // Completion itself needs a terminal: what would be offered is listed by stand-ins for zsh's own functions.
    const script = `compdef() { }
_describe() { local list=\${argv[-1]}; local -a all=("\${(@P)list}"); print -rl -- \${all%%:*} }
source "$1"; shift
words=(addon-release "$@"); CURRENT=$#words
_addon_release`;
    const offers = await ask('zsh', ['--no-rcs', '-c', script, 'zsh', file, 'cache', '']);
    expect(offers).toContain('check');
    expect(offers).not.toContain('rollback');
  });
});

test('another shell is refused with those that are known', () => {
  expect(() => runCompletion('tcsh')).toThrow('"tcsh" is no shell that can be completed for');
});
