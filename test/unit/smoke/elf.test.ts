import { describe, expect, test } from 'vitest';
import { ARCHES, describeArch, type Arch } from '../../../src/addon/arch.js';
import { makeProbeProgram } from '../../../src/engine/probe-program.js';
import { matchElf, readElfHeader, type ElfHeader } from '../../../src/smoke/elf.js';
import { elfFor, makeElfHeader, type ElfFields } from '../../helpers/elf.js';

const SHARED = 3;
const RELOCATABLE = 1;

function read(bytes: Uint8Array): ElfHeader {
  const header = readElfHeader(bytes);
  if (header === undefined) throw new Error('not read as ELF');
  return header;
}

function match(fields: ElfFields, arch: Arch) {
  return matchElf(read(makeElfHeader(fields)), arch);
}

describe('readElfHeader', () => {
  test.each(ARCHES)('reads a real program for %s', (arch) => {
    const { elf } = describeArch(arch);
    expect(read(makeProbeProgram(arch).subarray(0, 64))).toEqual({
      bits: elf.bits,
      endianness: 'little',
      machine: elf.machine,
      machineName: elf.machineName,
      type: 'executable',
      eabiVersion: elf.arm?.eabiVersion,
      floatAbi: elf.arm?.floatAbi,
    });
  });

  test('reads a view into a larger buffer', () => {
    const padded = Buffer.concat([Buffer.alloc(3, 0xff), elfFor('aarch64')]);
    expect(read(padded.subarray(3)).machineName).toBe('EM_AARCH64');
  });

  test('reads big-endian fields', () => {
    const header = read(makeElfHeader({ bits: 32, machine: 8, endianness: 'big', type: SHARED }));
    expect(header).toMatchObject({ endianness: 'big', machineName: 'EM_MIPS', type: 'shared' });
  });

  test('names a machine it does not know by its number', () => {
    expect(read(makeElfHeader({ bits: 64, machine: 4711 })).machineName).toBe('machine 4711');
  });

  test.each([
    ['a script', Buffer.from('#!/bin/sh\n'.padEnd(80))],
    ['nothing', Buffer.alloc(0)],
    ['the four letters alone', Buffer.from('\x7fELF', 'latin1')],
    ['a cut 64-bit header', elfFor('amd64').subarray(0, 60)],
    ['a cut 32-bit header', elfFor('i386').subarray(0, 51)],
    ['an unknown class', Buffer.from(elfFor('amd64')).fill(3, 4, 5)],
    ['an unknown byte order', Buffer.from(elfFor('amd64')).fill(0, 5, 6)],
    ['an unknown version', Buffer.from(elfFor('amd64')).fill(2, 6, 7)],
  ])('takes %s for no ELF file', (_name, bytes) => {
    expect(readElfHeader(bytes)).toBeUndefined();
  });

  test('reads the float ABI of programs and libraries only', () => {
    const at = (type: number, flags: number) => read(elfFor('armv7', { type, flags })).floatAbi;
    expect(at(2, 0x05000400)).toBe('hard');
    expect(at(SHARED, 0x05000200)).toBe('soft');
    expect(at(2, 0x05000002)).toBeUndefined();
    expect(at(RELOCATABLE, 0x05000400)).toBeUndefined();
  });
});

describe('matchElf', () => {
  test.each(ARCHES)('accepts what is made for %s', (arch) => {
    expect(matchElf(read(elfFor(arch)), arch)).toEqual({ kind: 'own' });
    expect(matchElf(read(elfFor(arch, { type: SHARED })), arch)).toEqual({ kind: 'own' });
    expect(matchElf(read(elfFor(arch, { type: RELOCATABLE })), arch)).toEqual({ kind: 'own' });
  });

  const kinds: Readonly<Record<Arch, Readonly<Record<Arch, string>>>> = {
    aarch64: {
      aarch64: 'own',
      amd64: 'foreign',
      armhf: 'companion',
      armv7: 'companion',
      i386: 'foreign',
    },
    amd64: {
      aarch64: 'foreign',
      amd64: 'own',
      armhf: 'foreign',
      armv7: 'foreign',
      i386: 'companion',
    },
    armhf: { aarch64: 'foreign', amd64: 'foreign', armhf: 'own', armv7: 'own', i386: 'foreign' },
    armv7: { aarch64: 'foreign', amd64: 'foreign', armhf: 'own', armv7: 'own', i386: 'foreign' },
    i386: { aarch64: 'foreign', amd64: 'foreign', armhf: 'foreign', armv7: 'foreign', i386: 'own' },
  };
  const pairs = ARCHES.flatMap((image) => ARCHES.map((file) => [file, image] as const));
  test.each(pairs)('a program for %s in an image for %s', (file, image) => {
    expect(matchElf(read(elfFor(file)), image).kind).toBe(kinds[image][file]);
  });

  test('says what was found and what was expected', () => {
    expect(matchElf(read(elfFor('amd64')), 'aarch64')).toEqual({
      kind: 'foreign',
      reason: 'it is 64-bit EM_X86_64, the image 64-bit EM_AARCH64',
    });
    expect(matchElf(read(elfFor('armv7')), 'aarch64')).toEqual({
      kind: 'companion',
      reason: 'it is 32-bit EM_ARM, the image 64-bit EM_AARCH64; not every aarch64 machine runs it',
    });
  });

  test('refuses the right processor in the wrong mode', () => {
    expect(match({ bits: 32, machine: 62 }, 'amd64')).toEqual({
      kind: 'foreign',
      reason: 'it is 32-bit EM_X86_64, the image 64-bit EM_X86_64',
    });
    expect(match({ bits: 64, machine: 183, endianness: 'big' }, 'aarch64')).toEqual({
      kind: 'foreign',
      reason: 'it is big-endian 64-bit EM_AARCH64, the image 64-bit EM_AARCH64',
    });
    expect(match({ bits: 32, machine: 40, endianness: 'big' }, 'aarch64').kind).toBe('foreign');
  });

  test.each([
    ['no machine', 0],
    ['AVR', 83],
    ['Xtensa', 94],
    ['RISC-V', 243],
    ['BPF', 247],
  ])('does not judge code for another kind of processor: %s', (_name, machine) => {
    for (const arch of ARCHES) {
      expect(match({ bits: 32, machine }, arch)).toEqual({ kind: 'other-processor' });
    }
  });

  test('does not fail foreign object files, which nothing executes', () => {
    expect(matchElf(read(elfFor('amd64', { type: RELOCATABLE })), 'armv7')).toEqual({
      kind: 'companion',
      reason: 'it is 64-bit EM_X86_64, the image 32-bit EM_ARM; but it is no program or library',
    });
  });

  test('accepts an Arm program that does not name its float ABI, as Go writes it', () => {
    expect(matchElf(read(elfFor('armv7', { flags: 0x05000002 })), 'armv7')).toEqual({
      kind: 'own',
    });
  });

  test('points at another Arm ABI without refusing it', () => {
    expect(matchElf(read(elfFor('armhf', { flags: 0x05000200 })), 'armhf')).toEqual({
      kind: 'companion',
      reason: 'it is soft-float, the image hard-float: only a static program works',
    });
    expect(matchElf(read(elfFor('armv7', { flags: 0x04000400 })), 'armv7')).toEqual({
      kind: 'companion',
      reason: 'it is made for EABI 4, the image for EABI 5',
    });
  });
});
