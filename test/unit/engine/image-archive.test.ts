import { mkdir, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readArchive } from '../../../src/engine/image-archive.js';
import { digestOf } from '../../../src/registry/digest.js';
import {
  makeGzipLayer,
  makeLayer,
  makeLayout,
  writeLayout,
  type ImageLayout,
} from '../../helpers/image-layout.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'image-archive-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

/** The same image below an index of its own, beside what engines put there for other purposes. */
function nest(
  layout: ImageLayout,
  others: readonly Buffer[],
): Pick<ImageLayout, 'blobs' | 'index'> {
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const describeManifest = (bytes: Buffer) => ({
    mediaType,
    digest: digestOf(bytes),
    size: bytes.length,
    platform: { os: 'linux', architecture: 'amd64' },
  });
  const absent = { ...describeManifest(Buffer.from('not stored')) };
  const inner = json({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: [absent, ...[...others, layout.manifest].map(describeManifest)],
  });
  const index = json({
    schemaVersion: 2,
    manifests: [
      {
        mediaType: 'application/vnd.oci.image.index.v1+json',
        digest: digestOf(inner),
        size: inner.length,
      },
    ],
  });
  const blobs = new Map(layout.blobs);
  for (const bytes of [inner, ...others]) blobs.set(digestOf(bytes), bytes);
  return { blobs, index };
}

async function makeTwoLayers(): Promise<ImageLayout> {
  return makeLayout([
    await makeGzipLayer([{ name: 'base' }]),
    await makeLayer([{ name: 'own', content: 'own' }]),
  ]);
}

describe('readArchive', () => {
  test('reads config, manifest and layers of an image layout', async () => {
    const layout = await makeTwoLayers();
    await writeLayout(folder, layout);
    const archive = await readArchive(folder, layout.configDigest);
    expect(Buffer.from(archive.configBytes).equals(layout.config)).toBe(true);
    expect(archive.config.rootfs.diff_ids).toEqual(layout.layers.map(({ diffId }) => diffId));
    expect(archive.manifest).toEqual({
      digest: digestOf(layout.manifest),
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      bytes: layout.manifest,
    });
    const [gzip, plain] = layout.layers;
    expect(archive.layers).toMatchObject([
      { diffId: gzip?.diffId, compression: 'gzip', sizeBytes: gzip?.bytes.length },
      { diffId: plain?.diffId, compression: 'none', sizeBytes: plain?.tar.length },
    ]);
    for (const layer of archive.layers) {
      expect(digestOf(await readFile(layer.file))).toBe(layer.digest);
    }
    expect(archive.layers[1]?.digest).toBe(plain?.diffId);
  });

  test('tells zstd by its first bytes', async () => {
    const zstd = Buffer.from('KLUv/SAFKQAAaGVsbG8=', 'base64');
    const layout = makeLayout([await makeLayer([], () => zstd)]);
    await writeLayout(folder, layout);
    const { layers } = await readArchive(folder, layout.configDigest);
    expect(layers[0]?.compression).toBe('zstd');
  });

  test('reads the layers in the order of the config when one occurs twice', async () => {
    const twice = await makeGzipLayer([{ name: 'again' }]);
    const layout = makeLayout([twice, await makeGzipLayer([{ name: 'other' }]), twice]);
    await writeLayout(folder, layout);
    const { layers } = await readArchive(folder, layout.configDigest);
    expect(layers.map(({ diffId }) => diffId)).toEqual(layout.layers.map(({ diffId }) => diffId));
    expect(layers[2]).toEqual(layers[0]);
  });

  test('finds the image behind an index with attestations and other platforms', async () => {
    const layout = await makeTwoLayers();
    const other = makeLayout([await makeGzipLayer([{ name: 'other' }])]);
    await writeLayout(folder, nest(layout, [other.manifest]));
    const archive = await readArchive(folder, layout.configDigest);
    expect(archive.manifest?.digest).toBe(digestOf(layout.manifest));
  });

  describe('with layer.tar files, as engines before version 25 write', () => {
    async function writeLegacy(
      layout: ImageLayout,
      names = layout.layers.map((_layer, index) => `layer-${index}/layer.tar`),
    ): Promise<void> {
      const config = `${layout.configDigest.slice(7)}.json`;
      await writeFile(join(folder, config), layout.config);
      for (const [index, name] of names.entries()) {
        const bytes = layout.layers[index]?.bytes ?? Buffer.alloc(0);
        await mkdir(join(folder, `layer-${index}`));
        if (!name.includes('..')) await writeFile(join(folder, name), bytes);
      }
      const entries = [{ Config: config, RepoTags: null, Layers: names }];
      await writeFile(join(folder, 'manifest.json'), json(entries));
    }

    test('reads config and layers', async () => {
      const layout = makeLayout([
        await makeLayer([{ name: 'base' }]),
        await makeLayer([{ name: 'own' }]),
      ]);
      await writeLegacy(layout);
      const archive = await readArchive(folder, layout.configDigest);
      expect(archive.manifest).toBeUndefined();
      expect(Buffer.from(archive.configBytes).equals(layout.config)).toBe(true);
      expect(archive.layers).toEqual(
        layout.layers.map(({ diffId, tar }, index) => ({
          diffId,
          digest: diffId,
          compression: 'none',
          sizeBytes: tar.length,
          file: join(folder, `layer-${index}`, 'layer.tar'),
        })),
      );
    });

    test('refuses another image', async () => {
      await writeLegacy(makeLayout([await makeLayer([{ name: 'base' }])]));
      const { configDigest } = await makeTwoLayers();
      await expect(readArchive(folder, configDigest)).rejects.toThrow(
        `it holds no image with the config ${configDigest}`,
      );
    });

    test('refuses a layer outside the archive', async () => {
      const layout = makeLayout([await makeLayer([{ name: 'base' }])]);
      await writeLegacy(layout, ['layer-0/../../layer.tar']);
      await expect(readArchive(folder, layout.configDigest)).rejects.toThrow('unexpected name');
    });

    test('refuses compressed layers, whose digests it cannot know', async () => {
      const layout = makeLayout([await makeGzipLayer([{ name: 'base' }])]);
      await writeLegacy(layout);
      await expect(readArchive(folder, layout.configDigest)).rejects.toThrow(
        'layer layer-0/layer.tar is compressed',
      );
    });

    test.each([
      ['not JSON', '{', 'manifest.json is not JSON'],
      ['no list', '{}', 'manifest.json is not a list'],
      ['no names', '[{"Config":1}]', 'manifest.json names no config and layers'],
    ])('refuses a list of images that is %s', async (_name, text, message) => {
      await writeFile(join(folder, 'manifest.json'), text);
      await expect(readArchive(folder, digestOf(Buffer.from('')))).rejects.toThrow(message);
    });
  });

  test('refuses an archive of another image', async () => {
    await writeLayout(folder, await makeTwoLayers());
    const wanted = digestOf(Buffer.from('another config'));
    await expect(readArchive(folder, wanted)).rejects.toMatchObject({
      failure: 'environment',
      message: `cannot read what docker image save wrote: it holds no image with the config ${wanted}`,
    });
  });

  test('refuses an empty folder', async () => {
    await expect(readArchive(folder, digestOf(Buffer.from('')))).rejects.toThrow(
      'it holds no image',
    );
  });

  test('refuses a config whose bytes are not those that were named', async () => {
    const layout = await makeTwoLayers();
    const changed = Buffer.concat([layout.config, Buffer.from('\n')]);
    const blobs = new Map(layout.blobs).set(layout.configDigest, changed);
    await writeLayout(folder, { blobs, index: layout.index });
    await expect(readArchive(folder, layout.configDigest)).rejects.toThrow(
      `the content of ${layout.configDigest} is ${digestOf(changed)}`,
    );
  });

  test('refuses an archive without the config', async () => {
    const layout = await makeTwoLayers();
    const blobs = new Map(layout.blobs);
    blobs.delete(layout.configDigest);
    await writeLayout(folder, { blobs, index: layout.index });
    await expect(readArchive(folder, layout.configDigest)).rejects.toThrow(
      `config ${layout.configDigest} is missing`,
    );
  });

  test('names a layer that is missing or cut short', async () => {
    const layout = await makeTwoLayers();
    await writeLayout(folder, layout);
    const { layers } = await readArchive(folder, layout.configDigest);
    const { digest, file, sizeBytes } = layers[0] as (typeof layers)[number];
    await truncate(file, 7);
    await expect(readArchive(folder, layout.configDigest)).rejects.toThrow(
      `layer ${digest} has 7 of ${sizeBytes} bytes`,
    );
    await rm(file);
    await expect(readArchive(folder, layout.configDigest)).rejects.toThrow(
      `layer ${digest} is missing`,
    );
  });

  test('refuses a config that names another number of layers', async () => {
    const layout = await makeTwoLayers();
    const diffIds = layout.layers.slice(1).map(({ diffId }) => diffId);
    const rootfs = { type: 'layers', diff_ids: diffIds };
    const config = json({ architecture: 'amd64', os: 'linux', rootfs });
    const text = layout.manifest.toString().replace(layout.configDigest, digestOf(config));
    const manifest = Buffer.from(text);
    const blobs = new Map(layout.blobs)
      .set(digestOf(config), config)
      .set(digestOf(manifest), manifest);
    await writeLayout(folder, nest({ ...layout, manifest, blobs }, []));
    await expect(readArchive(folder, digestOf(config))).rejects.toThrow(
      "the image's config names 1 layers, there are 2",
    );
  });

  test('refuses an index that names something outside the archive', async () => {
    await mkdir(join(folder, 'blobs'));
    const manifests = [{ mediaType: 'x', digest: 'sha256:../../etc/passwd', size: 1 }];
    await writeFile(join(folder, 'index.json'), json({ schemaVersion: 2, manifests }));
    await expect(readArchive(folder, digestOf(Buffer.from('')))).rejects.toThrow('not a digest');
  });
});
