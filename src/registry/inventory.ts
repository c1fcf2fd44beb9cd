import { isAttestationEntry } from './attestation.js';
import type { RegistryClient } from './client.js';
import type { Descriptor } from './image-types.js';
import { parseManifest } from './manifests.js';
import type { RepositoryName } from './reference.js';
import { RegistryError } from './registry-error.js';
import { readImageVersion } from './tag-state.js';

/** A manifest or index of a repository, with what it names and what it belongs to. */
interface InventoryItem {
  readonly digest: string;
  readonly tags: readonly string[];
  /** What it says of its version; asked for where it has a tag. */
  readonly version: string | undefined;
  readonly children: readonly string[];
  readonly subject: { readonly digest: string; readonly isThere: boolean } | undefined;
  /** An index names it as what attests an image of it. */
  readonly isAttestation: boolean;
  readonly blobs: readonly Pick<Descriptor, 'digest' | 'size'>[];
}

const PARALLEL = 6;

async function forEach<T>(list: Iterable<T>, run: (item: T) => Promise<void>): Promise<void> {
  const queue = [...list];
  const work = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) await run(next);
  };
  await Promise.all(Array.from({ length: PARALLEL }, work));
}

type Draft = Omit<InventoryItem, 'tags' | 'subject' | 'isAttestation'> & {
  readonly subject: string | undefined;
  /** Those of the children that attest others. */
  readonly attestations: readonly string[];
};

class Inventory {
  readonly #drafts = new Map<string, Promise<Draft | undefined>>();
  readonly #client: RegistryClient;
  readonly #repository: RepositoryName;
  readonly #tags: ReadonlyMap<string, readonly string[]>;

  constructor(
    client: RegistryClient,
    repository: RepositoryName,
    tags: ReadonlyMap<string, readonly string[]>,
  ) {
    this.#client = client;
    this.#repository = repository;
    this.#tags = tags;
  }

  /** Reads a manifest and everything below it. What is named but not there is left out. */
  async read(digest: string, subject?: string): Promise<void> {
    const known = this.#drafts.get(digest);
    if (known !== undefined) {
      await known;
      return;
    }
    const reading = this.#read(digest, subject);
    this.#drafts.set(digest, reading);
    const draft = await reading;
    await forEach(draft?.children ?? [], (child) => this.read(child));
  }

  async #read(digest: string, subject: string | undefined): Promise<Draft | undefined> {
    try {
      const stored = await this.#client.getManifest(this.#repository, digest);
      const content = parseManifest(this.#repository, stored);
      const own = content.kind === 'index' ? content.index : content.manifest;
      const entries = content.kind === 'index' ? content.index.manifests : [];
      return {
        digest,
        version: this.#tags.has(digest)
          ? await readImageVersion(this.#client, this.#repository, stored)
          : undefined,
        children: entries.map((one) => one.digest),
        attestations: entries.filter(isAttestationEntry).map((one) => one.digest),
        blobs:
          content.kind === 'index' ? [] : [content.manifest.config, ...content.manifest.layers],
        subject: own.subject?.digest ?? subject,
      };
    } catch (error) {
      if (error instanceof RegistryError && error.kind === 'not-found') return undefined;
      throw error;
    }
  }

  async drafts(): Promise<readonly Draft[]> {
    const all = await Promise.all(this.#drafts.values());
    return all.filter((draft) => draft !== undefined);
  }
}

/**
 * Everything that a repository holds and that can be reached: what has a tag, what an index names, and what refers to
 * either. A registry does not list manifests without any of that; what else is known to be there is given.
 *
 * @param readAttachmentTag the digest that a tag of a signature or attestation belongs to; undefined for other tags
 * @param others digests of manifests that may have no tag
 * @throws RegistryError
 */
export async function readInventory(
  client: RegistryClient,
  repository: RepositoryName,
  readAttachmentTag: (tag: string) => string | undefined,
  others: readonly string[] = [],
): Promise<readonly InventoryItem[]> {
  const tags = new Map<string, string[]>();
  const subjects = new Map<string, string>();
  await forEach((await client.listTags(repository)) ?? [], async (tag) => {
    const head = await client.headManifest(repository, tag);
    if (head === undefined) return;
    tags.set(head.digest, [...(tags.get(head.digest) ?? []), tag].sort());
    const subject = readAttachmentTag(tag);
    if (subject !== undefined) subjects.set(head.digest, subject);
  });
  const inventory = new Inventory(client, repository, tags);
  await forEach(tags.keys(), (digest) => inventory.read(digest, subjects.get(digest)));
  await forEach(others, (digest) => inventory.read(digest));
  await forEach(await inventory.drafts(), async ({ digest }) => {
    for (const referrer of (await client.listReferrers(repository, digest)) ?? []) {
      await inventory.read(referrer.digest, digest);
    }
  });
  const drafts = await inventory.drafts();
  const known = new Set(drafts.map(({ digest }) => digest));
  const attesting = new Set(drafts.flatMap(({ attestations }) => attestations));
  const items: InventoryItem[] = [];
  await forEach(drafts, async ({ digest, version, children, blobs, subject }) => {
    const isThere =
      subject !== undefined &&
      (known.has(subject) || (await client.headManifest(repository, subject)) !== undefined);
    items.push({
      digest,
      tags: tags.get(digest) ?? [],
      version,
      children,
      subject: subject === undefined ? undefined : { digest: subject, isThere },
      isAttestation: attesting.has(digest),
      blobs,
    });
  });
  return items.sort((one, other) => (one.digest < other.digest ? -1 : 1));
}
