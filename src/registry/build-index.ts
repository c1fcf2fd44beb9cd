import { digestOf } from './digest.js';
import { MEDIA_TYPES, type Annotations, type Descriptor, type Platform } from './image-types.js';
import type { StoredManifest } from './manifests.js';
import { formatPlatform, isSamePlatform } from './platform.js';

/** One image of an index to be built. */
export interface IndexEntry {
  /** The image's manifest as it is in the repository. */
  readonly descriptor: Pick<Descriptor, 'mediaType' | 'digest' | 'size' | 'annotations'>;
  readonly platform: Pick<Platform, 'os' | 'architecture' | 'variant'>;
}

function sortAnnotations(annotations: Annotations): Annotations {
  const entries = Object.entries(annotations);
  return Object.fromEntries(entries.sort(([one], [other]) => (one < other ? -1 : 1)));
}

/** An absent or empty map is left out, so that both give the same bytes. */
function withAnnotations(annotations: Annotations | undefined) {
  if (annotations === undefined || Object.keys(annotations).length === 0) return {};
  return { annotations: sortAnnotations(annotations) };
}

function serializeEntry({ descriptor, platform }: IndexEntry): Descriptor {
  const { os, architecture, variant } = platform;
  return {
    mediaType: descriptor.mediaType,
    digest: descriptor.digest,
    size: descriptor.size,
    ...withAnnotations(descriptor.annotations),
    platform: { architecture, os, ...(variant === undefined ? {} : { variant }) },
  };
}

/** Two attestations share `unknown/unknown`; two images for one platform would hide one of them. */
function findDouble(entries: readonly IndexEntry[]): IndexEntry | undefined {
  return entries.find(
    (entry, position) =>
      entry.platform.os !== 'unknown' &&
      entries.slice(0, position).some((other) => isSamePlatform(other.platform, entry.platform)),
  );
}

/**
 * An OCI image index. Equal input gives equal bytes: members are in a fixed order, annotations sorted, entries as
 * given (readers take the first that fits).
 *
 * The top-level mediaType, optional in the specification, is what the Supervisor recognises an index by; without
 * platforms it would find nothing in it.
 *
 * @see https://github.com/opencontainers/image-spec/blob/main/image-index.md
 * @see https://github.com/home-assistant/supervisor/blob/main/supervisor/docker/manifest.py
 */
export function buildIndex(
  entries: readonly IndexEntry[],
  annotations?: Annotations,
): StoredManifest {
  if (entries.length === 0) throw new Error('an index needs at least one image');
  const double = findDouble(entries);
  if (double !== undefined) {
    throw new Error(`two images of the index are for ${formatPlatform(double.platform)}`);
  }
  const index = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.ociIndex,
    manifests: entries.map(serializeEntry),
    ...withAnnotations(annotations),
  };
  const bytes = new TextEncoder().encode(JSON.stringify(index));
  return { bytes, digest: digestOf(bytes), mediaType: MEDIA_TYPES.ociIndex };
}
