import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ArchivedLayer } from '../../../src/engine/image-archive.js';
import { readImageContents } from '../../../src/engine/image-contents.js';
import { digestOf } from '../../../src/registry/digest.js';
import { makeTar, type TarEntry } from '../../helpers/tar.js';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'image-contents-'));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function storeLayer(entries: readonly TarEntry[], compress: boolean): Promise<ArchivedLayer> {
  const tar = await makeTar(entries);
  const bytes = compress ? gzipSync(tar) : tar;
  const diffId = digestOf(tar);
  const file = join(folder, diffId);
  await writeFile(file, bytes);
  const compression = compress ? 'gzip' : 'none';
  return {
    diffId,
    digest: digestOf(bytes),
    compression,
    file,
    offset: 0,
    sizeBytes: bytes.length,
    isHere: true,
  };
}

test('tells files, what later layers hide, wanted texts and the instruction of each layer', async () => {
  const layers = [
    await storeLayer(
      [
        { name: 'etc/secret', content: 'one' },
        { name: 'bin/tool', content: 'x'.repeat(3000), mode: 0o4755 },
      ],
      true,
    ),
    await storeLayer(
      [
        { name: 'etc/.wh.secret', content: '' },
        { name: 'app/main.py', content: 'import json\n' },
      ],
      false,
    ),
  ];
  const config = {
    architecture: 'amd64',
    os: 'linux',
    rootfs: { type: 'layers' as const, diff_ids: layers.map(({ diffId }) => diffId) },
    history: [
      { created_by: 'base' },
      { created_by: 'ENV A=1', empty_layer: true },
      { created_by: 'COPY app' },
    ],
  };
  const contents = await readImageContents(
    { config, layers },
    { wants: (path) => (/secret|\.py$/.test(path) ? 2 + path.length : undefined) },
  );
  expect(contents.files).toEqual([
    { path: '/app/main.py', bytes: 12, mode: 0o644, layer: 1 },
    { path: '/bin/tool', bytes: 3000, mode: 0o4755, layer: 0 },
  ]);
  expect(contents.hidden).toEqual([{ path: '/etc/secret', bytes: 3, mode: 0o644, layer: 0 }]);
  expect([...contents.texts].sort()).toEqual([
    ['/app/main.py', 'import json\n'],
    ['0:/etc/secret', 'one'],
  ]);
  expect(contents.layers.map(({ createdBy }) => createdBy)).toEqual(['base', 'COPY app']);
  expect(contents.layers.map(({ compressedBytes }) => compressedBytes)).toEqual([
    layers[0]?.sizeBytes,
    undefined,
  ]);
  expect(contents.layers[1]?.unpackedBytes).toBe(layers[1]?.sizeBytes);
});
