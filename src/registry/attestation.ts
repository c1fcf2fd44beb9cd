import { Readable } from 'node:stream';
import type { IndexEntry } from './build-index.js';
import type { RegistryClient } from './client.js';
import { digestOf } from './digest.js';
import {
  MEDIA_TYPES,
  type Descriptor,
  type ImageIndex,
  type ImageManifest,
} from './image-types.js';
import { parseManifest, type StoredManifest } from './manifests.js';
import type { Reading } from './read-manifest.js';
import type { RepositoryName } from './reference.js';
import { RegistryError } from './registry-error.js';

/**
 * What somebody states about content: how it was built, what it is made of.
 *
 * @see https://github.com/in-toto/attestation/blob/main/spec/v0.1.0/statement.md
 */
export interface Statement {
  readonly _type: string;
  /** `https://slsa.dev/provenance/v0.2`, `https://spdx.dev/Document` */
  readonly predicateType: string;
  readonly subject: readonly {
    readonly name: string;
    /** By algorithm, without its name: `{ sha256: 'ab12…' }`. */
    readonly digest: Readonly<Record<string, string>>;
  }[];
  readonly predicate: Readonly<Record<string, unknown>>;
}

/** Where the names of BuildKit's attestations are written down: https://docs.docker.com/build/metadata/attestations/attestation-storage/ */
const STATEMENT_TYPE = 'application/vnd.in-toto+json';
const PREDICATE_TYPE = 'in-toto.io/predicate-type';
const REFERENCE_TYPE = 'vnd.docker.reference.type';
const REFERENCE_DIGEST = 'vnd.docker.reference.digest';
const ATTESTATION_MANIFEST = 'attestation-manifest';

/** Lists of what large images are made of have some ten megabytes. */
export const MAX_STATEMENT_BYTES = 128 * 1024 * 1024;

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Reads the bytes of a statement. */
export function readStatement(bytes: Uint8Array): Reading<Statement> {
  const wrong = (reason: string) => ({ ok: false, reason }) as const;
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return wrong('it is not JSON');
  }
  if (!isObject(value)) return wrong('it is not a JSON object');
  if (typeof value['_type'] !== 'string' || !value['_type'].startsWith('https://in-toto.io/')) {
    return wrong('it is no in-toto statement');
  }
  if (typeof value['predicateType'] !== 'string') return wrong('it does not say what it states');
  const { subject, predicate } = value;
  const isNamed = (one: unknown) => isObject(one) && isObject(one['digest']);
  if (!Array.isArray(subject) || !subject.every(isNamed)) return wrong('it has no subject');
  if (!isObject(predicate)) return wrong('it states nothing');
  return { ok: true, value: value as unknown as Statement };
}

/** Whether every subject of a statement is what the digest (`sha256:…`) names, and there is one. */
export function isAbout({ subject }: Statement, digest: string): boolean {
  const [algorithm = '', hex] = digest.split(':');
  return subject.length > 0 && subject.every((one) => one.digest[algorithm] === hex);
}

/** Whether an entry of an index attests another one, and is no image. */
export function isAttestationEntry({ annotations }: Pick<Descriptor, 'annotations'>): boolean {
  return annotations?.[REFERENCE_TYPE] === ATTESTATION_MANIFEST;
}

/** The entry of an index that attests what a digest names. */
export function findAttestation(index: ImageIndex, digest: string): Descriptor | undefined {
  return index.manifests.find(
    (entry) => isAttestationEntry(entry) && entry.annotations?.[REFERENCE_DIGEST] === digest,
  );
}

/** The statements that a manifest of attestations names. */
export function listStatements({ layers }: ImageManifest): readonly Descriptor[] {
  return layers.filter(({ mediaType }) => mediaType === STATEMENT_TYPE);
}

/** Two indexes of the same release: times make attestations of the same images differ. */
export function isSameBesideAttestations(one: ImageIndex, other: ImageIndex): boolean {
  const describe = ({ manifests, annotations = {} }: ImageIndex) =>
    JSON.stringify([
      manifests.filter((entry) => !isAttestationEntry(entry)).map(({ digest }) => digest),
      Object.entries(annotations).sort(),
    ]);
  return describe(one) === describe(other);
}

/** What is stored for the attestations of one image. */
export interface Attestation {
  readonly blobs: readonly { readonly descriptor: Descriptor; readonly bytes: Uint8Array }[];
  readonly manifest: StoredManifest;
  /** How an index refers to it. */
  readonly entry: IndexEntry;
}

function blob(mediaType: string, value: unknown, annotations?: Descriptor['annotations']) {
  const bytes = new TextEncoder().encode(JSON.stringify(value));
  const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length };
  return { descriptor: annotations ? { ...descriptor, annotations } : descriptor, bytes };
}

/**
 * Package URLs as BuildKit writes them: `pkg:docker/ghcr.io/owner/name@1.0.0?platform=linux%2Famd64`.
 *
 * @see https://github.com/package-url/purl-spec/blob/main/types-doc/docker-definition.md
 */
function packageUrl(repository: string, version: string, platform: string): string {
  const path = repository.replace(/^docker\.io\/(?:library\/)?/, '').split('/');
  const name = path.map(encodeURIComponent).join('/');
  return `pkg:docker/${name}@${encodeURIComponent(version)}?platform=${encodeURIComponent(platform)}`;
}

/**
 * Puts statements about an image into the form in which BuildKit stores them. Their subject becomes the image as it
 * was pushed: the engine knows it by another manifest, with the same configuration.
 */
export function buildAttestation(
  statements: readonly Statement[],
  image: {
    readonly digest: string;
    readonly repositories: readonly string[];
    readonly version: string;
    readonly platform: string;
  },
): Attestation {
  const [algorithm = '', hex = ''] = image.digest.split(':');
  const subject = image.repositories.map((repository) => ({
    name: packageUrl(repository, image.version, image.platform),
    digest: { [algorithm]: hex },
  }));
  const layers = statements.map((statement) =>
    blob(STATEMENT_TYPE, { ...statement, subject }, { [PREDICATE_TYPE]: statement.predicateType }),
  );
  const config = blob('application/vnd.oci.image.config.v1+json', {
    architecture: 'unknown',
    os: 'unknown',
    config: {},
    rootfs: { type: 'layers', diff_ids: layers.map(({ descriptor }) => descriptor.digest) },
  });
  const manifest = blob(MEDIA_TYPES.ociManifest, {
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.ociManifest,
    config: config.descriptor,
    layers: layers.map(({ descriptor }) => descriptor),
  });
  const { descriptor, bytes } = manifest;
  return {
    blobs: [config, ...layers],
    manifest: { bytes, digest: descriptor.digest, mediaType: MEDIA_TYPES.ociManifest },
    entry: {
      descriptor: {
        ...descriptor,
        annotations: {
          [REFERENCE_DIGEST]: image.digest,
          [REFERENCE_TYPE]: ATTESTATION_MANIFEST,
        },
      },
      platform: { os: 'unknown', architecture: 'unknown' },
    },
  };
}

/** Stores attestations by digest, beside the images. */
export async function pushAttestation(
  client: RegistryClient,
  repository: RepositoryName,
  { blobs, manifest }: Attestation,
): Promise<void> {
  for (const { descriptor, bytes } of blobs) {
    await client.uploadBlob(repository, { ...descriptor, open: () => Readable.from([bytes]) });
  }
  await client.putManifest(repository, manifest.digest, manifest);
}

/**
 * What an index's attestations state about an image.
 *
 * @returns undefined when nothing is attested
 * @throws RegistryError `malformed` for what cannot be read
 */
export async function readAttestation(
  client: RegistryClient,
  repository: RepositoryName,
  index: ImageIndex,
  digest: string,
): Promise<readonly Statement[] | undefined> {
  const entry = findAttestation(index, digest);
  if (entry === undefined) return undefined;
  const malformed = (reason: string) =>
    new RegistryError({
      kind: 'malformed',
      registry: repository.registry,
      repository: repository.repository,
      message: `${repository.registry}/${repository.repository}@${entry.digest}: ${reason}`,
    });
  const content = parseManifest(repository, await client.getManifest(repository, entry.digest));
  if (content.kind === 'index') throw malformed('an index is no attestation');
  const statements: Statement[] = [];
  for (const layer of listStatements(content.manifest)) {
    if (layer.size > MAX_STATEMENT_BYTES) throw malformed(`it has ${layer.size} bytes`);
    const reading = readStatement(await client.readBlob(repository, layer));
    if (!reading.ok) throw malformed(reading.reason);
    if (layer.annotations?.[PREDICATE_TYPE] !== reading.value.predicateType) {
      throw malformed(`it states ${reading.value.predicateType}, and is filed as something else`);
    }
    statements.push(reading.value);
  }
  return statements;
}
