import { isDigest } from './digest.js';
import {
  MEDIA_TYPES,
  type Descriptor,
  type ImageConfig,
  type ImageIndex,
  type ImageManifest,
} from './image-types.js';

export type ManifestContent =
  | { readonly kind: 'manifest'; readonly mediaType: string; readonly manifest: ImageManifest }
  | { readonly kind: 'index'; readonly mediaType: string; readonly index: ImageIndex };

export type Reading<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly reason: string };

type JsonObject = Readonly<Record<string, unknown>>;

const MANIFEST_TYPES: readonly string[] = [MEDIA_TYPES.ociManifest, MEDIA_TYPES.dockerManifest];
const INDEX_TYPES: readonly string[] = [MEDIA_TYPES.ociIndex, MEDIA_TYPES.dockerManifestList];

function wrong(reason: string): { readonly ok: false; readonly reason: string } {
  return { ok: false, reason };
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Parses JSON, leaving out members that are null: Go programs write absent lists and maps so. */
function parseObject(bytes: Uint8Array): Reading<JsonObject> {
  let value: unknown;
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    value = JSON.parse(text, (_key, member: unknown) => (member === null ? undefined : member));
  } catch {
    return wrong('it is not JSON');
  }
  return isObject(value) ? { ok: true, value } : wrong('it is not a JSON object');
}

function descriptorProblem(value: unknown, where: string): string | undefined {
  if (!isObject(value)) return `${where} is not an object`;
  if (typeof value['mediaType'] !== 'string') return `${where}.mediaType is not a text`;
  const digest = value['digest'];
  if (typeof digest !== 'string' || !isDigest(digest)) return `${where}.digest is not a digest`;
  const size = value['size'];
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) {
    return `${where}.size is not a number of bytes`;
  }
  const platform = value['platform'];
  if (platform === undefined) return undefined;
  const named =
    isObject(platform) &&
    typeof platform['os'] === 'string' &&
    typeof platform['architecture'] === 'string';
  return named ? undefined : `${where}.platform has no os and architecture`;
}

function descriptorsProblem(value: unknown, where: string): string | undefined {
  if (!Array.isArray(value)) return `${where} is not a list`;
  for (const [position, entry] of value.entries()) {
    const problem = descriptorProblem(entry, `${where}[${String(position)}]`);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** The media type, from the body and the answer's header, which must not contradict each other. */
function decideMediaType(body: JsonObject, contentType: string | undefined): Reading<string> {
  const own = body['mediaType'];
  const header = contentType?.split(';')[0]?.trim().toLowerCase();
  const known = [...MANIFEST_TYPES, ...INDEX_TYPES];
  const headerType = header !== undefined && known.includes(header) ? header : undefined;
  if (typeof own !== 'string') {
    const implied = 'manifests' in body ? MEDIA_TYPES.ociIndex : MEDIA_TYPES.ociManifest;
    return { ok: true, value: headerType ?? implied };
  }
  if (!known.includes(own)) return wrong(`its media type ${own} is not that of an image`);
  if (headerType !== undefined && headerType !== own) {
    return wrong(`it says ${own} of itself but was served as ${headerType}`);
  }
  return { ok: true, value: own };
}

/**
 * Reads the bytes of a manifest or index of either family (OCI, Docker schema 2).
 *
 * Content that could be read as both is refused.
 *
 * @param contentType the Content-Type that the registry served it with.
 * @see https://github.com/opencontainers/image-spec/security/advisories/GHSA-77vh-xpmg-72qh
 */
export function readManifestContent(
  bytes: Uint8Array,
  contentType?: string,
): Reading<ManifestContent> {
  const parsed = parseObject(bytes);
  if (!parsed.ok) return parsed;
  const body = parsed.value;
  if (body['schemaVersion'] !== 2) {
    return wrong(`its schemaVersion is ${JSON.stringify(body['schemaVersion'])}, not 2`);
  }
  const isManifest = 'layers' in body || 'config' in body;
  const isIndex = 'manifests' in body;
  if (isManifest && isIndex) return wrong('it is a manifest and an index at once');
  const mediaType = decideMediaType(body, contentType);
  if (!mediaType.ok) return mediaType;
  if (INDEX_TYPES.includes(mediaType.value)) {
    const complete = { manifests: [], ...body };
    const problem = isManifest
      ? 'an index has no config or layers'
      : descriptorsProblem(complete.manifests, 'manifests');
    if (problem !== undefined) return wrong(problem);
    return { ok: true, value: asIndex(mediaType.value, complete) };
  }
  const complete = { layers: [], ...body };
  const problem =
    descriptorProblem(body['config'], 'config') ?? descriptorsProblem(complete.layers, 'layers');
  if (problem !== undefined) return wrong(problem);
  return { ok: true, value: asManifest(mediaType.value, complete) };
}

function asIndex(mediaType: string, body: JsonObject): ManifestContent {
  return { kind: 'index', mediaType, index: body as unknown as ImageIndex };
}

function asManifest(mediaType: string, body: JsonObject): ManifestContent {
  return { kind: 'manifest', mediaType, manifest: body as unknown as ImageManifest };
}

/** Reads the bytes of an image configuration of either family. */
export function readImageConfig(bytes: Uint8Array): Reading<ImageConfig> {
  const parsed = parseObject(bytes);
  if (!parsed.ok) return parsed;
  const body = parsed.value;
  if (typeof body['architecture'] !== 'string' || typeof body['os'] !== 'string') {
    return wrong('it has no architecture and os');
  }
  const labels = isObject(body['config']) ? body['config']['Labels'] : undefined;
  if (labels !== undefined && !isLabels(labels))
    return wrong('config.Labels is not a map of texts');
  const rootfs = body['rootfs'];
  const diffIds = isObject(rootfs) ? (rootfs['diff_ids'] ?? []) : undefined;
  if (!Array.isArray(diffIds) || !diffIds.every((id) => typeof id === 'string')) {
    return wrong('rootfs.diff_ids is not a list of digests');
  }
  const config = { ...body, rootfs: { type: 'layers', diff_ids: diffIds } };
  return { ok: true, value: config as unknown as ImageConfig };
}

function isLabels(value: unknown): boolean {
  return isObject(value) && Object.values(value).every((text) => typeof text === 'string');
}

/** The layer's descriptor says that it is fetched from elsewhere and is not in the repository. */
export function isForeignLayer(descriptor: Descriptor): boolean {
  return (descriptor.urls?.length ?? 0) > 0 || descriptor.mediaType.includes('nondistributable');
}
