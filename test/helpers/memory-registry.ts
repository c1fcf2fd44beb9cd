import { buffer } from 'node:stream/consumers';
import type { RegistryClient } from '../../src/registry/client.js';
import { digestOf } from '../../src/registry/digest.js';
import type { StoredManifest } from '../../src/registry/manifests.js';
import type { RepositoryName } from '../../src/registry/reference.js';
import { RegistryError } from '../../src/registry/registry-error.js';

interface Repository {
  readonly manifests: Map<string, StoredManifest>;
  readonly tags: Map<string, string>;
  readonly blobs: Map<string, Uint8Array>;
}

/** A registry that is a map, with the writes that were made to it. */
export interface MemoryRegistry {
  readonly client: RegistryClient;
  /** `put REPOSITORY SELECTOR` or `blob REPOSITORY DIGEST`, in their order. */
  readonly writes: readonly string[];
  readonly tags: (repository: string) => ReadonlyMap<string, string>;
  /** Stores a manifest without a trace in the writes. */
  readonly seed: (repository: string, bytes: Uint8Array, mediaType: string, tag?: string) => string;
  /** Names what is stored already, without a trace in the writes. */
  readonly seedTag: (repository: string, tag: string, digest: string) => void;
  readonly seedBlob: (repository: string, bytes: Uint8Array) => string;
}

export function createMemoryRegistry(): MemoryRegistry {
  const repositories = new Map<string, Repository>();
  const writes: string[] = [];

  function open(name: string): Repository {
    const found = repositories.get(name) ?? {
      manifests: new Map<string, StoredManifest>(),
      tags: new Map<string, string>(),
      blobs: new Map<string, Uint8Array>(),
    };
    repositories.set(name, found);
    return found;
  }
  const nameOf = ({ registry, repository }: RepositoryName) => `${registry}/${repository}`;
  const find = (name: RepositoryName, selector: string) => {
    const { manifests, tags } = open(nameOf(name));
    return manifests.get(tags.get(selector) ?? selector);
  };
  const missing = (name: RepositoryName, what: string) =>
    new RegistryError({
      kind: 'not-found',
      registry: name.registry,
      repository: name.repository,
      message: `${nameOf(name)} has no ${what}`,
    });
  const store = (name: string, bytes: Uint8Array, mediaType: string, tag?: string): string => {
    const digest = digestOf(bytes);
    const { manifests, tags } = open(name);
    manifests.set(digest, { bytes, mediaType, digest });
    if (tag !== undefined) tags.set(tag, digest);
    return digest;
  };
  const unused = (): never => {
    throw new Error('no test needs this yet');
  };

  const client: RegistryClient = {
    ping: () => Promise.resolve('https'),
    headManifest: (name, selector) => {
      const stored = find(name, selector);
      if (stored === undefined) return Promise.resolve(undefined);
      const { digest, mediaType, bytes } = stored;
      return Promise.resolve({ digest, mediaType, size: bytes.byteLength });
    },
    getManifest: (name, selector) => {
      const stored = find(name, selector);
      return stored === undefined
        ? Promise.reject(missing(name, selector))
        : Promise.resolve(stored);
    },
    putManifest: (name, selector, { bytes, mediaType }) => {
      writes.push(`put ${nameOf(name)} ${selector}`);
      const tag = selector.includes(':') ? undefined : selector;
      return Promise.resolve(store(nameOf(name), bytes, mediaType, tag));
    },
    listReferrers: () => Promise.resolve(undefined),
    deleteManifest: unused,
    headBlob: (name, digest) => {
      const bytes = open(nameOf(name)).blobs.get(digest);
      return Promise.resolve(bytes === undefined ? undefined : { size: bytes.byteLength });
    },
    getBlob: unused,
    readBlob: (name, { digest }) => {
      const bytes = open(nameOf(name)).blobs.get(digest);
      return bytes === undefined ? Promise.reject(missing(name, digest)) : Promise.resolve(bytes);
    },
    proveBlob: async (name, blob) => {
      await client.readBlob(name, blob);
    },
    uploadBlob: async (name, blob, near) => {
      if (open(nameOf(name)).blobs.has(blob.digest)) return 'exists';
      if (near?.registry === name.registry && open(nameOf(near)).blobs.has(blob.digest)) {
        await client.mountBlob(near, name, blob);
        return 'mounted';
      }
      const bytes = await buffer(blob.open());
      writes.push(`blob ${nameOf(name)} ${blob.digest}`);
      open(nameOf(name)).blobs.set(blob.digest, bytes);
      return 'uploaded';
    },
    mountBlob: (from, to, { digest }) => {
      const bytes = open(nameOf(from)).blobs.get(digest);
      if (bytes === undefined) return Promise.reject(missing(from, digest));
      if (open(nameOf(to)).blobs.has(digest)) return Promise.resolve('exists');
      writes.push(`blob ${nameOf(to)} ${digest}`);
      open(nameOf(to)).blobs.set(digest, bytes);
      return Promise.resolve('mounted');
    },
    listTags: (name) => Promise.resolve([...open(nameOf(name)).tags.keys()]),
    checkPush: () => Promise.resolve(),
    withoutLogin: () => client,
  };
  return {
    client,
    writes,
    tags: (name) => open(name).tags,
    seed: store,
    seedTag: (name, tag, digest) => open(name).tags.set(tag, digest),
    seedBlob: (name, bytes) => {
      const digest = digestOf(bytes);
      open(name).blobs.set(digest, bytes);
      return digest;
    },
  };
}
