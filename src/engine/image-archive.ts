import { open, type FileHandle } from 'node:fs/promises';
import { posix } from 'node:path';
import { AddonReleaseError } from '../errors.js';
import { digestOf, isDigest, matchesDigest } from '../registry/digest.js';
import type { ImageConfig, ImageManifest } from '../registry/image-types.js';
import { readImageConfig, readManifestContent } from '../registry/read-manifest.js';
import { tryDocker } from './docker.js';
import { indexTar, type TarMember } from './tar-index.js';

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

/** Far above what registries accept as a manifest or config. */
const MAX_JSON_BYTES = 16 * 1024 * 1024;
const REGULAR_FILE = '0';
const SYMBOLIC_LINK = '2';

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

function unreadable(reason: string, cause?: unknown): AddonReleaseError {
  return new AddonReleaseError(
    'environment',
    `cannot read what docker image save wrote: ${reason}`,
    {
      hint: 'Run `addon-release doctor` to check the engine.',
      cause,
    },
  );
}

/** The parts of an image archive by name. Nothing is ever written by the names that it holds. */
class Parts {
  readonly file: string;
  readonly #handle: FileHandle;
  readonly #members: ReadonlyMap<string, TarMember>;

  constructor(file: string, handle: FileHandle, members: ReadonlyMap<string, TarMember>) {
    this.file = file;
    this.#handle = handle;
    this.#members = members;
  }

  /** A regular file. Engines before version 25 write a layer that occurs twice as a symbolic link to the first. */
  find(name: string): TarMember | undefined {
    const member = this.#members.get(name);
    if (member?.type !== SYMBOLIC_LINK) return member?.type === REGULAR_FILE ? member : undefined;
    const target = this.#members.get(posix.join(posix.dirname(name), member.linkname));
    return target?.type === REGULAR_FILE ? target : undefined;
  }

  async readStart(member: TarMember, length: number): Promise<Buffer> {
    const bytes = Buffer.alloc(Math.min(length, member.sizeBytes));
    const { bytesRead } = await this.#handle.read(bytes, 0, bytes.length, member.offset);
    return bytes.subarray(0, bytesRead);
  }

  async read(name: string): Promise<Uint8Array | undefined> {
    const member = this.find(name);
    if (member === undefined) return undefined;
    if (member.sizeBytes > MAX_JSON_BYTES) {
      throw unreadable(`${name} has ${member.sizeBytes} bytes`);
    }
    return this.readStart(member, member.sizeBytes);
  }

  /** Undefined when the archive leaves the blob out, as it does for the parts of other platforms. */
  async readBlob(digest: string): Promise<Uint8Array | undefined> {
    const bytes = await this.read(blobName(digest));
    if (bytes !== undefined && !matchesDigest(bytes, digest)) {
      throw unreadable(`the content of ${digest} is ${digestOf(bytes)}`);
    }
    return bytes;
  }
}

/** @see https://github.com/opencontainers/image-spec/blob/main/image-layout.md#blobs */
function blobName(digest: string): string {
  return `blobs/${digest.replace(':', '/')}`;
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

/**
 * Finds the manifest that names the config, through indexes of platforms and attestations.
 *
 * @see https://github.com/opencontainers/image-spec/blob/main/image-layout.md#indexjson-file
 */
async function findManifest(
  parts: Parts,
  configDigest: string,
): Promise<FoundManifest | undefined> {
  const top = await parts.read('index.json');
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
      if (manifest.config.digest === configDigest) {
        return { digest, mediaType, bytes, content: manifest };
      }
      continue;
    }
    for (const entry of content.value.index.manifests) {
      if (seen.has(entry.digest)) continue;
      seen.add(entry.digest);
      const part = await parts.readBlob(entry.digest);
      if (part !== undefined) queue.push({ bytes: part, digest: entry.digest });
    }
  }
  return undefined;
}

async function findLayoutImage(
  parts: Parts,
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
  parts: Parts,
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
  parts: Parts,
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

async function readParts(parts: Parts, configDigest: string): Promise<ImageArchive> {
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
  const handle = await open(file);
  try {
    const parts = new Parts(file, handle, await indexTar(file));
    const bytes = await parts.read('manifest.json');
    const entries = bytes === undefined ? [] : readLegacyEntries(bytes);
    const digests: string[] = [];
    for (const { config } of entries) {
      const content = await parts.read(config);
      if (content !== undefined) digests.push(digestOf(content));
    }
    if (digests.length === 0) throw unreadable('it names no image');
    return digests;
  } finally {
    await handle.close();
  }
}

/**
 * Reads a file that `saveImage` has written, from either image store: an OCI image layout, or `layer.tar` files from
 * engines before version 25. The layers themselves are not read.
 *
 * @param configDigest the image to find there; its config's bytes are checked against it
 * @throws AddonReleaseError `environment` when the image is not there or not complete.
 */
export async function readArchive(file: string, configDigest: string): Promise<ImageArchive> {
  const members = await indexTar(file).catch((error: unknown) => {
    throw unreadable(error instanceof Error ? error.message : String(error), error);
  });
  const handle = await open(file);
  try {
    return await readParts(new Parts(file, handle, members), configDigest);
  } finally {
    await handle.close();
  }
}
