import { writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { digestOf } from '../../src/registry/digest.js';
import { MEDIA_TYPES } from '../../src/registry/image-types.js';
import { makeTar, type TarEntry } from './tar.js';

export interface LayoutLayer {
  readonly diffId: string;
  readonly tar: Buffer;
  /** As it is stored. */
  readonly bytes: Buffer;
}

export interface ImageLayout {
  readonly configDigest: string;
  readonly config: Buffer;
  readonly manifest: Buffer;
  readonly layers: readonly LayoutLayer[];
  /** By digest; index.json is not among them. */
  readonly blobs: ReadonlyMap<string, Buffer>;
  readonly index: Buffer;
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

export async function makeLayer(
  entries: readonly TarEntry[],
  compress: (tar: Buffer) => Buffer = (tar) => tar,
): Promise<LayoutLayer> {
  const tar = await makeTar(entries);
  return { diffId: digestOf(tar), tar, bytes: compress(tar) };
}

export async function makeGzipLayer(entries: readonly TarEntry[]): Promise<LayoutLayer> {
  return makeLayer(entries, (tar) => gzipSync(tar));
}

/** An image as both image stores of current engines save it. */
export function makeLayout(layers: readonly LayoutLayer[]): ImageLayout {
  const config = json({
    architecture: 'amd64',
    os: 'linux',
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
  });
  const describe = (mediaType: string, bytes: Buffer) => ({
    mediaType,
    digest: digestOf(bytes),
    size: bytes.length,
  });
  const manifest = json({
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.ociManifest,
    config: describe('application/vnd.oci.image.config.v1+json', config),
    layers: layers.map(({ bytes }) => describe('application/vnd.oci.image.layer.v1.tar', bytes)),
  });
  const index = json({
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.ociIndex,
    manifests: [describe(MEDIA_TYPES.ociManifest, manifest)],
  });
  const all = [config, manifest, ...layers.map(({ bytes }) => bytes)];
  const blobs = new Map(all.map((bytes) => [digestOf(bytes), bytes]));
  return { configDigest: digestOf(config), config, manifest, layers, blobs, index };
}

/** Writes the file that `docker image save` would write of a layout, or of a changed one. */
export async function writeLayout(
  file: string,
  layout: Pick<ImageLayout, 'blobs' | 'index'>,
): Promise<void> {
  const blobs = [...layout.blobs].map(([digest, content]) => ({
    name: `blobs/${digest.replace(':', '/')}`,
    content,
  }));
  const folders = ['blobs/', 'blobs/sha256/'].map((name) => ({ name, type: 'directory' }) as const);
  const index = { name: 'index.json', content: layout.index };
  await writeFile(file, await makeTar([...folders, ...blobs, index]));
}
