import { createDigester, isDigest } from './digest.js';
import type { Purpose } from './failures.js';
import type { BodySource, HttpResponse } from './http.js';
import type { Descriptor } from './image-types.js';
import type { RepositoryName } from './reference.js';
import { RegistryError } from './registry-error.js';
import type { AccessScope } from './auth.js';
import type { RegistryTransport } from './transport.js';

/** What identifies a blob and proves it. */
export type BlobIdentity = Pick<Descriptor, 'digest' | 'size'>;

/** A blob to upload: opened anew for each attempt, always with the same bytes. */
export type BlobSource = BlobIdentity & Pick<BodySource, 'open'>;

/** What a registry says of a blob without sending it. */
export interface BlobSummary {
  /** Bytes; undefined when the registry does not tell. */
  readonly size: number | undefined;
}

function blobPath(repository: RepositoryName, digest: string): string {
  if (!isDigest(digest)) throw new Error(`"${digest}" is not a digest`);
  return `/v2/${repository.repository}/blobs/${digest}`;
}

function purposeOf(repository: RepositoryName, access: Purpose['access'], digest: string): Purpose {
  const { registry } = repository;
  return { registry, repository: repository.repository, access, subject: `blob ${digest}` };
}

function pullScope(repository: RepositoryName): AccessScope {
  return { repository: repository.repository, actions: ['pull'] };
}

function pushScope(repository: RepositoryName): AccessScope {
  return { repository: repository.repository, actions: ['pull', 'push'] };
}

function mismatch(repository: RepositoryName, digest: string, detail: string): RegistryError {
  return new RegistryError({
    kind: 'content-mismatch',
    registry: repository.registry,
    repository: repository.repository,
    message: `${repository.registry}/${repository.repository}: blob ${digest}: ${detail}`,
    hint: 'Something between here and the registry alters what it sends, or the registry is damaged.',
    transient: { cause: 'content and digest do not agree' },
  });
}

/** What the registry says of a blob; undefined when the repository has none. */
export async function headBlob(
  transport: RegistryTransport,
  repository: RepositoryName,
  digest: string,
  scopes: readonly AccessScope[] = [pullScope(repository)],
): Promise<BlobSummary | undefined> {
  const response = await transport.send({
    purpose: purposeOf(repository, 'pull from', digest),
    scopes,
    method: 'HEAD',
    target: blobPath(repository, digest),
    expect: [200, 404],
  });
  await response.discard();
  if (response.status === 404) return undefined;
  const length = response.headers.get('content-length');
  return { size: length !== null && /^\d+$/.test(length) ? Number(length) : undefined };
}

/** Passes chunks on while proving them; fails at the end, before the last is counted as good. */
async function* proveChunks(
  chunks: AsyncIterable<Uint8Array>,
  blob: BlobIdentity,
  fail: (detail: string) => Error,
): AsyncGenerator<Uint8Array, void, undefined> {
  const digester = createDigester(blob.digest);
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.byteLength;
    if (size > blob.size) throw fail(`longer than its ${blob.size} bytes`);
    digester.update(chunk);
    yield chunk;
  }
  if (size !== blob.size) throw fail(`${size} of ${blob.size} bytes`);
  const digest = digester.digest();
  if (digest !== blob.digest) throw fail(`its content is that of ${digest}`);
}

/**
 * The blob's bytes as they arrive. The iteration fails at the end when size or digest are wrong, so nothing may be
 * used before it has ended.
 */
export async function getBlob(
  transport: RegistryTransport,
  repository: RepositoryName,
  blob: BlobIdentity,
): Promise<AsyncGenerator<Uint8Array, void, undefined>> {
  const response = await transport.send({
    purpose: purposeOf(repository, 'pull from', blob.digest),
    scopes: [pullScope(repository)],
    method: 'GET',
    target: blobPath(repository, blob.digest),
    expect: [200],
  });
  return proveChunks(response.chunks(), blob, (detail) =>
    mismatch(repository, blob.digest, detail),
  );
}

/** A small blob as a whole, proved. */
export async function readBlob(
  transport: RegistryTransport,
  repository: RepositoryName,
  blob: BlobIdentity,
): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const chunk of await getBlob(transport, repository, blob)) parts.push(chunk);
  return Buffer.concat(parts);
}

/** Reads a blob of any size through to its end, keeping nothing of it. */
export async function proveBlob(
  transport: RegistryTransport,
  repository: RepositoryName,
  blob: BlobIdentity,
): Promise<void> {
  const chunks = await getBlob(transport, repository, blob);
  let next = await chunks.next();
  while (next.done !== true) next = await chunks.next();
}

/** The address of an upload session. */
function readLocation(response: HttpResponse, repository: RepositoryName): URL {
  const location = response.headers.get('location');
  if (location !== null && URL.canParse(location, response.url.href)) {
    return new URL(location, response.url);
  }
  throw new RegistryError({
    kind: 'not-a-registry',
    registry: repository.registry,
    repository: repository.repository,
    message: `${repository.registry} opened an upload to ${repository.repository} without saying where`,
  });
}

/** A blob that another repository of the registry may have. */
interface Mount {
  readonly digest: string;
  readonly from: RepositoryName;
}

/** Opens an upload session, without or with the offer to mount a blob of another repository. */
export async function openUpload(
  transport: RegistryTransport,
  repository: RepositoryName,
  mount?: Mount,
): Promise<{ readonly session: URL } | 'mounted'> {
  const query =
    mount === undefined
      ? ''
      : `?${new URLSearchParams({ mount: mount.digest, from: mount.from.repository }).toString()}`;
  const response = await transport.send({
    purpose: {
      registry: repository.registry,
      repository: repository.repository,
      access: 'push to',
      ...(mount === undefined ? {} : { subject: `blob ${mount.digest}` }),
    },
    scopes:
      mount === undefined
        ? [pushScope(repository)]
        : [pushScope(repository), pullScope(mount.from)],
    method: 'POST',
    target: `/v2/${repository.repository}/blobs/uploads/${query}`,
    body: new Uint8Array(),
    expect: mount === undefined ? [202] : [201, 202],
  });
  await response.discard();
  return response.status === 201 ? 'mounted' : { session: readLocation(response, repository) };
}

/** Gives an upload session up. Registries that do not offer it let sessions expire. */
export async function closeUpload(
  transport: RegistryTransport,
  repository: RepositoryName,
  session: URL,
): Promise<void> {
  const response = await transport.send({
    purpose: {
      registry: repository.registry,
      repository: repository.repository,
      access: 'push to',
    },
    // The reference registry counts this as deleting.
    scopes: [{ repository: repository.repository, actions: ['pull', 'push', 'delete'] }],
    method: 'DELETE',
    target: session,
    expect: [200, 202, 204],
  });
  await response.discard();
}

/** Sends the whole blob into an open session and closes it. */
async function fillUpload(
  transport: RegistryTransport,
  repository: RepositoryName,
  session: URL,
  blob: BlobSource,
): Promise<void> {
  const target = new URL(session);
  target.searchParams.set('digest', blob.digest);
  const purpose = purposeOf(repository, 'push to', blob.digest);
  const changed = (detail: string): RegistryError =>
    new RegistryError({
      kind: 'content-mismatch',
      registry: repository.registry,
      repository: repository.repository,
      message: `The blob ${blob.digest} was not sent to ${repository.registry}/${repository.repository}: what was read here is not it (${detail})`,
    });
  const response = await transport.send({
    purpose,
    scopes: [pushScope(repository)],
    method: 'PUT',
    target,
    headers: { 'content-type': 'application/octet-stream' },
    body: { size: blob.size, open: () => proveChunks(blob.open(), blob, changed) },
    expect: [201, 204],
  });
  await response.discard();
  const named = response.headers.get('docker-content-digest');
  if (named !== null && named !== blob.digest) {
    throw mismatch(repository, blob.digest, `the registry stored something else: ${named}`);
  }
}

/** Opens an upload with the offer to mount; a registry that takes the offer for an offence gets none. */
async function openUploadNear(
  transport: RegistryTransport,
  repository: RepositoryName,
  mount: Mount,
): Promise<{ readonly session: URL } | 'mounted'> {
  try {
    return await openUpload(transport, repository, mount);
  } catch (error) {
    if (!(error instanceof RegistryError) || error.transient !== undefined) throw error;
    return openUpload(transport, repository);
  }
}

/**
 * Uploads a blob unless the repository has it. Each call is one attempt with a session of its own.
 *
 * @param near a repository of the same registry that may have it: the registry is asked to take it from there
 */
export async function uploadBlob(
  transport: RegistryTransport,
  repository: RepositoryName,
  blob: BlobSource,
  near?: RepositoryName,
): Promise<'exists' | 'mounted' | 'uploaded'> {
  const there = await headBlob(transport, repository, blob.digest, [pushScope(repository)]);
  if (there !== undefined) return 'exists';
  const isNear =
    near?.registry === repository.registry && near.repository !== repository.repository;
  const upload = isNear
    ? await openUploadNear(transport, repository, { digest: blob.digest, from: near })
    : await openUpload(transport, repository);
  if (upload === 'mounted') return 'mounted';
  await fillUpload(transport, repository, upload.session, blob);
  return 'uploaded';
}

/**
 * Brings a blob from one repository to another: mounted where both are in one registry and it agrees, else sent
 * through this process.
 */
export async function mountBlob(
  transport: RegistryTransport,
  from: RepositoryName,
  to: RepositoryName,
  blob: BlobIdentity,
): Promise<'exists' | 'mounted' | 'copied'> {
  const source = { ...blob, open: () => openRemote(transport, from, blob) };
  const outcome = await uploadBlob(transport, to, source, from);
  return outcome === 'uploaded' ? 'copied' : outcome;
}

async function* openRemote(
  transport: RegistryTransport,
  from: RepositoryName,
  blob: BlobIdentity,
): AsyncGenerator<Uint8Array, void, undefined> {
  yield* await getBlob(transport, from, blob);
}
