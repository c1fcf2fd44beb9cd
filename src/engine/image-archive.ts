import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AddonReleaseError } from '../errors.js';
import { digestOf, isDigest, matchesDigest } from '../registry/digest.js';
import type { Descriptor, ImageConfig, ImageManifest } from '../registry/image-types.js';
import { readImageConfig, readManifestContent } from '../registry/read-manifest.js';

export type LayerCompression = 'none' | 'gzip' | 'zstd';

/** A layer as the engine keeps it: compressed in the containerd store, a plain tar file in the classic one. */
export interface ArchivedLayer {
  /** Digest of the tar file inside; the same in every store and registry. */
  readonly diffId: string;
  /** Digest of the stored bytes; equal to `diffId` where the layer is stored uncompressed. */
  readonly digest: string;
  readonly compression: LayerCompression;
  /** Stored bytes. */
  readonly sizeBytes: number;
  readonly file: string;
}

export interface ArchivedManifest {
  readonly digest: string;
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

/** One image that `saveImage` has put into a folder. */
export interface ImageArchive {
  readonly configDigest: string;
  readonly configBytes: Uint8Array;
  readonly config: ImageConfig;
  /** Undefined for engines before version 25 with the classic store, which have none. */
  readonly manifest: ArchivedManifest | undefined;
  /** The base image's first. */
  readonly layers: readonly ArchivedLayer[];
}

const SAFE_NAME = /^(?!\.{1,2}(?:\/|$))[\w.-]+(?:\/(?!\.{1,2}(?:\/|$))[\w.-]+)*$/;
/** Manifests and configs are smaller than registries accept for them. */
const MAX_JSON_BYTES = 16 * 1024 * 1024;

/** The engine has written something that is no image archive, or an incomplete one. */
export function unreadable(reason: string, cause?: unknown): AddonReleaseError {
  return new AddonReleaseError(
    'environment',
    `cannot read what docker image save wrote: ${reason}`,
    {
      hint: 'Run `addon-release doctor` to check the engine.',
      cause,
    },
  );
}

/** The path of an archive's entry inside `folder`. Nothing but plain relative names is accepted. */
export function entryPath(folder: string, name: string): string {
  if (!SAFE_NAME.test(name)) throw unreadable(`unexpected name ${JSON.stringify(name)}`);
  return join(folder, name);
}

async function readIfPresent(path: string): Promise<Uint8Array | undefined> {
  try {
    const handle = await open(path);
    try {
      const { size } = await handle.stat();
      if (size > MAX_JSON_BYTES) throw unreadable(`${path} has ${size} bytes`);
      return await handle.readFile();
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function blobPath(folder: string, digest: string): string {
  if (!isDigest(digest)) throw unreadable(`${JSON.stringify(digest)} is not a digest`);
  return join(folder, 'blobs', ...digest.split(':'));
}

/** Undefined when the archive leaves the blob out, as it does for the parts of other platforms. */
async function readBlob(folder: string, digest: string): Promise<Uint8Array | undefined> {
  const bytes = await readIfPresent(blobPath(folder, digest));
  if (bytes !== undefined && !matchesDigest(bytes, digest)) {
    throw unreadable(`the content of ${digest} is ${digestOf(bytes)}`);
  }
  return bytes;
}

interface FoundManifest extends ArchivedManifest {
  readonly manifest: ImageManifest;
}

/**
 * Finds the manifest that names the config, through indexes of platforms and attestations.
 *
 * @see https://github.com/opencontainers/image-spec/blob/main/image-layout.md
 */
async function findManifest(
  folder: string,
  configDigest: string,
): Promise<FoundManifest | undefined> {
  const top = await readIfPresent(join(folder, 'index.json'));
  if (top === undefined) return undefined;
  const queue: { readonly bytes: Uint8Array; readonly digest: string }[] = [
    { bytes: top, digest: digestOf(top) },
  ];
  const seen = new Set<string>();
  for (const { bytes, digest } of queue) {
    const content = readManifestContent(bytes);
    if (!content.ok) throw unreadable(`${digest}: ${content.reason}`);
    if (content.value.kind === 'manifest') {
      const { manifest, mediaType } = content.value;
      if (manifest.config.digest === configDigest) return { digest, mediaType, bytes, manifest };
      continue;
    }
    for (const entry of content.value.index.manifests) {
      if (seen.has(entry.digest)) continue;
      seen.add(entry.digest);
      const part = await readBlob(folder, entry.digest);
      if (part !== undefined) queue.push({ bytes: part, digest: entry.digest });
    }
  }
  return undefined;
}

/** The first bytes tell the compression; what a media type says differs between engines. */
async function inspectLayer(
  path: string,
  name: string,
): Promise<{ readonly compression: LayerCompression; readonly sizeBytes: number }> {
  let handle;
  try {
    handle = await open(path);
  } catch (error) {
    throw unreadable(`layer ${name} is missing`, error);
  }
  try {
    const { buffer } = await handle.read(Buffer.alloc(4), 0, 4, 0);
    const { size } = await handle.stat();
    const magic = buffer.readUInt32BE();
    const compression = magic === 0x28b52ffd ? 'zstd' : magic >>> 16 === 0x1f8b ? 'gzip' : 'none';
    return { compression, sizeBytes: size };
  } finally {
    await handle.close();
  }
}

async function describeBlob(
  folder: string,
  layer: Descriptor,
  diffId: string,
): Promise<ArchivedLayer> {
  const file = blobPath(folder, layer.digest);
  const found = await inspectLayer(file, layer.digest);
  if (found.sizeBytes !== layer.size) {
    throw unreadable(`layer ${layer.digest} has ${found.sizeBytes} of ${layer.size} bytes`);
  }
  return { diffId, digest: layer.digest, file, ...found };
}

/** A layer that is only named by its place in the archive. */
async function describeNamedLayer(
  folder: string,
  name: string,
  diffId: string,
): Promise<ArchivedLayer> {
  const file = entryPath(folder, name);
  const found = await inspectLayer(file, name);
  if (found.compression !== 'none') throw unreadable(`layer ${name} is compressed`);
  return { diffId, digest: diffId, file, ...found };
}

/** @see https://github.com/moby/docker-image-spec/blob/main/v1.2.md#combined-image-json--filesystem-changeset-format */
interface LegacyEntry {
  readonly config: string;
  readonly layers: readonly string[];
}

function readLegacyEntries(bytes: Uint8Array): readonly LegacyEntry[] {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch (error) {
    throw unreadable('manifest.json is not JSON', error);
  }
  if (!Array.isArray(value)) throw unreadable('manifest.json is not a list');
  return (value as readonly { Config?: unknown; Layers?: unknown }[]).map((entry) => {
    const layers: readonly unknown[] = Array.isArray(entry.Layers) ? entry.Layers : [];
    if (typeof entry.Config !== 'string' || !layers.every((name) => typeof name === 'string')) {
      throw unreadable('manifest.json names no config and layers');
    }
    return { config: entry.Config, layers };
  });
}

/** Layers and config as Docker's own list of images names them, for archives that are no OCI image layout. */
async function findLegacyImage(
  folder: string,
  configDigest: string,
): Promise<{ readonly configBytes: Uint8Array; readonly layers: readonly string[] } | undefined> {
  const bytes = await readIfPresent(join(folder, 'manifest.json'));
  for (const entry of bytes === undefined ? [] : readLegacyEntries(bytes)) {
    const configBytes = await readFile(entryPath(folder, entry.config));
    if (digestOf(configBytes) === configDigest) return { configBytes, layers: entry.layers };
  }
  return undefined;
}

function readConfig(bytes: Uint8Array, layerCount: number): ImageConfig {
  const config = readImageConfig(bytes);
  if (!config.ok) throw unreadable(`the image's config: ${config.reason}`);
  const diffIds = config.value.rootfs.diff_ids;
  if (diffIds.length !== layerCount) {
    throw unreadable(`the image's config names ${diffIds.length} layers, there are ${layerCount}`);
  }
  const strange = diffIds.find((id) => !isDigest(id));
  if (strange !== undefined) throw unreadable(`${JSON.stringify(strange)} is not a digest`);
  return config.value;
}

/**
 * Reads what `saveImage` has put into a folder, from either image store: an OCI image layout, or `layer.tar` files
 * from engines before version 25.
 *
 * @param configDigest the image to find there; its config's bytes are checked against it
 * @throws AddonReleaseError `environment` when the image is not there or not complete.
 */
export async function readArchive(folder: string, configDigest: string): Promise<ImageArchive> {
  const found = await findManifest(folder, configDigest);
  if (found !== undefined) {
    const { manifest, bytes, digest, mediaType } = found;
    const configBytes = await readBlob(folder, configDigest);
    if (configBytes === undefined) throw unreadable(`config ${configDigest} is missing`);
    const config = readConfig(configBytes, manifest.layers.length);
    const layers = await Promise.all(
      config.rootfs.diff_ids.map((diffId, index) =>
        describeBlob(folder, manifest.layers[index] as Descriptor, diffId),
      ),
    );
    return { configDigest, configBytes, config, manifest: { digest, mediaType, bytes }, layers };
  }
  const legacy = await findLegacyImage(folder, configDigest);
  if (legacy === undefined) throw unreadable(`it holds no image with the config ${configDigest}`);
  const config = readConfig(legacy.configBytes, legacy.layers.length);
  const layers = await Promise.all(
    config.rootfs.diff_ids.map((diffId, index) =>
      describeNamedLayer(folder, legacy.layers[index] as string, diffId),
    ),
  );
  return { configDigest, configBytes: legacy.configBytes, config, manifest: undefined, layers };
}
