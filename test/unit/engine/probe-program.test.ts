import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ARCHES, describeArch, parseArch } from '../../../src/addon/arch.js';
import { makeProbeProgram } from '../../../src/engine/probe-program.js';

describe.each(ARCHES)('the probe program for %s', (arch) => {
  const program = Buffer.from(makeProbeProgram(arch));
  const { elf } = describeArch(arch);
  const wide = elf.bits === 64;
  const address = (offset: number) =>
    wide ? Number(program.readBigUInt64LE(offset)) : program.readUInt32LE(offset);

  test('is an executable for it', () => {
    expect([...program.subarray(0, 7)]).toEqual([0x7f, 0x45, 0x4c, 0x46, wide ? 2 : 1, 1, 1]);
    expect(program.readUInt16LE(16)).toBe(2);
    expect(program.readUInt16LE(18)).toBe(elf.machine);
    expect(program.readUInt32LE(wide ? 48 : 36)).toBe(elf.machine === 40 ? 0x05000400 : 0);
  });

  test('is loaded as a whole and starts behind its headers', () => {
    const headers = program.readUInt16LE(wide ? 52 : 40) + program.readUInt16LE(wide ? 54 : 42);
    const segment = address(wide ? 32 : 28);
    expect(segment).toBe(program.readUInt16LE(wide ? 52 : 40));
    expect(program.readUInt16LE(wide ? 56 : 44)).toBe(1);
    const loadAddress = address(segment + (wide ? 16 : 8));
    const [sizeInFile, sizeInMemory] = wide
      ? [address(segment + 32), address(segment + 40)]
      : [address(segment + 16), address(segment + 20)];
    expect([sizeInFile, sizeInMemory]).toEqual([program.length, program.length]);
    expect(address(24)).toBe(loadAddress + headers);
    expect(program.readUInt32LE(segment + (wide ? 4 : 24))).toBe(5);
    expect(program.length).toBeLessThan(256);
  });
});

test.runIf(process.platform === 'linux')(
  'runs on this machine and ends with exit code 0',
  async () => {
    const arch = parseArch(process.arch);
    if (arch === undefined) throw new Error(`${process.arch} is no architecture of Home Assistant`);
    const folder = await mkdtemp(join(tmpdir(), 'probe-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const file = join(folder, 'probe');
    await writeFile(file, makeProbeProgram(arch), { mode: 0o755 });
    const { status, signal, error } = spawnSync(file);
    expect({ status, signal, error }).toEqual({ status: 0, signal: null, error: undefined });
  },
);
