import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ArchivedLayer } from '../../../src/engine/image-archive.js';
import { scanImageFiles, type LayerFile } from '../../../src/engine/layer-files.js';
import { digestOf } from '../../../src/registry/digest.js';
import { makeTar, type TarEntry } from '../../helpers/tar.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'layer-files-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function storeLayer(tar: Buffer): Promise<ArchivedLayer> {
  const diffId = digestOf(tar);
  const bytes = gzipSync(tar);
  const file = join(folder, diffId);
  await writeFile(file, bytes);
  const digest = digestOf(bytes);
  return {
    diffId,
    digest,
    compression: 'gzip',
    sizeBytes: bytes.length,
    file,
    offset: 0,
    isHere: true,
  };
}

async function storeLayers(...layers: readonly (readonly TarEntry[])[]): Promise<ArchivedLayer[]> {
  return Promise.all(layers.map(async (entries) => storeLayer(await makeTar(entries))));
}

async function scan(layers: readonly ArchivedLayer[], baseLayers: ReadonlySet<string> = new Set()) {
  const files: LayerFile[] = [];
  const scanned = await scanImageFiles(
    { layers },
    { baseLayers, onFile: (file) => files.push(file) },
  );
  return { files, scanned };
}

/** The paths a container sees of an image of these layers, base first. */
async function visiblePaths(...layers: readonly (readonly TarEntry[])[]): Promise<string[]> {
  const { files } = await scan(await storeLayers(...layers));
  return files.map(({ path }) => path).sort();
}

describe('scanImageFiles', () => {
  test('tells path, size, mode, start and layer of a file', async () => {
    const content = Buffer.from(Array.from({ length: 200_000 }, (_, index) => index % 251));
    const [layer] = await storeLayers([
      { name: 'usr/', type: 'directory' },
      { name: 'usr/bin/tool', content, mode: 0o755 },
    ]);
    const { files } = await scan([layer as ArchivedLayer]);
    expect(files).toEqual([
      {
        path: '/usr/bin/tool',
        sizeBytes: 200_000,
        mode: 0o755,
        head: content.subarray(0, 64),
        layer: layer?.diffId,
      },
    ]);
  });

  test('gives all of a short file, and nothing of an empty one', async () => {
    const { files } = await scan(
      await storeLayers([
        { name: 'a', content: 'short' },
        { name: 'b', content: '' },
      ]),
    );
    expect(files.map(({ head }) => Buffer.from(head).toString())).toEqual(['short', '']);
  });

  test('reads names with a leading dot or slash, and long ones', async () => {
    const long = `opt/${'folder/'.repeat(40)}file`;
    expect(await visiblePaths([{ name: './bin/a' }, { name: '/bin/b' }, { name: long }])).toEqual([
      '/bin/a',
      '/bin/b',
      `/${long}`,
    ]);
  });

  test('leaves out what is no regular file', async () => {
    expect(
      await visiblePaths([
        { name: 'bin/', type: 'directory' },
        { name: 'bin/real' },
        { name: 'bin/soft', type: 'symlink', linkname: 'real' },
        { name: 'run/pipe', type: 'fifo' },
      ]),
    ).toEqual(['/bin/real']);
  });

  test('takes the uppermost of several files of the same name', async () => {
    const layers = await storeLayers(
      [{ name: 'bin/a', content: 'old' }],
      [{ name: 'bin/a', content: 'new' }],
      [{ name: 'bin/b' }],
    );
    const { files } = await scan(layers);
    const found = files.filter(({ path }) => path === '/bin/a');
    expect(found.map(({ head }) => Buffer.from(head).toString())).toEqual(['new']);
    expect(found[0]?.layer).toBe(layers[1]?.diffId);
  });

  test('leaves out a file that an upper layer deletes', async () => {
    expect(
      await visiblePaths([{ name: 'bin/a' }, { name: 'bin/ab' }], [{ name: 'bin/.wh.a' }]),
    ).toEqual(['/bin/ab']);
  });

  test('brings back a file that was deleted and added again', async () => {
    expect(
      await visiblePaths([{ name: 'bin/a' }], [{ name: 'bin/.wh.a' }], [{ name: 'bin/a' }]),
    ).toEqual(['/bin/a']);
  });

  test('leaves out everything below a deleted folder, but not its neighbours', async () => {
    expect(
      await visiblePaths(
        [{ name: 'opt/app/lib/a' }, { name: 'opt/app/b' }, { name: 'opt/application' }],
        [{ name: 'opt/.wh.app' }],
      ),
    ).toEqual(['/opt/application']);
  });

  test('keeps what the layer itself brings in place of a deleted folder', async () => {
    for (const whiteout of ['opt/.wh.app', 'opt/app/.wh..wh..opq']) {
      const folderEntry = { name: 'opt/app/', type: 'directory' } as const;
      for (const upper of [
        [{ name: whiteout }, folderEntry, { name: 'opt/app/new' }],
        [folderEntry, { name: 'opt/app/new' }, { name: whiteout }],
      ]) {
        expect(await visiblePaths([{ name: 'opt/app/old' }], upper)).toEqual(['/opt/app/new']);
      }
    }
  });

  test('hides a whole lower image below an opaque root', async () => {
    expect(await visiblePaths([{ name: 'bin/a' }], [{ name: '.wh..wh..opq' }])).toEqual([]);
  });

  test('lets a link or file in place of a folder hide its content', async () => {
    expect(
      await visiblePaths(
        [{ name: 'lib/a' }, { name: 'opt/b' }],
        [{ name: 'lib', type: 'symlink', linkname: 'usr/lib' }, { name: 'opt' }],
      ),
    ).toEqual(['/opt']);
  });

  test('lets a folder hide a file, and join a folder', async () => {
    expect(
      await visiblePaths(
        [{ name: 'data' }, { name: 'etc/a' }],
        [
          { name: 'data/', type: 'directory' },
          { name: 'etc/', type: 'directory' },
          { name: 'etc/b' },
        ],
      ),
    ).toEqual(['/etc/a', '/etc/b']);
  });

  test('ignores the bookkeeping of an old storage driver', async () => {
    expect(await visiblePaths([{ name: '.wh..wh.plnk/12.34' }, { name: 'a' }])).toEqual(['/a']);
  });

  test('counts hard links once', async () => {
    expect(
      await visiblePaths([{ name: 'bin/a' }, { name: 'bin/b', type: 'link', linkname: 'bin/a' }]),
    ).toEqual(['/bin/a']);
  });

  test('finds a file under the one name of it that is left', async () => {
    const names: readonly TarEntry[] = [
      { name: 'bin/a', content: 'same' },
      { name: 'bin/b', type: 'link', linkname: 'bin/a' },
      { name: 'bin/c', type: 'link', linkname: '/bin/a' },
    ];
    const { files } = await scan(await storeLayers(names, [{ name: 'bin/.wh.a' }]));
    expect(files.map(({ path, head }) => [path, Buffer.from(head).toString()])).toEqual([
      ['/bin/b', 'same'],
    ]);
    expect(await visiblePaths(names, [{ name: 'bin/.wh.a' }, { name: 'bin/.wh.b' }])).toEqual([
      '/bin/c',
    ]);
    expect(await visiblePaths(names, [{ name: '.wh.bin' }])).toEqual([]);
  });

  test('leaves the base layers out without reading them', async () => {
    const ownTar = await makeTar([{ name: 'own' }]);
    const layers = [await storeLayer(await makeTar([{ name: 'base' }])), await storeLayer(ownTar)];
    const [base, own] = layers as [ArchivedLayer, ArchivedLayer];
    await rm(base.file);
    const { files, scanned } = await scan(layers, new Set([base.diffId]));
    expect(files.map(({ path }) => path)).toEqual(['/own']);
    const { diffId, digest, sizeBytes } = base;
    expect(scanned[0]).toEqual({ diffId, digest, sizeBytes, unpackedBytes: undefined });
    expect(scanned[1]).toMatchObject({ diffId: own.diffId, unpackedBytes: ownTar.length });
  });

  test('reads a base layer that occurs again above others', async () => {
    const layers = await storeLayers([{ name: 'a' }], [{ name: '.wh.a' }, { name: 'b' }]);
    const [first, second] = layers as [ArchivedLayer, ArchivedLayer];
    const { files } = await scan([first, second, first], new Set([first.diffId]));
    expect(files.map(({ path }) => path)).toEqual(['/a', '/b']);
  });

  test('finds nothing in an image that adds nothing to its base', async () => {
    const layers = await storeLayers([{ name: 'a' }]);
    const { files, scanned } = await scan(layers, new Set(layers.map(({ diffId }) => diffId)));
    expect(files).toEqual([]);
    expect(scanned).toHaveLength(1);
  });

  test('names the layer that is cut short', async () => {
    const tar = await makeTar([{ name: 'a', content: Buffer.alloc(100_000, 1) }]);
    const layer = await storeLayer(tar.subarray(0, 60_000));
    await expect(scan([layer])).rejects.toMatchObject({
      failure: 'environment',
      message: `layer ${layer.digest} is damaged`,
    });
  });

  test('names the layer that is no tar file', async () => {
    const layer = await storeLayer(Buffer.alloc(4096, 'x'));
    await expect(scan([layer])).rejects.toThrow(`layer ${layer.digest} is damaged`);
  });

  test('stops when it is aborted', async () => {
    const [layer] = await storeLayers([{ name: 'a' }]);
    const options = { baseLayers: new Set<string>(), signal: AbortSignal.abort(), onFile: () => 0 };
    await expect(
      scanImageFiles({ layers: [layer as ArchivedLayer] }, options),
    ).rejects.toMatchObject({ name: 'AbortError' });
  });
});
