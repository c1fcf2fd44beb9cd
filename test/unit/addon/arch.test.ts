import { describe, expect, it } from 'vitest';
import { ARCHES, describeArch, isArch, parseArch, platformOf } from '../../../src/addon/arch.js';

describe('parseArch', () => {
  it.each([
    ['amd64', 'amd64'],
    ['x86_64', 'amd64'],
    ['linux/amd64', 'amd64'],
    ['aarch64', 'aarch64'],
    ['arm64', 'aarch64'],
    ['linux/arm64/v8', 'aarch64'],
    ['armv7', 'armv7'],
    ['armv7l', 'armv7'],
    ['arm/v7', 'armv7'],
    ['linux/arm/v7', 'armv7'],
    [' Linux/ARM/v6 ', 'armhf'],
    ['armv6l', 'armhf'],
    ['i686', 'i386'],
    ['linux/386', 'i386'],
  ])('reads %j as %s', (text, arch) => {
    expect(parseArch(text)).toBe(arch);
  });

  it.each(['', 'linux/', 'windows/amd64', 'riscv64', 'amd64,aarch64', 'linux/linux/amd64'])(
    'does not read %j',
    (text) => {
      expect(parseArch(text)).toBeUndefined();
    },
  );

  it('reads every name and platform back', () => {
    for (const arch of ARCHES) {
      expect(parseArch(arch)).toBe(arch);
      expect(parseArch(platformOf(arch))).toBe(arch);
      expect(isArch(arch)).toBe(true);
    }
  });

  it('gives no spelling to two architectures', () => {
    const spellings = ARCHES.flatMap((arch) => [arch, ...describeArch(arch).aliases]);
    expect(new Set(spellings).size).toBe(spellings.length);
  });
});

describe('describeArch', () => {
  it('expects 32-bit hard-float ARM of armv7 and armhf', () => {
    for (const arch of ['armv7', 'armhf'] as const) {
      expect(describeArch(arch).elf).toEqual({
        machine: 40,
        machineName: 'EM_ARM',
        bits: 32,
        endianness: 'little',
        arm: { eabiVersion: 5, floatAbi: 'hard' },
      });
    }
  });

  it('writes the platform as the image config splits it', () => {
    for (const arch of ARCHES) {
      const { ociArchitecture, ociVariant } = describeArch(arch);
      const parts = ['linux', ociArchitecture, ociVariant].filter((part) => part !== undefined);
      expect(parts.join('/')).toBe(platformOf(arch));
    }
  });
});
