import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ARCHES, type Arch } from '../../../src/addon/arch.js';
import { readArchive } from '../../../src/engine/image-archive.js';
import { makeProbeProgram } from '../../../src/engine/probe-program.js';
import { scanArchive, type ElfScan } from '../../../src/smoke/elf-scan.js';
import { elfFor, makeElfHeader } from '../../helpers/elf.js';
import { makeGzipLayer, makeLayout, writeLayout } from '../../helpers/image-layout.js';
import type { TarEntry } from '../../helpers/tar.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'elf-scan-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function scan(
  arch: Arch,
  layers: readonly (readonly TarEntry[])[],
  baseLayerCount = 0,
): Promise<ElfScan> {
  const layout = makeLayout(await Promise.all(layers.map((entries) => makeGzipLayer(entries))));
  const file = join(folder, 'image.tar');
  await writeLayout(file, layout);
  const archive = await readArchive(file, layout.configDigest);
  const base = layout.layers.slice(0, baseLayerCount).map(({ diffId }) => diffId);
  return scanArchive(archive, { arch, baseLayers: new Set(base) });
}

function paths(findings: ElfScan['foreign']): string[] {
  return findings.map(({ path }) => path);
}

describe('scanArchive', () => {
  test.each(ARCHES)('finds no fault with programs for %s', async (arch) => {
    const result = await scan(arch, [
      [
        { name: 'usr/bin/real', content: makeProbeProgram(arch), mode: 0o755 },
        { name: 'usr/lib/lib.so', content: elfFor(arch, { type: 3 }) },
        { name: 'usr/bin/script', content: '#!/bin/sh\n'.repeat(20) },
        { name: 'empty' },
      ],
    ]);
    expect(result).toMatchObject({
      checked: 2,
      foreign: [],
      companions: [],
      variants: [],
      notForCpu: 0,
    });
  });

  test('names a foreign program with its layer', async () => {
    const own = { name: 'usr/bin/own', content: elfFor('armv7') };
    const result = await scan('armv7', [
      [own],
      [
        { name: 'usr/bin/b', content: elfFor('aarch64') },
        { name: 'usr/bin/a', content: elfFor('amd64') },
      ],
    ]);
    const layer = result.layers[1]?.diffId;
    expect(result.checked).toBe(3);
    expect(result.foreign).toEqual([
      {
        path: '/usr/bin/a',
        machineName: 'EM_X86_64',
        reason: 'it is 64-bit EM_X86_64, the image 32-bit EM_ARM',
        layer,
      },
      {
        path: '/usr/bin/b',
        machineName: 'EM_AARCH64',
        reason: 'it is 64-bit EM_AARCH64, the image 32-bit EM_ARM',
        layer,
      },
    ]);
  });

  test('counts only what is left in the end', async () => {
    const foreign = elfFor('amd64');
    const result = await scan('aarch64', [
      [
        { name: 'bin/deleted', content: foreign },
        { name: 'bin/replaced', content: foreign },
        { name: 'build/tool', content: foreign },
        { name: 'bin/kept', content: foreign },
        { name: 'bin/same', type: 'link', linkname: 'bin/kept' },
      ],
      [
        { name: 'bin/.wh.deleted' },
        { name: 'bin/replaced', content: elfFor('aarch64') },
        { name: '.wh.build' },
      ],
    ]);
    expect(paths(result.foreign)).toEqual(['/bin/kept']);
    expect(result.checked).toBe(2);
  });

  test('does not look at the base image', async () => {
    const result = await scan(
      'aarch64',
      [[{ name: 'bin/a', content: elfFor('amd64') }], [{ name: 'bin/b', content: 'text' }]],
      1,
    );
    expect(result).toMatchObject({ checked: 0, foreign: [] });
    expect(result.layers.map(({ unpackedBytes }) => unpackedBytes === undefined)).toEqual([
      true,
      false,
    ]);
  });

  test('counts what other processors run, and firmware whatever it is for', async () => {
    const result = await scan('amd64', [
      [
        { name: 'usr/share/app/filter.o', content: makeElfHeader({ bits: 64, machine: 247 }) },
        { name: 'opt/esp32.elf', content: makeElfHeader({ bits: 32, machine: 94 }) },
        { name: 'lib/firmware/radio.elf', content: elfFor('armv7') },
        { name: 'usr/lib/firmware/modem.elf', content: elfFor('aarch64') },
      ],
    ]);
    expect(result).toMatchObject({ checked: 4, notForCpu: 4, foreign: [], companions: [] });
  });

  test('warns of 32-bit programs in a 64-bit image', async () => {
    const result = await scan('amd64', [[{ name: 'bin/old', content: elfFor('i386') }]]);
    expect(result.foreign).toEqual([]);
    expect(paths(result.companions)).toEqual(['/bin/old']);
    expect(result.companions[0]?.machineName).toBe('EM_386');
  });

  test('tells builds that a package ships side by side from mistakes', async () => {
    const at = (platform: string) => `app/node_modules/usb/prebuilds/${platform}/usb.node`;
    const result = await scan('aarch64', [
      [
        { name: at('linux-x64'), content: elfFor('amd64', { type: 3 }) },
        { name: at('linux-arm'), content: elfFor('armv7', { type: 3 }) },
        { name: at('linux-arm64'), content: elfFor('aarch64', { type: 3 }) },
        { name: 'app/lone/prebuilds/linux-x64/lone.node', content: elfFor('amd64', { type: 3 }) },
      ],
    ]);
    expect(paths(result.variants)).toEqual([`/${at('linux-arm')}`, `/${at('linux-x64')}`]);
    expect(result.variants[1]?.reason).toBe(
      `it is 64-bit EM_X86_64, the image 64-bit EM_AARCH64; /${at('linux-arm64')} is there for aarch64`,
    );
    expect(paths(result.foreign)).toEqual(['/app/lone/prebuilds/linux-x64/lone.node']);
    expect(result.companions).toEqual([]);
  });
});
