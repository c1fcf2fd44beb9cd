import { AddonReleaseError } from '../errors.js';
import { digestOf, isDigest } from '../registry/digest.js';
import type { ImageConfig, ImageManifest } from '../registry/image-types.js';
import { readImageConfig } from '../registry/read-manifest.js';
import {
  blobName,
  listManifests,
  openArchive,
  unreadable,
  type ArchiveParts,
} from './archive-parts.js';
import { tryDocker } from './docker.js';

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
}

export interface ArchivedManifest {
  readonly digest: string;
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

/** One image in a file that `saveImage` has written. */
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
  if (found === undefined) return undefined;
  const configBytes = await parts.readBlob(configDigest);
  if (configBytes === undefined) throw unreadable(`config ${configDigest} is missing`);
  const { content, ...manifest } = found;
  const layers = content.layers.map(({ digest, size }) => ({
    name: blobName(digest),
    digest,
    sizeBytes: size,
  }));
  return { configBytes, layers, manifest };
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
      const named = layers.map((name) => ({ name, digest: undefined, sizeBytes: undefined }));
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

async function describeLayer(
  parts: ArchiveParts,
  layer: FoundLayer,
  diffId: string,
): Promise<ArchivedLayer> {
  const label = layer.digest ?? layer.name;
  const member = parts.find(layer.name);
  if (member === undefined) throw unreadable(`layer ${label} is missing`);
  const { offset, sizeBytes } = member;
  if (layer.sizeBytes !== undefined && sizeBytes !== layer.sizeBytes) {
    throw unreadable(`layer ${label} has ${sizeBytes} of ${layer.sizeBytes} bytes`);
  }
  const compression = detectCompression(await parts.readStart(member, 4));
  if (layer.digest === undefined && compression !== 'none') {
    throw unreadable(`layer ${label} is compressed`);
  }
  const digest = layer.digest ?? diffId;
  return { diffId, digest, compression, file: parts.file, offset, sizeBytes };
}

async function readParts(parts: ArchiveParts, configDigest: string): Promise<ImageArchive> {
  const image =
    (await findLayoutImage(parts, configDigest)) ?? (await findLegacyImage(parts, configDigest));
  if (image === undefined) throw unreadable(`it holds no image with the config ${configDigest}`);
  const { configBytes, manifest } = image;
  const config = readConfig(configBytes, image.layers.length);
  const layers = await Promise.all(
    image.layers.map((layer, index) =>
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
  return openArchive(file, async (parts) => {
    const bytes = await parts.read('manifest.json');
    const entries = bytes === undefined ? [] : readLegacyEntries(bytes);
    const digests: string[] = [];
    for (const { config } of entries) {
      const content = await parts.read(config);
      if (content !== undefined) digests.push(digestOf(content));
    }
    if (digests.length === 0) throw unreadable('it names no image');
    return digests;
  });
}

/**
 * Reads a file that `saveImage` has written, from either image store: an OCI image layout, or `layer.tar` files from
 * engines before version 25. The layers themselves are not read.
 *
 * @param configDigest the image to find there; its config's bytes are checked against it
 * @throws AddonReleaseError `environment` when the image is not there or not complete.
 */
export async function readArchive(file: string, configDigest: string): Promise<ImageArchive> {
  return openArchive(file, (parts) => readParts(parts, configDigest));
}
