import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { platformOf } from '../../../src/addon/arch.js';
import { docker, inspectLocalImage, readEngine } from '../../../src/engine/docker.js';
import { readArchive, saveImage, type ImageArchive } from '../../../src/engine/image-archive.js';
import { compressLayer, openLayer, unpackLayer } from '../../../src/engine/layer-content.js';
import { makeProbeProgram } from '../../../src/engine/probe-program.js';
import { digestOf } from '../../../src/registry/digest.js';
import { scanArchive } from '../../../src/smoke/elf-scan.js';
import { requireTool } from '../../helpers/tools.js';
import { makeUnlinkProgram } from '../../helpers/unlink-program.js';

type BuiltArch = 'amd64' | 'aarch64';

interface Built {
  readonly imageId: string;
  readonly configDigest: string;
  readonly diffIds: readonly string[];
}

const FOREIGN: Readonly<Record<BuiltArch, BuiltArch>> = { amd64: 'aarch64', aarch64: 'amd64' };
const MACHINE: Readonly<Record<BuiltArch, string>> = {
  amd64: 'EM_X86_64',
  aarch64: 'EM_AARCH64',
};

/** The first layer stands for a base image. */
const DOCKERFILE = `FROM scratch
COPY base /
COPY files /
COPY replacement /usr/bin/replaced
RUN ["/unlink"]
`;

let work: string;
const references: string[] = [];

async function writeContext(arch: BuiltArch): Promise<string> {
  const context = join(work, `context-${arch}`);
  const own = makeProbeProgram(arch);
  const foreign = makeProbeProgram(FOREIGN[arch]);
  const files: Readonly<Record<string, string | Uint8Array>> = {
    Dockerfile: DOCKERFILE,
    'base/base-foreign': foreign,
    'files/usr/bin/own': own,
    'files/usr/bin/foreign': foreign,
    'files/usr/bin/deleted': foreign,
    'files/usr/bin/replaced': foreign,
    'files/usr/share/text': 'not a program',
    'files/usr/share/noise': randomBytes(300_000),
    'files/unlink': makeUnlinkProgram(arch, '/usr/bin/deleted'),
    replacement: own,
  };
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(context, name)), { recursive: true });
    await writeFile(join(context, name), content, { mode: 0o755 });
  }
  return context;
}

async function build(arch: BuiltArch, output: string, attest: boolean): Promise<Built> {
  const reference = `localhost/addon-release-test/image-archive:${randomBytes(6).toString('hex')}`;
  references.push(reference);
  const metadataFile = join(work, 'metadata.json');
  const context = join(work, `context-${arch}`);
  await docker([
    ...['buildx', 'build', '--platform', platformOf(arch), '--metadata-file', metadataFile],
    `--provenance=${attest ? 'mode=min' : 'false'}`,
    ...['--output', `${output},name=${reference}`, context],
  ]);
  const metadata = JSON.parse(await readFile(metadataFile, 'utf8')) as Record<string, string>;
  const image = await inspectLocalImage(reference);
  if (image === undefined) throw new Error(`${reference} was not built`);
  // Not named for an image with attestations, which has the config of the one without.
  const configDigest = metadata['containerimage.config.digest'] ?? '';
  return { imageId: image.id, configDigest, diffIds: image.diffIds };
}

async function save(built: Built): Promise<ImageArchive> {
  const file = join(work, `${randomBytes(6).toString('hex')}.tar`);
  await saveImage(built.imageId, file);
  return readArchive(file, built.configDigest);
}

/** Everything about an archive that holds in both image stores. */
async function expectComplete(archive: ImageArchive, built: Built): Promise<void> {
  expect(digestOf(archive.configBytes)).toBe(built.configDigest);
  expect(archive.layers.map(({ diffId }) => diffId)).toEqual(built.diffIds);
  for (const layer of archive.layers) {
    const stored = await buffer(openLayer(layer));
    expect(digestOf(stored)).toBe(layer.digest);
    expect(stored.length).toBe(layer.sizeBytes);
    expect(digestOf(await buffer(unpackLayer(layer)))).toBe(layer.diffId);
    expect(layer.compression === 'none').toBe(layer.digest === layer.diffId);
  }
}

describe.skipIf(!requireTool('docker'))('images of the engine', () => {
  beforeAll(async () => {
    work = await mkdtemp(join(tmpdir(), 'image-archive-'));
    await writeContext('amd64');
    await writeContext('aarch64');
  });

  afterAll(async () => {
    await rm(work, { recursive: true });
    if (references.length > 0) await docker(['image', 'rm', ...references]);
  });

  for (const arch of ['amd64', 'aarch64'] as const) {
    describe(arch, () => {
      let built: Built;
      beforeAll(async () => {
        built = await build(arch, 'type=docker', false);
      });

      test('finds the foreign program that a container would see', async () => {
        const { diffIds } = built;
        const baseLayers = new Set(diffIds.slice(0, 1));
        const result = await scanArchive(await save(built), { arch, baseLayers });
        expect(result.foreign).toEqual([
          {
            path: '/usr/bin/foreign',
            machineName: MACHINE[FOREIGN[arch]],
            reason: `it is 64-bit ${MACHINE[FOREIGN[arch]]}, the image 64-bit ${MACHINE[arch]}`,
            layer: diffIds[1],
          },
        ]);
        // own, foreign, replaced, unlink
        expect(result.checked).toBe(4);
        expect(result).toMatchObject({ companions: [], variants: [], notForCpu: 0 });
        expect(result.layers.map(({ unpackedBytes }) => unpackedBytes === undefined)).toEqual([
          true,
          ...diffIds.slice(1).map(() => false),
        ]);
      });

      test('finds the one of the base image as well when that is asked for', async () => {
        const result = await scanArchive(await save(built), { arch, baseLayers: new Set() });
        expect(result.foreign.map(({ path }) => path)).toEqual([
          '/base-foreign',
          '/usr/bin/foreign',
        ]);
      });

      test('hands out config and layers by digest', async () => {
        const archive = await save(built);
        await expectComplete(archive, built);
        expect(archive.config.os).toBe('linux');
      });

      test('recompresses a layer to what the config says is inside', async () => {
        const archive = await save(built);
        for (const layer of archive.layers) {
          const packed = await compressLayer(layer, join(work, 'packed'));
          const bytes = await readFile(packed.file);
          expect(packed).toMatchObject({ digest: digestOf(bytes), sizeBytes: bytes.length });
          expect(digestOf(gunzipSync(bytes))).toBe(layer.diffId);
        }
      });

      test('refuses an image of another config', async () => {
        const other = await build(FOREIGN[arch], 'type=docker', false);
        await expect(save({ ...built, imageId: other.imageId })).rejects.toThrow(
          `it holds no image with the config ${built.configDigest}`,
        );
      });
    });
  }

  test('reads an image whose layers were stored as zstd, where the store keeps that', async () => {
    const { imageStore } = await readEngine();
    const zstd = 'type=docker,compression=zstd,force-compression=true';
    const built = await build('amd64', zstd, false);
    const archive = await save(built);
    await expectComplete(archive, built);
    const kinds = new Set(archive.layers.map(({ compression }) => compression));
    expect([...kinds]).toEqual([imageStore === 'containerd' ? 'zstd' : 'none']);
  });

  test('reads an image with attestations, where the store takes them', async () => {
    const { imageStore } = await readEngine();
    const { configDigest } = await build('amd64', 'type=docker', false);
    const attested = await build('amd64', 'type=docker', imageStore === 'containerd');
    const built = { ...attested, configDigest };
    await expectComplete(await save(built), built);
  });

  test('says that the engine has no such image', async () => {
    const imageId = digestOf(randomBytes(10));
    await expect(saveImage(imageId, join(work, 'nothing'))).rejects.toMatchObject({
      failure: 'environment',
      message: `docker image save ${imageId} failed`,
      output: expect.stringMatching(/no such (?:image|file)/i) as string,
    });
  });
});
