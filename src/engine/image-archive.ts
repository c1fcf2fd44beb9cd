import { AddonReleaseError } from '../errors.js';
import { digestOf, isDigest } from '../registry/digest.js';
import type { ImageConfig, ImageManifest } from '../registry/image-types.js';
import { readImageConfig, readManifestContent } from '../registry/read-manifest.js';
import {
  blobName,
  listManifests,
  openArchive,
  openLayout,
  unreadable,
  type ArchiveParts,
} from './archive-parts.js';
import { tryDocker } from './docker.js';

/** Registries accept no larger ones. */
const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;

export type LayerCompression = 'none' | 'gzip' | 'zstd';

/** A layer as the engine keeps it: compressed in the containerd store, a plain tar file in the classic one. */
export interface ArchivedLayer {
  /** Digest of the tar file inside; the same in every store and registry. */
  readonly diffId: string;
  /** Digest of the stored bytes; equal to `diffId` where the layer is stored uncompressed. */
  readonly digest: string;
  readonly compression: LayerCompression;
  /** The file that has the stored bytes somewhere inside. */
  readonly file: string;
  /** Of the first stored byte in the file. */
  readonly offset: number;
  /** Stored bytes. */
  readonly sizeBytes: number;
  /** False when it was left out, as a registry has it: then there are no bytes in the file. */
  readonly isHere: boolean;
}

export interface ArchivedManifest {
  readonly digest: string;
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

/** One image outside of the engine. */
export interface ImageArchive {
  readonly configDigest: string;
  readonly configBytes: Uint8Array;
  readonly config: ImageConfig;
  /** Undefined for engines before version 25 with the classic store, which have none. */
  readonly manifest: ArchivedManifest | undefined;
  /** The base image's first. */
  readonly layers: readonly ArchivedLayer[];
}

/**
 * Copies an image out of the engine into a file, as the engine keeps it.
 *
 * @param imageId as `Candidate.imageId`
 * @param file in an existing folder
 * @throws AddonReleaseError `environment` when the engine or the disk fails.
 */
export async function saveImage(
  imageId: string,
  file: string,
  signal?: AbortSignal,
): Promise<void> {
  const { exitCode, stderr } = await tryDocker(['image', 'save', '--output', file, imageId], {
    signal,
  });
  signal?.throwIfAborted();
  if (exitCode === 0) return;
  throw new AddonReleaseError('environment', `docker image save ${imageId} failed`, {
    output: stderr.trim(),
    hint: 'Run `addon-release doctor` to check the engine and the space on the disk.',
  });
}

interface FoundLayer {
  /** In the archive. */
  readonly name: string;
  /** Undefined where there is no manifest to name it. */
  readonly digest: string | undefined;
  readonly mediaType: string | undefined;
  readonly sizeBytes: number | undefined;
}

interface FoundImage {
  readonly configBytes: Uint8Array;
  readonly layers: readonly FoundLayer[];
  readonly manifest: ArchivedManifest | undefined;
}

interface FoundManifest extends ArchivedManifest {
  readonly content: ImageManifest;
}

async function findManifest(
  parts: ArchiveParts,
  configDigest: string,
): Promise<FoundManifest | undefined> {
  for await (const { bytes, digest, content } of listManifests(parts)) {
    if (content.kind === 'index' || content.manifest.config.digest !== configDigest) continue;
    return { digest, mediaType: content.mediaType, bytes, content: content.manifest };
  }
  return undefined;
}

async function findLayoutImage(
  parts: ArchiveParts,
  configDigest: string,
): Promise<FoundImage | undefined> {
  const found = await findManifest(parts, configDigest);
  return found && describeManifest(parts, configDigest, found);
}

async function describeManifest(
  parts: ArchiveParts,
  configDigest: string,
  { content, ...manifest }: FoundManifest,
): Promise<FoundImage> {
  const configBytes = await parts.readBlob(configDigest);
  if (configBytes === undefined) throw unreadable(`config ${configDigest} is missing`);
  const layers = content.layers.map(({ digest, mediaType, size }) => ({
    name: blobName(digest),
    digest,
    mediaType,
    sizeBytes: size,
  }));
  return { configBytes, layers, manifest };
}

/** BuildKit writes a layout's index last, when other images are still built; the manifest is there before. */
async function findBlobImage(
  parts: ArchiveParts,
  configDigest: string,
): Promise<FoundImage | undefined> {
  if (parts.find(blobName(configDigest)) === undefined) return undefined;
  for (const [name, part] of parts.list()) {
    if (part.sizeBytes > MAX_MANIFEST_BYTES) continue;
    // Layers are no JSON.
    if ((await parts.readStart(part, 1)).toString() !== '{') continue;
    const digest = name.replace('blobs/sha256/', 'sha256:');
    const bytes = await parts.readBlob(digest);
    const content = bytes && readManifestContent(bytes);
    if (content?.ok !== true || content.value.kind === 'index') continue;
    const { manifest, mediaType } = content.value;
    if (manifest.config.digest !== configDigest) continue;
    const found = { digest, mediaType, bytes: bytes as Uint8Array, content: manifest };
    return describeManifest(parts, configDigest, found);
  }
  return undefined;
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
  parts: ArchiveParts,
  configDigest: string,
): Promise<FoundImage | undefined> {
  const bytes = await parts.read('manifest.json');
  for (const { config, layers } of bytes === undefined ? [] : readLegacyEntries(bytes)) {
    const configBytes = await parts.read(config);
    if (configBytes !== undefined && digestOf(configBytes) === configDigest) {
      const named = layers.map((name) => ({
        name,
        digest: undefined,
        mediaType: undefined,
        sizeBytes: undefined,
      }));
      return { configBytes, layers: named, manifest: undefined };
    }
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

/** The first bytes tell the compression; what a media type says differs between engines. */
export function detectCompression(start: Buffer): LayerCompression {
  const magic = start.toString('hex');
  if (magic === '28b52ffd') return 'zstd';
  return magic.startsWith('1f8b') ? 'gzip' : 'none';
}

function compressionOf(mediaType: string): LayerCompression {
  if (mediaType.endsWith('zstd')) return 'zstd';
  return mediaType.endsWith('gzip') ? 'gzip' : 'none';
}

async function describeLayer(
  parts: ArchiveParts,
  layer: FoundLayer,
  diffId: string,
): Promise<ArchivedLayer> {
  const label = layer.digest ?? layer.name;
  const part = parts.find(layer.name);
  if (part === undefined) throw unreadable(`layer ${label} is missing`);
  const { file, offset, sizeBytes } = part;
  const digest = layer.digest ?? diffId;
  if (sizeBytes === 0 && layer.mediaType !== undefined && layer.sizeBytes !== undefined) {
    const compression = compressionOf(layer.mediaType);
    return { diffId, digest, compression, file, offset, sizeBytes: layer.sizeBytes, isHere: false };
  }
  if (layer.sizeBytes !== undefined && sizeBytes !== layer.sizeBytes) {
    throw unreadable(`layer ${label} has ${sizeBytes} of ${layer.sizeBytes} bytes`);
  }
  const compression = detectCompression(await parts.readStart(part, 4));
  if (layer.digest === undefined && compression !== 'none') {
    throw unreadable(`layer ${label} is compressed`);
  }
  return { diffId, digest, compression, file, offset, sizeBytes, isHere: true };
}

async function describeImage(
  parts: ArchiveParts,
  configDigest: string,
  { configBytes, manifest, layers: found }: FoundImage,
): Promise<ImageArchive> {
  const config = readConfig(configBytes, found.length);
  const layers = await Promise.all(
    found.map((layer, index) =>
      describeLayer(parts, layer, config.rootfs.diff_ids[index] as string),
    ),
  );
  return { configDigest, configBytes, config, manifest, layers };
}

/**
 * The images in a file that `saveImage` has written, by the digests of their configs.
 *
 * @throws AddonReleaseError `environment` when the file names none
 */
export async function listArchivedConfigs(file: string): Promise<readonly string[]> {
  const parts = await openArchive(file);
  const bytes = await parts.read('manifest.json');
  const entries = bytes === undefined ? [] : readLegacyEntries(bytes);
  const digests: string[] = [];
  for (const { config } of entries) {
    const content = await parts.read(config);
    if (content !== undefined) digests.push(digestOf(content));
  }
  if (digests.length === 0) throw unreadable('it names no image');
  return digests;
}

/**
 * Reads a file that `saveImage` has written, from either image store: an OCI image layout, or `layer.tar` files from
 * engines before version 25. The layers themselves are not read.
 *
 * @param configDigest the image to find there; its config's bytes are checked against it
 * @throws AddonReleaseError `environment` when the image is not there or not complete.
 */
export async function readArchive(file: string, configDigest: string): Promise<ImageArchive> {
  const parts = await openArchive(file);
  const image =
    (await findLayoutImage(parts, configDigest)) ?? (await findLegacyImage(parts, configDigest));
  if (image === undefined) throw unreadable(`it holds no image with the config ${configDigest}`);
  return describeImage(parts, configDigest, image);
}

/**
 * Reads an image that BuildKit has written into a folder, an OCI image layout. Empty files in the place of layers are
 * layers that were left out.
 *
 * @returns undefined when the image is not there, or not yet
 * @throws AddonReleaseError `environment` when it is not complete
 */
export async function readLayout(
  folder: string,
  configDigest: string,
): Promise<ImageArchive | undefined> {
  const parts = await openLayout(folder);
  const image = await findBlobImage(parts, configDigest);
  return image && describeImage(parts, configDigest, image);
}
