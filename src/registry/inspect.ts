import type { RegistryClient } from './client.js';
import type { Descriptor, ImageConfig, Platform } from './image-types.js';
import { parseManifest } from './manifests.js';
import {
  findPlatformEntry,
  findSupervisorEntry,
  formatPlatform,
  isSamePlatform,
  listPlatforms,
} from './platform.js';
import { readImageConfig, type ManifestContent } from './read-manifest.js';
import { formatImageReference, referenceSelector, type ImageReference } from './reference.js';
import { RegistryError } from './registry-error.js';

export interface InspectedImage {
  /** Of the index through which the image was found; absent when the reference names the image itself. */
  readonly indexDigest?: string;
  /** The index's entries, attestations included. */
  readonly indexEntries?: readonly Descriptor[];
  readonly manifestDigest: string;
  readonly configDigest: string;
  readonly layers: readonly Descriptor[];
  readonly config: ImageConfig;
  /** What a pull transfers, in bytes: config and layers as stored. */
  readonly compressedBytes: number;
}

export interface InspectOptions {
  /**
   * `exact` (the default): variant included, and a single image must be of the platform. `supervisor`: the first entry
   * of an index with os and architecture, and a single image whatever it is, as the Supervisor pulls.
   */
  readonly match?: 'exact' | 'supervisor';
}

type PlatformName = Pick<Platform, 'os' | 'architecture' | 'variant'>;

/** Larger ones are no image configurations. */
const MAX_CONFIG_BYTES = 8 * 1024 * 1024;

function fail(
  reference: ImageReference,
  kind: 'malformed' | 'platform-missing',
  detail: string,
): RegistryError {
  return new RegistryError({
    kind,
    registry: reference.registry,
    repository: reference.repository,
    message: `${formatImageReference(reference)} ${detail}`,
  });
}

function platformMissing(
  reference: ImageReference,
  wanted: PlatformName,
  found: readonly PlatformName[],
): RegistryError {
  const names = found.map(formatPlatform).join(', ');
  const only = names === '' ? 'it has none' : `it has ${names}`;
  return fail(reference, 'platform-missing', `has no image for ${formatPlatform(wanted)}: ${only}`);
}

interface FoundImage {
  readonly digest: string;
  readonly content: ManifestContent & { readonly kind: 'manifest' };
  readonly index?: { readonly digest: string; readonly entries: readonly Descriptor[] };
}

async function findImage(
  client: RegistryClient,
  reference: ImageReference,
  platform: PlatformName,
  match: 'exact' | 'supervisor',
): Promise<FoundImage> {
  const stored = await client.getManifest(reference, referenceSelector(reference));
  const content = parseManifest(reference, stored);
  if (content.kind === 'manifest') return { digest: stored.digest, content };
  const find = match === 'exact' ? findPlatformEntry : findSupervisorEntry;
  const entry = find(content.index, platform);
  if (entry === undefined) throw platformMissing(reference, platform, listPlatforms(content.index));
  const child = await client.getManifest(reference, entry.digest);
  const image = parseManifest(reference, child);
  if (image.kind === 'index') {
    throw fail(reference, 'malformed', `names another index for ${formatPlatform(platform)}`);
  }
  const index = { digest: stored.digest, entries: content.index.manifests };
  return { digest: child.digest, content: image, index };
}

/**
 * Reads what a registry serves under a reference for one platform: manifest, configuration, layers. No layer is
 * transferred.
 *
 * @throws RegistryError `platform-missing` when there is no image for the platform, `not-found` when there is none at all.
 */
export async function inspectImage(
  client: RegistryClient,
  reference: ImageReference,
  platform: PlatformName,
  options: InspectOptions = {},
): Promise<InspectedImage> {
  const match = options.match ?? 'exact';
  const found = await findImage(client, reference, platform, match);
  const { config: descriptor, layers } = found.content.manifest;
  if (descriptor.size > MAX_CONFIG_BYTES) {
    throw fail(reference, 'malformed', `has a configuration of ${descriptor.size} bytes`);
  }
  const reading = readImageConfig(await client.readBlob(reference, descriptor));
  if (!reading.ok) {
    throw fail(reference, 'malformed', `has no usable configuration: ${reading.reason}`);
  }
  const config = reading.value;
  if (match === 'exact' && found.index === undefined && !isSamePlatform(config, platform)) {
    throw platformMissing(reference, platform, [config]);
  }
  return {
    ...(found.index === undefined
      ? {}
      : { indexDigest: found.index.digest, indexEntries: found.index.entries }),
    manifestDigest: found.digest,
    configDigest: descriptor.digest,
    layers,
    config,
    compressedBytes: layers.reduce((sum, layer) => sum + layer.size, descriptor.size),
  };
}
