import { setMaxListeners } from 'node:events';
import { DEFAULT_RETRY, retry, type RetryPolicy } from '../exec/retry.js';
import {
  getBlob,
  headBlob,
  mountBlob,
  proveBlob,
  readBlob,
  uploadBlob,
  type BlobIdentity,
  type BlobSource,
  type BlobSummary,
} from './blobs.js';
import type { Descriptor } from './image-types.js';
import { createDockerCredentials, type CredentialSource } from './credentials.js';
import {
  deleteManifest,
  getManifest,
  headManifest,
  listReferrers,
  putManifest,
  type ManifestSummary,
  type StoredManifest,
} from './manifests.js';
import type { RepositoryName } from './reference.js';
import { classifyRegistryFailure } from './registry-error.js';
import { checkPush, listTags } from './repositories.js';
import { RegistryTransport } from './transport.js';

/** A request that is about to be tried again. */
export interface RegistryRetry {
  /** What is tried: "read manifest ghcr.io/owner/name:1.0.0". */
  readonly operation: string;
  /** The named transient cause: "503 Service Unavailable". */
  readonly cause: string;
  readonly delayMs: number;
  /** The attempt that failed, from 1. */
  readonly attempt: number;
}

export interface RegistryClientOptions {
  /**
   * `docker-config`: what `docker login` left; `anonymous`: nothing, and as the Supervisor asks: first without a token,
   * then with the one that the repository's own challenge leads to.
   */
  readonly credentials: 'docker-config' | 'anonymous' | CredentialSource;
  /** Aborting ends every request and every wait; calls then reject with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  readonly onRetry?: ((retry: RegistryRetry) => void) | undefined;
  /** How long nothing may move on a connection, in milliseconds. Default 60 000. */
  readonly requestTimeoutMs?: number | undefined;
  readonly retryPolicy?: Partial<RetryPolicy> | undefined;
  /** Registries other than loopback ones that may be reached by plain HTTP, as HOST[:PORT]. */
  readonly insecureRegistries?: readonly string[] | undefined;
}

/**
 * A client of the OCI distribution API. Every call retries transient failures by itself and rejects with a
 * RegistryError (exit class `registry`) on final ones.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md
 */
export interface RegistryClient {
  /** Proves that the registry answers and tells by which protocol. Needs no login. */
  readonly ping: (registry: string) => Promise<'http' | 'https'>;
  /** What a tag or digest stands for; undefined when there is no such manifest or repository. */
  readonly headManifest: (
    repository: RepositoryName,
    selector: string,
  ) => Promise<ManifestSummary | undefined>;
  /** A manifest's bytes, proved against its digest. */
  readonly getManifest: (repository: RepositoryName, selector: string) => Promise<StoredManifest>;
  /** Stores a manifest under a tag or its digest, and returns the digest. */
  readonly putManifest: (
    repository: RepositoryName,
    selector: string,
    manifest: Pick<StoredManifest, 'bytes' | 'mediaType'>,
  ) => Promise<string>;
  /** What refers to a manifest, signatures for example; undefined when the registry has no such list. */
  readonly listReferrers: (
    repository: RepositoryName,
    digest: string,
  ) => Promise<readonly Descriptor[] | undefined>;
  /** Deletes a manifest with all its tags. */
  readonly deleteManifest: (
    repository: RepositoryName,
    digest: string,
  ) => Promise<'deleted' | 'absent'>;
  /** Whether the repository has the blob; its size where the registry tells it. */
  readonly headBlob: (
    repository: RepositoryName,
    digest: string,
  ) => Promise<BlobSummary | undefined>;
  /**
   * The blob's bytes as they arrive. The iteration rejects at its end when they are not the blob, and is not retried by
   * itself: open it again.
   */
  readonly getBlob: (
    repository: RepositoryName,
    blob: BlobIdentity,
  ) => Promise<AsyncGenerator<Uint8Array, void, undefined>>;
  /** A small blob as a whole, proved against its digest. */
  readonly readBlob: (repository: RepositoryName, blob: BlobIdentity) => Promise<Uint8Array>;
  /** Reads a blob through, however large, and proves it against its digest. */
  readonly proveBlob: (repository: RepositoryName, blob: BlobIdentity) => Promise<void>;
  /** Uploads a blob unless the repository has it, or can take it from one near it. */
  readonly uploadBlob: (
    repository: RepositoryName,
    blob: BlobSource,
    near?: RepositoryName,
  ) => Promise<'exists' | 'mounted' | 'uploaded'>;
  /** Brings a blob into another repository: mounted within a registry where possible, else sent through here. */
  readonly mountBlob: (
    from: RepositoryName,
    to: RepositoryName,
    blob: BlobIdentity,
  ) => Promise<'exists' | 'mounted' | 'copied'>;
  /**
   * All tags; undefined when the registry knows no repository of the name. Registries
   * differ on one that has images but no tag: undefined or none.
   */
  readonly listTags: (repository: RepositoryName) => Promise<readonly string[] | undefined>;
  /** Proves the right to push to the repository and leaves nothing there. */
  readonly checkPush: (repository: RepositoryName) => Promise<void>;
  /** A client that is otherwise the same but has no login: what everybody else gets. */
  readonly withoutLogin: () => RegistryClient;
}

const DEFAULT_REQUEST_TIMEOUT_MS = 60_000;

function chooseCredentials(options: RegistryClientOptions): CredentialSource {
  if (typeof options.credentials === 'function') return options.credentials;
  if (options.credentials === 'anonymous') return () => Promise.resolve(undefined);
  return createDockerCredentials({ signal: options.signal });
}

/** Creates a client. Logins and tokens are kept for its life. */
export function createRegistryClient(options: RegistryClientOptions): RegistryClient {
  // Every request that is under way waits for it; Node.js warns of more than ten.
  if (options.signal !== undefined) setMaxListeners(0, options.signal);
  const transport = new RegistryTransport({
    findCredentials: chooseCredentials(options),
    challengedBy: options.credentials === 'anonymous' ? 'repository' : 'registry',
    requestTimeoutMs: options.requestTimeoutMs ?? DEFAULT_REQUEST_TIMEOUT_MS,
    insecureRegistries: options.insecureRegistries ?? [],
    signal: options.signal,
  });

  function attempt<T>(operation: string, run: () => Promise<T>): Promise<T> {
    return retry(run, classifyRegistryFailure, {
      policy: { ...DEFAULT_RETRY, ...options.retryPolicy },
      signal: options.signal,
      onRetry: (cause, delayMs, number) => {
        options.onRetry?.({ operation, cause, delayMs, attempt: number });
      },
    });
  }

  const at = (repository: RepositoryName, selector: string): string =>
    `${repository.registry}/${repository.repository}${selector.includes(':') ? '@' : ':'}${selector}`;

  return {
    ping: (registry) =>
      attempt(`reach ${registry}`, async () => {
        const base = await transport.reach(registry);
        return base.protocol === 'http:' ? 'http' : 'https';
      }),
    headManifest: (repository, selector) =>
      attempt(`look up manifest ${at(repository, selector)}`, () =>
        headManifest(transport, repository, selector),
      ),
    getManifest: (repository, selector) =>
      attempt(`read manifest ${at(repository, selector)}`, () =>
        getManifest(transport, repository, selector),
      ),
    putManifest: (repository, selector, manifest) =>
      attempt(`store manifest ${at(repository, selector)}`, () =>
        putManifest(transport, repository, selector, manifest),
      ),
    listReferrers: (repository, digest) =>
      attempt(`list what refers to ${at(repository, digest)}`, () =>
        listReferrers(transport, repository, digest),
      ),
    deleteManifest: (repository, digest) =>
      attempt(`delete manifest ${at(repository, digest)}`, () =>
        deleteManifest(transport, repository, digest),
      ),
    headBlob: (repository, digest) =>
      attempt(`look up blob ${at(repository, digest)}`, () =>
        headBlob(transport, repository, digest),
      ),
    getBlob: (repository, blob) =>
      attempt(`read blob ${at(repository, blob.digest)}`, () =>
        getBlob(transport, repository, blob),
      ),
    readBlob: (repository, blob) =>
      attempt(`read blob ${at(repository, blob.digest)}`, () =>
        readBlob(transport, repository, blob),
      ),
    proveBlob: (repository, blob) =>
      attempt(`read blob ${at(repository, blob.digest)}`, () =>
        proveBlob(transport, repository, blob),
      ),
    uploadBlob: (repository, blob, near) =>
      attempt(`upload blob ${at(repository, blob.digest)}`, () =>
        uploadBlob(transport, repository, blob, near),
      ),
    mountBlob: (from, to, blob) =>
      attempt(`bring blob ${at(to, blob.digest)}`, () => mountBlob(transport, from, to, blob)),
    listTags: (repository) =>
      attempt(`list tags of ${repository.registry}/${repository.repository}`, () =>
        listTags(transport, repository),
      ),
    checkPush: (repository) =>
      attempt(`check the right to push to ${repository.registry}/${repository.repository}`, () =>
        checkPush(transport, repository),
      ),
    withoutLogin: () => createRegistryClient({ ...options, credentials: 'anonymous' }),
  };
}
