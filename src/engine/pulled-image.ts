import { createWriteStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { RegistryClient } from '../registry/client.js';
import type { Descriptor } from '../registry/image-types.js';
import type { InspectedImage } from '../registry/inspect.js';
import type { RepositoryName } from '../registry/reference.js';
import { detectCompression, type ArchivedLayer, type ImageArchive } from './image-archive.js';

async function readStart(file: string): Promise<Buffer> {
  const handle = await open(file);
  try {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(4), 0, 4, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

async function pullLayer(
  client: RegistryClient,
  repository: RepositoryName,
  blob: Descriptor,
  diffId: string,
  folder: string,
  signal: AbortSignal | undefined,
): Promise<ArchivedLayer> {
  const file = join(folder, blob.digest.replace(':', '-'));
  const content = Readable.from(await client.getBlob(repository, blob));
  await pipeline(content, createWriteStream(file), signal === undefined ? {} : { signal });
  const compression = detectCompression(await readStart(file));
  return {
    diffId,
    digest: blob.digest,
    compression,
    file,
    offset: 0,
    sizeBytes: blob.size,
    isHere: true,
  };
}

/**
 * Downloads the layers of an image without an engine, each into a file of its own.
 *
 * @param folder an existing, empty folder; the caller removes it
 * @throws RegistryError when a layer cannot be had, or is not what its digest says
 */
export async function pullImage(
  client: RegistryClient,
  repository: RepositoryName,
  image: InspectedImage,
  folder: string,
  signal?: AbortSignal,
): Promise<Pick<ImageArchive, 'config' | 'layers'>> {
  const layers: ArchivedLayer[] = [];
  for (const [index, blob] of image.layers.entries()) {
    const diffId = image.config.rootfs.diff_ids[index] ?? blob.digest;
    layers.push(await pullLayer(client, repository, blob, diffId, folder, signal));
  }
  return { config: image.config, layers };
}
