import { compareVersions, readVersion, type ReleaseVersion } from './version.js';

/** A manifest or index that a repository holds. */
export interface StoredItem {
  readonly digest: string;
  readonly tags: readonly string[];
  /** What it says of its version; undefined when it says nothing. */
  readonly version: string | undefined;
  /** What an index names. */
  readonly children: readonly string[];
  /** What a signature or attestation belongs to, and whether the repository still holds that. */
  readonly subject: { readonly digest: string; readonly isThere: boolean } | undefined;
  /** An index names it as what attests an image of it. */
  readonly isAttestation?: boolean;
  /** Pushed so lately that a release may still be about to name it. */
  readonly isRecent?: boolean;
  /** Configuration and layers, sizes in bytes. */
  readonly blobs: readonly { readonly digest: string; readonly size: number }[];
}

/** What is kept, whatever its age. */
export interface RetentionRules {
  /** How many of the newest stable versions are kept, and how many of the newest pre-releases. */
  readonly keep: number;
  /** Versions that the store offers, or offered. */
  readonly offered: readonly string[];
}

export interface RetentionEntry {
  readonly digest: string;
  readonly tags: readonly string[];
  readonly kind: 'version' | 'part' | 'attachment';
  readonly reason: string;
}

export interface Retention {
  readonly kept: readonly RetentionEntry[];
  /** In the order in which they are deleted: an index goes before what it names, so that none is ever half. */
  readonly deleted: readonly RetentionEntry[];
  /** Of configurations and layers that nothing names any more, in bytes; the registry's own clean-up frees them. */
  readonly freedBytes: number;
}

/** What cosign and the OCI fallback for referrers call their tags. */
const ATTACHMENT = /^sha256-([a-f0-9]{64})(?:\.[a-z]+)?$/;

/**
 * The digest that a tag of a signature, attestation or list of referrers belongs to; undefined for other tags.
 *
 * @see https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#referrers-tag-schema
 */
export function readAttachmentTag(tag: string): string | undefined {
  const hex = ATTACHMENT.exec(tag)?.[1];
  return hex === undefined ? undefined : `sha256:${hex}`;
}

interface Tagged {
  readonly item: StoredItem;
  /** The version by which it was released; undefined for what was not. */
  readonly version: ReleaseVersion | undefined;
  /** Tags that are neither its version nor an attachment's. */
  readonly others: readonly string[];
}

/** A tag such as 1.2 may be a version or follow one: what the image says of itself decides. */
function classify(item: StoredItem): Tagged {
  const own = item.tags.filter((tag) => readAttachmentTag(tag) === undefined);
  const named = own.find(
    (tag) => readVersion(tag) !== undefined && (item.version === undefined || item.version === tag),
  );
  return {
    item,
    version: named === undefined ? undefined : readVersion(named),
    others: own.filter((tag) => tag !== named),
  };
}

/** The newest of each kind: stable versions and pre-releases. */
function findNewest(tagged: readonly Tagged[], keep: number): ReadonlySet<string> {
  const versions = tagged.flatMap(({ version }) => version ?? []);
  const newest = [true, false].flatMap((stable) =>
    versions
      .filter((version) => version.stable === stable)
      .sort((one, other) => compareVersions(other, one))
      .slice(0, keep),
  );
  return new Set(newest.map(({ text }) => text));
}

function judgeRoot(
  { item, version, others }: Tagged,
  rules: RetentionRules,
  newest: ReadonlySet<string>,
): { readonly keep: boolean; readonly reason: string } {
  if (others.length > 0) return { keep: true, reason: `named by ${others.join(', ')}` };
  if (version === undefined) {
    if (item.subject === undefined) return { keep: true, reason: 'not a version' };
    return item.subject.isThere
      ? { keep: true, reason: `belongs to ${item.subject.digest}` }
      : { keep: false, reason: `what it belongs to is gone (${item.subject.digest})` };
  }
  if (rules.offered.includes(version.text)) {
    return { keep: true, reason: "in the store's history" };
  }
  if (newest.has(version.text)) return { keep: true, reason: `one of the newest ${rules.keep}` };
  return { keep: false, reason: 'old, and named by nothing' };
}

/** Adds everything that what is kept names, and what is attached to it. */
function addParts(kept: Map<string, string>, items: ReadonlyMap<string, StoredItem>): void {
  const queue = [...kept.keys()];
  const add = (digest: string, reason: string): void => {
    if (kept.has(digest) || !items.has(digest)) return;
    kept.set(digest, reason);
    queue.push(digest);
  };
  for (let digest = queue.shift(); digest !== undefined; digest = queue.shift()) {
    for (const child of items.get(digest)?.children ?? []) add(child, `part of ${digest}`);
    for (const { digest: own, subject } of items.values()) {
      if (subject?.digest === digest) add(own, `belongs to ${digest}`);
    }
  }
}

function isAttachment({ subject, isAttestation, tags }: StoredItem): boolean {
  const belongs = subject !== undefined || isAttestation === true;
  return belongs && tags.every((tag) => readAttachmentTag(tag) !== undefined);
}

/** Decides what a repository can do without. Pure: the same input gives the same answer. */
export function decideRetention(stored: readonly StoredItem[], rules: RetentionRules): Retention {
  const items = new Map(stored.map((item) => [item.digest, item]));
  const parts = new Set(stored.flatMap(({ children }) => children));
  // What has no tag is reached through what names it, or through what it belongs to.
  const roots = stored
    .filter(({ tags }) => tags.length > 0)
    .filter((item) => !isAttachment(item) || !items.has(item.subject?.digest ?? ''))
    .map(classify);
  const newest = findNewest(roots, rules.keep);
  const verdicts = new Map(
    roots.map((root) => [root.item.digest, judgeRoot(root, rules, newest)] as const),
  );
  const kept = new Map(
    [...verdicts].flatMap(([digest, { keep, reason }]) =>
      keep ? [[digest, reason] as const] : [],
    ),
  );
  for (const { digest, tags, isRecent } of stored) {
    if (isRecent === true && tags.length === 0 && !parts.has(digest)) {
      kept.set(digest, 'pushed lately: a release may be about to name it');
    }
  }
  addParts(kept, items);
  const describe = (item: StoredItem, reason: string): RetentionEntry => ({
    digest: item.digest,
    tags: item.tags,
    kind: isAttachment(item) ? 'attachment' : verdicts.has(item.digest) ? 'version' : 'part',
    reason,
  });
  const order = ['version', 'part', 'attachment'];
  const deleted = stored
    .filter(({ digest }) => !kept.has(digest))
    .map((item) =>
      describe(
        item,
        verdicts.get(item.digest)?.reason ??
          (parts.has(item.digest)
            ? 'part of nothing that is kept'
            : item.subject === undefined
              ? 'nothing names it'
              : 'belongs to nothing that is kept'),
      ),
    )
    .sort((one, other) => order.indexOf(one.kind) - order.indexOf(other.kind));
  return {
    kept: stored.flatMap((item) => {
      const reason = kept.get(item.digest);
      return reason === undefined ? [] : [describe(item, reason)];
    }),
    deleted,
    freedBytes: countFreed(stored, kept),
  };
}

function countFreed(stored: readonly StoredItem[], kept: ReadonlyMap<string, string>): number {
  const blobsOf = (isKept: boolean) =>
    stored.filter(({ digest }) => kept.has(digest) === isKept).flatMap(({ blobs }) => blobs);
  const used = new Set(blobsOf(true).map(({ digest }) => digest));
  const freed = new Map(
    blobsOf(false)
      .filter(({ digest }) => !used.has(digest))
      .map(({ digest, size }) => [digest, size]),
  );
  return [...freed.values()].reduce((sum, size) => sum + size, 0);
}
