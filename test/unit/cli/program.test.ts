import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { CommanderError } from 'commander';
import type { Invocation } from '../../../src/cli/command.js';
import { COMMANDS } from '../../../src/cli/commands.js';
import { createProgram } from '../../../src/cli/program.js';

let out: string;
let err: string;
beforeEach(() => {
  out = '';
  err = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += String(text);
    return true;
  });
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    err += String(text);
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
});

function parse(...argv: readonly string[]): Invocation {
  const invocations: Invocation[] = [];
  createProgram((invocation) => invocations.push(invocation)).parse([...argv], { from: 'user' });
  expect(invocations).toHaveLength(1);
  const [invocation] = invocations;
  if (invocation === undefined) throw new Error('nothing was asked for');
  return invocation;
}

function refusal(...argv: readonly string[]): CommanderError {
  try {
    createProgram(() => {
      throw new Error(`${argv.join(' ')} was accepted`);
    }).parse([...argv], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return error;
    throw error;
  }
  throw new Error(`${argv.join(' ')} did nothing`);
}

describe('commands', () => {
  test('a version alone is a release', () => {
    expect(parse('1.2.3')).toEqual({
      command: 'release',
      args: ['1.2.3'],
      flags: { cache: true, smoke: true, git: true, github: true },
    });
  });

  test('nothing at all is a release without a version', () => {
    expect(parse()).toMatchObject({ command: 'release', args: [] });
  });

  test.each(['build', 'test', 'report', 'history', 'doctor'] as const)(
    '%s is a command, not a version',
    (command) => {
      expect(parse(command)).toMatchObject({ command, args: [] });
    },
  );

  test('flags of a release may stand on either side of the version', () => {
    const expected = { command: 'release', args: ['1.2.3'], flags: { multi: true, dryRun: true } };
    expect(parse('--multi', '1.2.3', '--dry-run')).toMatchObject(expected);
    expect(parse('--multi', '--dry-run', '1.2.3')).toMatchObject(expected);
  });
});

describe('flags', () => {
  const COMMON = [
    '--addon=folder',
    '--arch=amd64',
    '--registry=localhost:5000',
    '--image=owner/name',
    '--base-mirror=a=b',
    '--builder=mine',
    '--build-arg=A=1',
    '--no-cache',
    '--json',
    '--verbose',
  ];
  const EXPECTED = {
    addon: 'folder',
    arch: ['amd64'],
    registry: 'localhost:5000',
    image: 'owner/name',
    baseMirror: ['a=b'],
    builder: ['mine'],
    buildArg: ['A=1'],
    cache: false,
    smoke: true,
    git: true,
    github: true,
    json: true,
    verbose: true,
  };

  test.each(['1.2.3', 'build', 'test', 'doctor'])('%s knows all common ones', (command) => {
    expect(parse(command, ...COMMON).flags).toEqual(EXPECTED);
  });

  test.each(['build', 'test', 'doctor'])('before %s they mean the same', (command) => {
    expect(parse(...COMMON, command).flags).toEqual(EXPECTED);
  });

  test('repeatable ones add up, on both sides of a command', () => {
    const { flags } = parse(
      ...['--arch', 'amd64', '--build-arg', 'A=1', 'build', '--arch', 'armv7'],
      ...['--arch', 'i386', '--build-arg', 'B=2', '--base-mirror', 'a=b', '--base-mirror', 'c=d'],
    );
    expect(flags).toMatchObject({
      arch: ['amd64', 'armv7', 'i386'],
      buildArg: ['A=1', 'B=2'],
      baseMirror: ['a=b', 'c=d'],
    });
  });

  test('the last one of the others counts', () => {
    expect(parse('--addon', 'a', 'build', '--addon', 'b').flags.addon).toBe('b');
  });

  test('short forms', () => {
    expect(parse('build', '-v').flags.verbose).toBe(true);
    expect(parse('build', '-q').flags.quiet).toBe(true);
  });

  test('of one command only', () => {
    expect(parse('doctor', '--fix').flags).toMatchObject({ fix: true });
    expect(parse('build', '--dry-run').flags.dryRun).toBe(true);
    expect(parse('1.2.3', '--replace', '--multi').flags).toMatchObject({
      replace: true,
      multi: true,
    });
  });

  test('of all add-ons together', () => {
    const flags = { all: true, changed: true, bump: 'patch', jobs: '3' };
    const given = parse('--all', '--changed', '--bump', 'patch', '--jobs', '3');
    expect(given).toMatchObject({ command: 'release', args: [], flags });
  });

  test('one run leaves nothing for the next', () => {
    parse('build', '--arch', 'amd64');
    expect(parse('build').flags).toEqual({ cache: true, smoke: true, git: true, github: true });
  });
});

describe('refusals', () => {
  test.each([
    [['--mutli'], "unknown option '--mutli'"],
    [['build', '--multi'], "unknown option '--multi'"],
    [['doctor', '--dry-run'], "unknown option '--dry-run'"],
    [['1.2.3', '--fix'], "unknown option '--fix'"],
    [['1.2.3', '1.2.4'], 'only one version is released at a time, and 1.2.4 came after 1.2.3'],
    [['unpublish', '1.2.3'], "unknown command 'unpublish'"],
    [['frobnicate'], "unknown command 'frobnicate'"],
    [['help', 'tset'], "unknown command 'tset'\n(Did you mean test?)"],
    [['help', 'cache', 'chek'], "unknown command 'chek'\n(Did you mean check?)"],
    [['tset'], "unknown command 'tset'\n(Did you mean test?)"],
    [['rolback', '1.2.3'], "unknown command 'rolback'\n(Did you mean rollback?)"],
    [['build', '1.2.3', '1.2.4'], 'too many arguments'],
    [['build', '--arch'], "option '--arch <arch>' argument missing"],
  ])('%j', (argv, message) => {
    expect(refusal(...argv).exitCode).not.toBe(0);
    expect(err).toContain(message);
    expect(err).toContain('--help');
    expect(out).toBe('');
  });

  test('a mistyped flag is answered with the right one', () => {
    refusal('1.2.3', '--mutli');
    expect(err).toContain('Did you mean --multi?');
  });
});

describe('help', () => {
  const GROUPS = COMMANDS.filter((entry) => 'commands' in entry);

  test.each(
    COMMANDS.flatMap((entry) => [
      [entry.name],
      ...('commands' in entry ? entry.commands.map(({ name }) => [entry.name, name]) : []),
    ]),
  )('of %s %s is what `help` shows', (...path) => {
    expect(refusal('help', ...path).exitCode).toBe(0);
    expect(out).toContain(`Usage: addon-release ${path.join(' ')} `);
    const shown = out;
    out = '';
    refusal(...path, '--help');
    expect(out).toBe(shown);
    expect(out).toMatch(/^Examples:\n {2}(?:source <\()?addon-release /m);
  });

  test.each(GROUPS.map(({ name }) => name))('of %s has an example of each command', (name) => {
    refusal(name, '--help');
    const group = GROUPS.find((one) => one.name === name);
    for (const command of group?.commands ?? []) {
      expect(out).toContain(`\n  addon-release ${name} ${command.name} `);
    }
  });

  test.each([[[]], [['build']], [['test']], [['report']], [['history']], [['doctor']]])(
    'of %j has examples that work',
    (command) => {
      expect(refusal(...command, '--help').exitCode).toBe(0);
      expect(err).toBe('');
      const examples = [...out.matchAll(/^ {2}addon-release ((?:\S+ )*\S+)(?= {2}|$)/gm)].map(
        ([, line = '']) => line.split(' '),
      );
      expect(examples.length).toBeGreaterThanOrEqual(2);
      for (const argv of examples)
        expect(parse(...argv).command).toBe(command[0] ?? parse(...argv).command);
    },
  );

  test('of the program names the commands and every exit code', async () => {
    const { EXIT_CODES } = await import('../../../src/errors.js');
    refusal('--help');
    for (const command of ['build', 'test', 'doctor']) expect(out).toContain(`\n  ${command} `);
    for (const code of Object.values(EXIT_CODES)) expect(out).toMatch(new RegExp(`  ${code}  \\w`));
  });

  test('of every flag says what it does', () => {
    for (const command of [[], ['build'], ['test'], ['doctor']]) {
      out = '';
      refusal(...command, '--help');
      const flags = [...out.matchAll(/^ {2}(?:-\w, )?--[\w-]+.*$/gm)].map(([line]) => line);
      expect(flags.length).toBeGreaterThan(10);
      for (const flag of flags) expect(flag).toMatch(/\S {2,}\w|>$/);
    }
  });

  test('the version is printed on standard output', async () => {
    const { VERSION } = await import('../../../src/version.js');
    expect(refusal('--version').exitCode).toBe(0);
    expect(out).toBe(`${VERSION}\n`);
  });
});
