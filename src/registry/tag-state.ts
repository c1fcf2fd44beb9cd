import type { RegistryClient } from './client.js';
import type { Annotations } from './image-types.js';
import { parseManifest, type StoredManifest } from './manifests.js';
import { readImageConfig } from './read-manifest.js';
import type { RepositoryName } from './reference.js';
import { RegistryError } from './registry-error.js';

/** What a tag names, and which version the image says to be. */
interface NamedImage {
  readonly digest: string;
  /** Undefined when neither annotations nor labels tell. */
  readonly version: string | undefined;
}

const VERSION = 'org.opencontainers.image.version';
/** As deep as real indexes are, with one to spare. */
const MAX_DEPTH = 2;

function readLabels(labels: Annotations): string | undefined {
  // A base image's labels, inherited, name the base's version.
  if (labels['io.hass.type'] === 'base') return undefined;
  return labels['io.hass.version'] ?? labels[VERSION];
}

/**
 * The version that a manifest or index says to be of: by its own annotation, else by the labels of the (first) image.
 * Undefined when nothing tells, also when a part of it is missing.
 */
export async function readImageVersion(
  client: RegistryClient,
  repository: RepositoryName,
  stored: StoredManifest,
  depth = 0,
): Promise<string | undefined> {
  try {
    const content = parseManifest(repository, stored);
    if (content.kind === 'index') {
      const annotated = content.index.annotations?.[VERSION];
      const first = content.index.manifests.find(({ platform }) => platform?.os !== 'unknown');
      if (annotated !== undefined || first === undefined || depth === MAX_DEPTH) return annotated;
      const child = await client.getManifest(repository, first.digest);
      return await readImageVersion(client, repository, child, depth + 1);
    }
    const { manifest } = content;
    const annotated = manifest.annotations?.[VERSION];
    if (annotated !== undefined || manifest.artifactType !== undefined) return annotated;
    const config = readImageConfig(await client.readBlob(repository, manifest.config));
    return config.ok ? readLabels(config.value.config?.Labels ?? {}) : undefined;
  } catch (error) {
    const isAbout =
      error instanceof RegistryError &&
      ['not-found', 'malformed', 'content-mismatch'].includes(error.kind);
    if (!isAbout) throw error;
    return undefined;
  }
}

/** What a tag names now; undefined when it names nothing. */
export async function readTag(
  client: RegistryClient,
  repository: RepositoryName,
  tag: string,
): Promise<NamedImage | undefined> {
  const head = await client.headManifest(repository, tag);
  if (head === undefined) return undefined;
  const stored = await client.getManifest(repository, head.digest);
  return { digest: head.digest, version: await readImageVersion(client, repository, stored) };
}
