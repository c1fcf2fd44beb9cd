import { describe, expect, test } from 'vitest';
import {
  assignMachine,
  isEmulated,
  listProbePlaces,
  type Builder,
  type BuilderChoice,
} from '../../../src/plan/machine.js';

/** A Docker context as a builder: an engine on one machine. */
function engine(name: string, platform: string): Builder {
  return {
    name,
    driver: 'docker',
    nodes: [{ name, platform, fixed: [], platforms: [platform], context: name }],
  };
}

const AMD = engine('amd', 'linux/amd64');
const ARM = engine('arm', 'linux/arm64');

function assign(arch: 'aarch64' | 'amd64' | 'armv7', choices: readonly BuilderChoice[]) {
  const platform = { aarch64: 'linux/arm64', amd64: 'linux/amd64', armv7: 'linux/arm/v7' }[arch];
  const machine = assignMachine(arch, platform, choices, 'linux/amd64');
  return [machine.builder, machine.emulated ? 'emulated' : 'native', machine.context];
}

describe('assignMachine', () => {
  test('builds here when nobody else is named', () => {
    expect(assign('amd64', [])).toEqual([undefined, 'native', undefined]);
    expect(assign('aarch64', [])).toEqual([undefined, 'emulated', undefined]);
  });

  test('obeys what is named for an architecture, be it emulated', () => {
    const choices = [
      { arch: 'amd64', builder: ARM },
      { arch: 'aarch64', builder: ARM },
    ] as const;
    expect(assign('amd64', choices)).toEqual(['arm', 'emulated', 'arm']);
    expect(assign('aarch64', choices)).toEqual(['arm', 'native', 'arm']);
  });

  test('takes a machine that was named for another architecture where only that is native', () => {
    const choices = [{ arch: 'aarch64', builder: ARM }] as const;
    expect(assign('armv7', choices)).toEqual(['arm', 'native', 'arm']);
    expect(assign('amd64', choices)).toEqual([undefined, 'native', undefined]);
  });

  test('takes the native one of those for all architectures, else the first', () => {
    const choices = [
      { arch: undefined, builder: AMD },
      { arch: undefined, builder: ARM },
    ];
    expect(assign('amd64', choices)).toEqual(['amd', 'native', 'amd']);
    expect(assign('armv7', choices)).toEqual(['arm', 'native', 'arm']);
    expect(assign('armv7', choices.slice(0, 1))).toEqual(['amd', 'emulated', 'amd']);
  });
});

describe('listProbePlaces', () => {
  const machine = (changes: object) => ({
    ...assignMachine('aarch64', 'linux/arm64', [], 'linux/amd64'),
    ...changes,
  });

  test.each([
    ['an engine by itself', { emulated: false }, false, []],
    ['an engine with QEMU', { emulated: true }, true, [{ name: undefined }]],
    [
      'a native builder, tests with QEMU',
      { ...remote(), emulated: false },
      true,
      [{ name: 'far' }, 'engine'],
    ],
    [
      'a native builder and engine',
      { ...remote(), context: 'far', emulated: false },
      false,
      [{ name: 'far' }],
    ],
  ])('%s', (_name, changes, emulated, builders) => {
    const places = listProbePlaces({ arch: 'aarch64', machine: machine(changes), emulated });
    expect(places.map(({ builder }) => builder)).toEqual(builders);
  });

  function remote() {
    return { builder: 'far', driver: 'remote' };
  }
});

test.each([
  ['linux/amd64', 'linux/amd64', false],
  ['linux/386', 'linux/amd64', false],
  ['linux/arm64', 'linux/amd64', true],
  ['linux/arm/v7', 'linux/amd64', true],
  ['linux/arm/v7', 'linux/arm64', false],
  ['linux/arm/v6', 'linux/arm/v7', false],
  ['linux/arm64', 'linux/arm/v7', true],
  ['linux/amd64', 'linux/arm64', true],
  ['linux/386', 'linux/arm64', true],
  ['linux/amd64', 'linux/386', true],
])('%s on %s is emulated: %s', (platform, host, expected) => {
  expect(isEmulated(platform, host)).toBe(expected);
});
