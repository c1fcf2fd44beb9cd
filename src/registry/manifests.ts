import { digestOf, isDigest, matchesDigest } from './digest.js';
import type { Purpose } from './failures.js';
import type { HttpResponse } from './http.js';
import { MEDIA_TYPES, type Descriptor } from './image-types.js';
import { readManifestContent, type ManifestContent } from './read-manifest.js';
import { isTag, type RepositoryName } from './reference.js';
import { RegistryError } from './registry-error.js';
import type { RegistryTransport } from './transport.js';

/** A manifest or index as stored, byte for byte. */
export interface StoredManifest {
  readonly bytes: Uint8Array;
  /** Of `bytes`, computed here. */
  readonly digest: string;
  readonly mediaType: string;
}

/** What a registry says of a manifest without sending it. */
export interface ManifestSummary {
  readonly digest: string;
  readonly mediaType: string;
  /** Bytes. */
  readonly size: number;
}

/** The specification lets registries refuse manifests above this size, in bytes. */
const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;
/**
 * In the Supervisor's order.
 *
 * @see https://github.com/home-assistant/supervisor/blob/main/supervisor/docker/manifest.py
 */
const ACCEPT = [
  MEDIA_TYPES.dockerManifest,
  MEDIA_TYPES.ociManifest,
  MEDIA_TYPES.dockerManifestList,
  MEDIA_TYPES.ociIndex,
].join(', ');

/** Selectors become part of a path, so nothing else than a tag or digest may pass. */
function manifestPath(repository: RepositoryName, selector: string): string {
  if (!isTag(selector) && !isDigest(selector)) {
    throw new Error(`"${selector}" is neither a tag nor a digest`);
  }
  return `/v2/${repository.repository}/manifests/${selector}`;
}

function purposeOf(
  repository: RepositoryName,
  access: Purpose['access'],
  selector: string,
): Purpose {
  const { registry } = repository;
  const subject = `manifest ${selector}`;
  return { registry, repository: repository.repository, access, subject };
}

function mismatch(repository: RepositoryName, selector: string, detail: string): RegistryError {
  return new RegistryError({
    kind: 'content-mismatch',
    registry: repository.registry,
    repository: repository.repository,
    message: `${repository.registry}/${repository.repository}: manifest ${selector}: ${detail}`,
    hint: 'Something between here and the registry alters what it sends, or the registry is damaged.',
    transient: { cause: 'content and digest do not agree' },
  });
}

/** The type that the registry served, without parameters. */
function servedType(response: HttpResponse): string {
  return response.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase() ?? '';
}

/**
 * A manifest with its bytes, proved against the digest that was asked for and the one that the registry names.
 *
 * @param selector tag or digest.
 */
export async function getManifest(
  transport: RegistryTransport,
  repository: RepositoryName,
  selector: string,
): Promise<StoredManifest> {
  const response = await transport.send({
    purpose: purposeOf(repository, 'pull from', selector),
    scopes: [{ repository: repository.repository, actions: ['pull'] }],
    method: 'GET',
    target: manifestPath(repository, selector),
    headers: { accept: ACCEPT },
    expect: [200],
  });
  const bytes = await response.readBytes(MAX_MANIFEST_BYTES);
  const named = response.headers.get('docker-content-digest');
  for (const digest of [selector, named]) {
    if (digest !== null && isDigest(digest) && !matchesDigest(bytes, digest)) {
      throw mismatch(repository, selector, `the content is not that of ${digest}`);
    }
  }
  const digest = isDigest(selector) ? selector : digestOf(bytes);
  return { bytes, digest, mediaType: servedType(response) };
}

/** What a tag or digest stands for, or undefined when the registry has no such manifest or repository. */
export async function headManifest(
  transport: RegistryTransport,
  repository: RepositoryName,
  selector: string,
): Promise<ManifestSummary | undefined> {
  const response = await transport.send({
    purpose: purposeOf(repository, 'pull from', selector),
    scopes: [{ repository: repository.repository, actions: ['pull'] }],
    method: 'HEAD',
    target: manifestPath(repository, selector),
    headers: { accept: ACCEPT },
    expect: [200, 404],
  });
  await response.discard();
  if (response.status === 404) return undefined;
  const digest = response.headers.get('docker-content-digest');
  const size = Number(response.headers.get('content-length') ?? Number.NaN);
  if (digest === null || !isDigest(digest) || !Number.isSafeInteger(size)) {
    // The specification asks for neither header in answers to HEAD.
    const stored = await getManifest(transport, repository, selector);
    return { digest: stored.digest, mediaType: stored.mediaType, size: stored.bytes.byteLength };
  }
  if (isDigest(selector) && selector !== digest) {
    throw mismatch(repository, selector, `the registry answers with ${digest}`);
  }
  return { digest, mediaType: servedType(response), size };
}

/**
 * Stores a manifest, bytes exactly as given, under a tag or its own digest. Everything that it names must be there.
 *
 * @returns the digest under which it is stored.
 */
export async function putManifest(
  transport: RegistryTransport,
  repository: RepositoryName,
  selector: string,
  manifest: Pick<StoredManifest, 'bytes' | 'mediaType'>,
): Promise<string> {
  if (isDigest(selector) && !matchesDigest(manifest.bytes, selector)) {
    throw new Error(`the manifest to store is not ${selector}`);
  }
  const response = await transport.send({
    purpose: purposeOf(repository, 'push to', selector),
    scopes: [{ repository: repository.repository, actions: ['pull', 'push'] }],
    method: 'PUT',
    target: manifestPath(repository, selector),
    headers: { 'content-type': manifest.mediaType },
    body: manifest.bytes,
    expect: [200, 201, 202],
  });
  await response.discard();
  const named = response.headers.get('docker-content-digest');
  if (named !== null && isDigest(named) && !matchesDigest(manifest.bytes, named)) {
    throw mismatch(repository, selector, `the registry stored something else: ${named}`);
  }
  return isDigest(selector) ? selector : digestOf(manifest.bytes);
}

/**
 * What refers to a manifest: signatures, attestations, lists of contents. Undefined when the registry has no such list.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#listing-referrers
 */
export async function listReferrers(
  transport: RegistryTransport,
  repository: RepositoryName,
  digest: string,
): Promise<readonly Descriptor[] | undefined> {
  if (!isDigest(digest)) throw new Error(`"${digest}" is not a digest`);
  const response = await transport.send({
    purpose: purposeOf(repository, 'pull from', digest),
    scopes: [{ repository: repository.repository, actions: ['pull'] }],
    method: 'GET',
    target: `/v2/${repository.repository}/referrers/${digest}`,
    headers: { accept: MEDIA_TYPES.ociIndex },
    expect: [200, 400, 404, 405],
  });
  if (response.status !== 200) {
    await response.discard();
    return undefined;
  }
  const reading = readManifestContent(await response.readBytes(MAX_MANIFEST_BYTES));
  return reading.ok && reading.value.kind === 'index' ? reading.value.index.manifests : undefined;
}

/** Deletes a manifest by digest, with every tag that points at it. */
export async function deleteManifest(
  transport: RegistryTransport,
  repository: RepositoryName,
  digest: string,
): Promise<'deleted' | 'absent'> {
  if (!isDigest(digest)) throw new Error(`"${digest}" is not a digest`);
  const response = await transport.send({
    purpose: purposeOf(repository, 'delete from', digest),
    scopes: [{ repository: repository.repository, actions: ['delete', 'pull'] }],
    method: 'DELETE',
    target: manifestPath(repository, digest),
    expect: [200, 202, 404],
  });
  await response.discard();
  return response.status === 404 ? 'absent' : 'deleted';
}

/**
 * What a stored manifest says.
 *
 * @throws RegistryError `malformed` when it is no usable manifest or index.
 */
export function parseManifest(repository: RepositoryName, stored: StoredManifest): ManifestContent {
  const reading = readManifestContent(stored.bytes, stored.mediaType);
  if (reading.ok) return reading.value;
  throw new RegistryError({
    kind: 'malformed',
    registry: repository.registry,
    repository: repository.repository,
    message: `${repository.registry}/${repository.repository}@${stored.digest} is not a usable image: ${reading.reason}`,
  });
}
