import { describe, expect, test } from 'vitest';
import { parseFlags, parseRepositoryFlags } from '../../../src/cli/parse-flags.js';
import type { Flags } from '../../../src/cli/command.js';
import { AddonReleaseError } from '../../../src/errors.js';

function parse(
  command: string,
  flags: Flags = {},
  environment: Readonly<Record<string, string>> = {},
) {
  const version = command === 'release' ? '1.2.3' : undefined;
  return parseFlags(
    { command, args: version === undefined ? [] : [version], flags },
    { workingDirectory: '/addons', environment },
  );
}

function refusal(command: string, flags: Flags): AddonReleaseError {
  try {
    parse(command, flags);
  } catch (error) {
    if (error instanceof AddonReleaseError) return error;
    throw error;
  }
  throw new Error('the flags were accepted');
}

describe('parseFlags', () => {
  test('a release without --multi is for this machine and publishes nothing', () => {
    expect(parse('release')).toEqual({
      version: '1.2.3',
      arches: 'host',
      publish: false,
      replace: false,
      smoke: true,
      dryRun: false,
      edge: false,
      addon: undefined,
      workingDirectory: '/addons',
      registry: undefined,
      image: undefined,
      baseMirrors: [],
      builders: [],
      buildArgs: {},
      buildIndexes: [],
      noCache: false,
      buildCache: undefined,
      out: undefined,
      channel: undefined,
      from: [],
      allowDirty: false,
      git: true,
      github: true,
      environment: {},
    });
  });

  test('with --multi it is for every architecture and publishes', () => {
    expect(parse('release', { multi: true })).toMatchObject({ arches: 'all', publish: true });
    expect(parse('release', { multi: true, arch: ['armv7'] })).toMatchObject({
      arches: ['armv7'],
      publish: true,
    });
  });

  test('build and test are for every architecture and publish nothing', () => {
    expect(parse('build')).toMatchObject({ arches: 'all', publish: false, smoke: false });
    expect(parse('test')).toMatchObject({ arches: 'all', publish: false, smoke: true });
  });

  test('nobody changes the options afterwards', () => {
    expect(Object.isFrozen(parse('build'))).toBe(true);
  });

  test.each([
    ['registry=ghcr.io/me/cache', { kind: 'registry', repository: 'ghcr.io/me/cache' }],
    ['registry', { kind: 'registry' }],
    ['gha', { kind: 'gha' }],
    ['local=cache', { kind: 'local', folder: '/work/cache' }],
    ['none', undefined],
  ])('keeps finished steps in %s', (text, expected) => {
    const read = (flags: Flags, environment: Readonly<Record<string, string>> = {}) =>
      parseFlags({ command: 'build', args: [], flags }, { workingDirectory: '/work', environment })
        .buildCache;
    expect(read({ buildCache: text })).toEqual(expected);
    expect(read({}, { ADDON_RELEASE_BUILD_CACHE: text })).toEqual(expected);
    expect(read({ buildCache: 'none' }, { ADDON_RELEASE_BUILD_CACHE: text })).toBeUndefined();
  });

  test('takes builders from the environment where no flag names one', () => {
    const environment = { ADDON_RELEASE_BUILDERS: 'arm64=arm, farm' };
    const read = (flags: Flags) =>
      parseFlags({ command: 'build', args: [], flags }, { workingDirectory: '/', environment })
        .builders;
    expect(read({})).toEqual([
      { arch: 'aarch64', name: 'arm' },
      { arch: undefined, name: 'farm' },
    ]);
    expect(read({ builder: ['mine'] })).toEqual([{ arch: undefined, name: 'mine' }]);
  });

  test('hands the other flags on', () => {
    const flags: Flags = {
      multi: true,
      replace: true,
      dryRun: true,
      addon: 'folder',
      registry: 'localhost:5000',
      image: 'owner/name',
      baseMirror: ['a=b', 'c=d'],
      builder: ['my-builder_1.0', 'arm64=arm'],
      cache: false,
    };
    expect(parse('release', flags)).toMatchObject({
      replace: true,
      dryRun: true,
      addon: 'folder',
      registry: 'localhost:5000',
      image: 'owner/name',
      baseMirrors: [
        { from: 'a', to: 'b' },
        { from: 'c', to: 'd' },
      ],
      builders: [
        { arch: undefined, name: 'my-builder_1.0' },
        { arch: 'aarch64', name: 'arm' },
      ],
      noCache: true,
    });
  });
});

describe('--arch', () => {
  test('understands Home Assistant, Docker and the kernel, each architecture once', () => {
    const arch = ['arm64', 'linux/arm/v7', 'x86_64', 'aarch64', 'ARM/V7', ' amd64'];
    expect(parse('build', { arch }).arches).toEqual(['aarch64', 'armv7', 'amd64']);
    expect(parse('build', { arch: ['amd64,armv7', 'i386'] }).arches).toEqual([
      'amd64',
      'armv7',
      'i386',
    ]);
  });

  test.each(['mips', '', 'amd64,', 'windows/amd64'])('refuses %j', (arch) => {
    const error = refusal('build', { arch: [arch] });
    expect(error.failure).toBe('usage');
    expect(error.message).toMatch(/^".*" is not an architecture$/);
    expect(error.hint).toContain('aarch64, amd64, armhf, armv7, i386');
  });
});

describe('--build-arg', () => {
  test('takes everything behind the first =, and the last of a name', () => {
    const buildArg = ['A=1', 'B=', 'C=x=y z\nü', 'A=2'];
    expect(parse('build', { buildArg }).buildArgs).toEqual({ A: '2', B: '', C: 'x=y z\nü' });
  });

  test('takes the value of a name alone from the environment', () => {
    expect(parse('build', { buildArg: ['TOKEN'] }, { TOKEN: 'a=b' }).buildArgs).toEqual({
      TOKEN: 'a=b',
    });
  });

  test.each(['', '=1', '1A=2', 'A-B=1', 'A B=1', 'UNKNOWN', 'constructor', '${A}=1'])(
    'refuses %j',
    (text) => {
      const error = refusal('build', { buildArg: [text] });
      expect(error.failure).toBe('usage');
      expect(error.message).toBe(`--build-arg "${text}" is not NAME=VALUE`);
      expect(error.hint).toContain('environment variable');
    },
  );
});

describe('refusals', () => {
  test.each(['release', 'build', 'test', 'plan', 'publish', 'rollback', 'promote'])(
    '%s wants a version to be one, before anything else is looked at',
    (command) => {
      const context = { workingDirectory: '/', environment: {} };
      const ask = (version: string) => parseFlags({ command, args: [version], flags: {} }, context);
      expect(() => ask('1.2.x')).toThrow('"1.2.x" is not a version');
      expect(ask('v2026.2.1').version).toBe('v2026.2.1');
    },
  );

  test('a release needs a version', () => {
    expect(() =>
      parseFlags(
        { command: 'release', args: [], flags: {} },
        { workingDirectory: '/addons', environment: {} },
      ),
    ).toThrow('the version to release is missing');
  });

  test.each([
    ['release', { verbose: true, quiet: true }, '--verbose and --quiet exclude each other'],
    ['build', { multi: true }, '--multi is for releases only'],
    ['test', { replace: true, multi: false }, '--replace is for releases only'],
    ['release', { replace: true }, '--replace does nothing without --multi: only that publishes'],
    ['doctor', { dryRun: true }, 'doctor has no --dry-run'],
    ['build', { builder: [''] }, '--builder "" is not the name of a builder'],
    ['build', { builder: ['--help'] }, '--builder "--help" is not the name of a builder'],
    ['build', { builder: ['a b'] }, '--builder "a b" is not the name of a builder'],
    ['build', { builder: ['sparc=x'] }, '--builder "sparc=x": "sparc" is no architecture'],
    ['build', { builder: ['arm64='] }, '--builder "arm64=" is not the name of a builder'],
    ['build', { buildCache: 'cloud' }, '--build-cache "cloud" is no place for a build cache'],
    ['build', { buildCache: 'local=' }, '--build-cache "local=" is no place for a build cache'],
    [
      'build',
      { buildCache: 'registry=a/b:c' },
      '--build-cache "registry=a/b:c" is no place for a build cache',
    ],
    ['build', { baseMirror: ['nonsense'] }, '--base-mirror "nonsense" is not FROM=TO'],
  ] as const)('%s with %j', (command, flags, message) => {
    const error = refusal(command, flags);
    expect(error.message).toBe(message);
    expect(error.exitCode).toBe(2);
  });
});

describe('--all', () => {
  const parseAll = (flags: Flags) =>
    parseFlags(
      { command: 'release', args: [], flags: { all: true, ...flags } },
      { workingDirectory: '/addons', environment: {} },
    );

  test('is the full release, and every add-on has its own version', () => {
    expect(parseAll({})).toMatchObject({ version: undefined, publish: true, arches: 'all' });
    expect(parseRepositoryFlags({})).toEqual({ changed: false, bump: undefined, jobs: undefined });
    expect(parseRepositoryFlags({ changed: true, bump: 'minor', jobs: '8' })).toEqual({
      changed: true,
      bump: 'minor',
      jobs: 8,
    });
  });

  test.each([
    ['release', { all: true }, '--all takes no version, and 1.2.3 was given'],
    ['build', { all: true }, '--all is for releases only'],
    ['test', { all: true, bump: 'patch' }, '--bump is for releases only'],
    ['publish', { all: true }, 'publish is for one add-on'],
    ['release', { changed: true }, '--changed does nothing without --all'],
    ['release', { bump: 'patch' }, '--bump does nothing without --all'],
    ['release', { jobs: '2' }, '--jobs does nothing without --all'],
  ] as const)('%s with %j is refused', (command, flags, message) => {
    expect(refusal(command, flags)).toMatchObject({ failure: 'usage', message });
  });

  test.each([
    [{ bump: 'big' }, '--bump "big" is no part of a version'],
    [{ jobs: '0' }, '--jobs "0" is not a number from 1 to 99'],
    [{ jobs: 'all' }, '--jobs "all" is not a number from 1 to 99'],
  ])('%j is refused', (flags, message) => {
    expect(() => parseRepositoryFlags(flags)).toThrow(message);
  });

  test('tests every add-on, and publishes none', () => {
    const test = (flags: Flags) =>
      parseFlags(
        { command: 'test', args: [], flags: { all: true, changed: true, jobs: '2', ...flags } },
        { workingDirectory: '/addons', environment: {} },
      );
    expect(test({})).toMatchObject({ publish: false, arches: 'all', smoke: true });
    expect(() => test({ out: 'images' })).toThrow('--out is of one add-on');
  });

  test('takes no name for all images', () => {
    expect(() => parseAll({ image: 'ghcr.io/owner/name' })).toThrow('--image is of one add-on');
  });
});
