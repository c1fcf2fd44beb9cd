import type { RegistryClient } from './client.js';
import type { Descriptor, ImageManifest } from './image-types.js';
import { parseManifest, type StoredManifest } from './manifests.js';
import { isForeignLayer } from './read-manifest.js';
import type { RepositoryName } from './reference.js';
import { RegistryError } from './registry-error.js';

export interface CopyOptions {
  /** Told about each blob when it is in its new place. */
  readonly onBlob?: (blob: Descriptor, outcome: 'exists' | 'mounted' | 'copied') => void;
}

export interface CopiedImage {
  readonly digest: string;
  readonly mediaType: string;
  /** Of the manifest or index itself, in bytes. */
  readonly size: number;
}

/** An index may name indexes; real ones are one deep. */
const MAX_DEPTH = 4;

/** Config and layers, each once. Layers that are fetched from elsewhere are not in any repository. */
function listBlobs(manifest: ImageManifest): readonly Descriptor[] {
  const blobs = [manifest.config, ...manifest.layers.filter((layer) => !isForeignLayer(layer))];
  return [...new Map(blobs.map((blob) => [blob.digest, blob])).values()];
}

/**
 * Brings an image, or an index with all its images, into another repository under the same digest. Nothing is
 * tagged, nothing that is there is sent again, and within one registry layers are mounted rather than sent.
 *
 * @throws RegistryError
 */
export async function copyImage(
  client: RegistryClient,
  from: RepositoryName,
  digest: string,
  to: RepositoryName,
  options: CopyOptions = {},
): Promise<CopiedImage> {
  return copyByDigest(client, from, digest, to, options, 0);
}

async function copyByDigest(
  client: RegistryClient,
  from: RepositoryName,
  digest: string,
  to: RepositoryName,
  options: CopyOptions,
  depth: number,
): Promise<CopiedImage> {
  const there = await client.headManifest(to, digest);
  // A registry takes a manifest only when everything that it names is there.
  if (there !== undefined) return { digest, mediaType: there.mediaType, size: there.size };
  const stored = await client.getManifest(from, digest);
  const content = parseManifest(from, stored);
  if (content.kind === 'manifest') {
    for (const blob of listBlobs(content.manifest)) {
      const outcome = await client.mountBlob(from, to, blob);
      options.onBlob?.(blob, outcome);
    }
  } else {
    if (depth === MAX_DEPTH) throw tooDeep(from, digest);
    for (const entry of content.index.manifests) {
      await copyByDigest(client, from, entry.digest, to, options, depth + 1);
    }
  }
  return storeCopy(client, to, { ...stored, mediaType: content.mediaType });
}

async function storeCopy(
  client: RegistryClient,
  to: RepositoryName,
  stored: StoredManifest,
): Promise<CopiedImage> {
  await client.putManifest(to, stored.digest, stored);
  return { digest: stored.digest, mediaType: stored.mediaType, size: stored.bytes.byteLength };
}

function tooDeep(from: RepositoryName, digest: string): RegistryError {
  return new RegistryError({
    kind: 'malformed',
    registry: from.registry,
    repository: from.repository,
    message: `${from.registry}/${from.repository}@${digest} is nested more than ${MAX_DEPTH} indexes deep`,
  });
}
