import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import type { BlobSource } from '../../src/registry/blobs.js';
import type { RegistryClient } from '../../src/registry/client.js';
import { digestOf } from '../../src/registry/digest.js';
import { MEDIA_TYPES, type Descriptor, type Platform } from '../../src/registry/image-types.js';
import type { RepositoryName } from '../../src/registry/reference.js';

export interface SampleImage {
  /** The manifest in the repository. */
  readonly descriptor: Descriptor;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly layerBytes: readonly Uint8Array[];
}

async function createLayer(
  name: string,
  sizeBytes: number,
): Promise<{ tar: Buffer; gzip: Buffer }> {
  const archive = pack();
  archive.entry({ name }, randomBytes(sizeBytes));
  archive.finalize();
  const parts: Buffer[] = [];
  for await (const part of archive) parts.push(part as Buffer);
  const tar = Buffer.concat(parts);
  return { tar, gzip: gzipSync(tar) };
}

function describe(mediaType: string, bytes: Uint8Array): Descriptor {
  return { mediaType, digest: digestOf(bytes), size: bytes.byteLength };
}

/** A blob in memory as `uploadBlob` takes it, sent in pieces. */
export function blobSource(bytes: Uint8Array, pieceBytes = 64 * 1024): BlobSource {
  async function* open(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.byteLength; at += pieceBytes) {
      yield await Promise.resolve(bytes.subarray(at, at + pieceBytes));
    }
  }
  return { digest: digestOf(bytes), size: bytes.byteLength, open };
}

/** Pushes a real image of random files, without a tag. */
export async function pushSampleImage(
  client: RegistryClient,
  repository: RepositoryName,
  platform: Pick<Platform, 'os' | 'architecture' | 'variant'>,
  options: {
    readonly labels?: Readonly<Record<string, string>>;
    readonly layerBytes?: number;
  } = {},
): Promise<SampleImage> {
  const layers = [
    await createLayer('etc/one', options.layerBytes ?? 3_000),
    await createLayer('usr/bin/two', options.layerBytes ?? 200_000),
  ];
  const config = Buffer.from(
    JSON.stringify({
      created: '2026-01-02T03:04:05Z',
      ...platform,
      config: { Labels: options.labels ?? { 'io.hass.version': '1.0.0' }, Cmd: ['/init'] },
      rootfs: { type: 'layers', diff_ids: layers.map(({ tar }) => digestOf(tar)) },
      history: layers.map((_, number) => ({ created_by: `RUN step ${String(number)}` })),
    }),
  );
  for (const bytes of [config, ...layers.map(({ gzip }) => gzip)]) {
    await client.uploadBlob(repository, blobSource(bytes));
  }
  const manifest = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.ociManifest,
    config: describe('application/vnd.oci.image.config.v1+json', config),
    layers: layers.map(({ gzip }) => describe('application/vnd.oci.image.layer.v1.tar+gzip', gzip)),
  };
  const bytes = Buffer.from(JSON.stringify(manifest));
  const descriptor = describe(MEDIA_TYPES.ociManifest, bytes);
  await client.putManifest(repository, descriptor.digest, {
    bytes,
    mediaType: MEDIA_TYPES.ociManifest,
  });
  return {
    descriptor,
    config: manifest.config,
    layers: manifest.layers,
    layerBytes: layers.map(({ gzip }) => gzip),
  };
}
