import { chmod, mkdir, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { readArchive, saveImage } from '../../../src/engine/image-archive.js';
import { openLayer } from '../../../src/engine/layer-content.js';
import { digestOf } from '../../../src/registry/digest.js';
import {
  makeGzipLayer,
  makeLayer,
  makeLayout,
  writeLayout,
  type ImageLayout,
} from '../../helpers/image-layout.js';
import { makeTar, type TarEntry } from '../../helpers/tar.js';

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'image-archive-'));
  file = join(folder, 'image.tar');
});
afterEach(async () => {
  vi.unstubAllEnvs();
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
  const absent = describeManifest(Buffer.from('not stored'));
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
    await writeLayout(file, layout);
    const archive = await readArchive(file, layout.configDigest);
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
      expect(digestOf(await buffer(openLayer(layer)))).toBe(layer.digest);
    }
    expect(archive.layers[1]?.digest).toBe(plain?.diffId);
  });

  test('tells zstd by its first bytes', async () => {
    const zstd = Buffer.from('KLUv/SAFKQAAaGVsbG8=', 'base64');
    const layout = makeLayout([await makeLayer([], () => zstd)]);
    await writeLayout(file, layout);
    const { layers } = await readArchive(file, layout.configDigest);
    expect(layers[0]?.compression).toBe('zstd');
  });

  test('reads the layers in the order of the config when one occurs twice', async () => {
    const twice = await makeGzipLayer([{ name: 'again' }]);
    const layout = makeLayout([twice, await makeGzipLayer([{ name: 'other' }]), twice]);
    await writeLayout(file, layout);
    const { layers } = await readArchive(file, layout.configDigest);
    expect(layers.map(({ diffId }) => diffId)).toEqual(layout.layers.map(({ diffId }) => diffId));
    expect(layers[2]).toEqual(layers[0]);
  });

  test('finds the image behind an index with attestations and other platforms', async () => {
    const layout = await makeTwoLayers();
    const other = makeLayout([await makeGzipLayer([{ name: 'other' }])]);
    await writeLayout(file, nest(layout, [other.manifest]));
    const archive = await readArchive(file, layout.configDigest);
    expect(archive.manifest?.digest).toBe(digestOf(layout.manifest));
  });

  describe('with layer.tar files, as engines before version 25 write', () => {
    async function writeLegacy(
      layout: ImageLayout,
      layers: readonly TarEntry[] = layout.layers.map(({ bytes }, index) => ({
        name: `layer-${index}/layer.tar`,
        content: bytes,
      })),
    ): Promise<void> {
      const config = `${layout.configDigest.slice(7)}.json`;
      const list = [{ Config: config, RepoTags: null, Layers: layers.map(({ name }) => name) }];
      const entries = [
        ...layers,
        { name: config, content: layout.config },
        { name: 'manifest.json', content: json(list) },
      ];
      await writeFile(file, await makeTar(entries));
    }

    test('reads config and layers', async () => {
      const layout = makeLayout([
        await makeLayer([{ name: 'base' }]),
        await makeLayer([{ name: 'own' }]),
      ]);
      await writeLegacy(layout);
      const archive = await readArchive(file, layout.configDigest);
      expect(archive.manifest).toBeUndefined();
      expect(Buffer.from(archive.configBytes).equals(layout.config)).toBe(true);
      expect(archive.layers).toMatchObject(
        layout.layers.map(({ diffId, tar }) => ({
          diffId,
          digest: diffId,
          compression: 'none',
          sizeBytes: tar.length,
        })),
      );
      for (const layer of archive.layers) {
        expect(digestOf(await buffer(openLayer(layer)))).toBe(layer.diffId);
      }
    });

    test('reads a layer that occurs twice and is written as a link', async () => {
      const layer = await makeLayer([{ name: 'a' }]);
      const layout = makeLayout([layer, layer]);
      await writeLegacy(layout, [
        { name: 'one/layer.tar', type: 'symlink', linkname: '../two/layer.tar' },
        { name: 'two/layer.tar', content: layer.tar },
      ]);
      const { layers } = await readArchive(file, layout.configDigest);
      expect(layers).toHaveLength(2);
      expect(layers[0]).toEqual(layers[1]);
    });

    test.each([
      ['is no file', { name: 'layer', type: 'directory' }],
      ['is a link to nothing', { name: 'layer', type: 'symlink', linkname: '../../etc/passwd' }],
    ] as const)('refuses a layer that %s', async (_name, entry) => {
      const layout = makeLayout([await makeLayer([{ name: 'a' }])]);
      await writeLegacy(layout, [entry]);
      await expect(readArchive(file, layout.configDigest)).rejects.toThrow(
        'layer layer is missing',
      );
    });

    test('refuses another image', async () => {
      await writeLegacy(makeLayout([await makeLayer([{ name: 'base' }])]));
      const { configDigest } = await makeTwoLayers();
      await expect(readArchive(file, configDigest)).rejects.toThrow(
        `it holds no image with the config ${configDigest}`,
      );
    });

    test('refuses compressed layers, whose digests it cannot know', async () => {
      const layout = makeLayout([await makeGzipLayer([{ name: 'base' }])]);
      await writeLegacy(layout);
      await expect(readArchive(file, layout.configDigest)).rejects.toThrow(
        'layer layer-0/layer.tar is compressed',
      );
    });

    test.each([
      ['not JSON', '{', 'manifest.json is not JSON'],
      ['no list', '{}', 'manifest.json is not a list'],
      ['no names', '[{"Config":1}]', 'manifest.json names no config and layers'],
    ])('refuses a list of images that is %s', async (_name, text, message) => {
      await writeFile(file, await makeTar([{ name: 'manifest.json', content: text }]));
      await expect(readArchive(file, digestOf(Buffer.from('')))).rejects.toThrow(message);
    });
  });

  test('refuses an archive of another image', async () => {
    await writeLayout(file, await makeTwoLayers());
    const wanted = digestOf(Buffer.from('another config'));
    await expect(readArchive(file, wanted)).rejects.toMatchObject({
      failure: 'environment',
      message: `cannot read the image that Docker wrote: it holds no image with the config ${wanted}`,
    });
  });

  test('refuses an archive of nothing', async () => {
    await writeFile(file, await makeTar([]));
    await expect(readArchive(file, digestOf(Buffer.from('')))).rejects.toThrow('it holds no image');
  });

  test('refuses what is no archive, or not a whole one', async () => {
    const { configDigest, ...layout } = await makeTwoLayers();
    await writeLayout(file, layout);
    const prefix = 'cannot read the image that Docker wrote: ';
    await truncate(file, 3000);
    await expect(readArchive(file, configDigest)).rejects.toThrow(`${prefix}it ends at byte 3000`);
    await writeFile(file, 'something else');
    await expect(readArchive(file, configDigest)).rejects.toThrow(`${prefix}it ends at byte 14`);
  });

  test('refuses a config whose bytes are not those that were named', async () => {
    const layout = await makeTwoLayers();
    const changed = Buffer.concat([layout.config, Buffer.from('\n')]);
    const blobs = new Map(layout.blobs).set(layout.configDigest, changed);
    await writeLayout(file, { blobs, index: layout.index });
    await expect(readArchive(file, layout.configDigest)).rejects.toThrow(
      `the content of ${layout.configDigest} is ${digestOf(changed)}`,
    );
  });

  test('refuses an archive without the config', async () => {
    const layout = await makeTwoLayers();
    const blobs = new Map(layout.blobs);
    blobs.delete(layout.configDigest);
    await writeLayout(file, { blobs, index: layout.index });
    await expect(readArchive(file, layout.configDigest)).rejects.toThrow(
      `config ${layout.configDigest} is missing`,
    );
  });

  test('names a layer that is missing or has another size', async () => {
    const layout = await makeTwoLayers();
    const { bytes } = layout.layers[0] as (typeof layout.layers)[number];
    const digest = digestOf(bytes);
    const short = new Map(layout.blobs).set(digest, bytes.subarray(0, 7));
    await writeLayout(file, { blobs: short, index: layout.index });
    await expect(readArchive(file, layout.configDigest)).rejects.toThrow(
      `layer ${digest} has 7 of ${bytes.length} bytes`,
    );
    short.delete(digest);
    await writeLayout(file, { blobs: short, index: layout.index });
    await expect(readArchive(file, layout.configDigest)).rejects.toThrow(
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
    await writeLayout(file, nest({ ...layout, manifest, blobs }, []));
    await expect(readArchive(file, digestOf(config))).rejects.toThrow(
      "the image's config names 1 layers, there are 2",
    );
  });

  test('refuses a digest that is none', async () => {
    const manifests = [{ mediaType: 'x', digest: 'sha256:../../etc/passwd', size: 1 }];
    const index = json({ schemaVersion: 2, manifests });
    await writeLayout(file, { blobs: new Map(), index });
    await expect(readArchive(file, digestOf(Buffer.from('')))).rejects.toThrow('not a digest');
  });
});

describe('saveImage', () => {
  const image = `sha256:${'1'.repeat(64)}`;

  /** Puts a `docker` first on PATH that records its arguments and runs the given shell commands. */
  async function standInDocker(commands: string): Promise<void> {
    const programs = join(folder, 'programs');
    await mkdir(programs);
    const script = `#!/bin/sh\nprintf '%s\\n' "$@" >'${folder}/arguments'\n${commands}\n`;
    await writeFile(join(programs, 'docker'), script);
    await chmod(join(programs, 'docker'), 0o755);
    vi.stubEnv('PATH', `${programs}${delimiter}${process.env['PATH'] ?? ''}`);
  }

  test('asks for exactly the image', async () => {
    await standInDocker('echo content >"$4"');
    await saveImage(image, file);
    expect(await readFile(join(folder, 'arguments'), 'utf8')).toBe(
      `image\nsave\n--output\n${file}\n${image}\n`,
    );
    expect(await readFile(file, 'utf8')).toBe('content\n');
  });

  test('passes on why docker fails', async () => {
    await standInDocker(`echo 'Error response from daemon: No such image' >&2; exit 1`);
    await expect(saveImage(image, file)).rejects.toMatchObject({
      failure: 'environment',
      message: `docker image save ${image} failed`,
      output: 'Error response from daemon: No such image',
    });
  });

  test('ends docker when it is aborted', async () => {
    await standInDocker('exec sleep 60');
    const abort = new AbortController();
    const started = Date.now();
    const saving = saveImage(image, file, abort.signal);
    setTimeout(() => {
      abort.abort();
    }, 200);
    await expect(saving).rejects.toMatchObject({ name: 'AbortError' });
    expect(Date.now() - started).toBeLessThan(10_000);
  });

  test('says that docker is missing', async () => {
    vi.stubEnv('PATH', folder);
    await expect(saveImage(image, file)).rejects.toMatchObject({
      failure: 'environment',
      message: 'docker is not installed or not on PATH',
    });
  });
});
