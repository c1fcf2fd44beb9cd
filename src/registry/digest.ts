import { createHash, type Hash } from 'node:crypto';

/** Length of the hexadecimal part by algorithm, as registered in the specification. */
const HEX_LENGTH: Readonly<Record<string, number>> = { sha256: 64, sha512: 128 };

/**
 * Whether the text is a digest that this client can verify: `sha256:` or `sha512:` and lower-case hexadecimal.
 *
 * @see https://github.com/opencontainers/image-spec/blob/main/descriptor.md#digests
 */
export function isDigest(text: string): boolean {
  const match = /^([a-z0-9]+):([a-f0-9]+)$/.exec(text);
  return match?.[1] !== undefined && match[2]?.length === HEX_LENGTH[match[1]];
}

/** The digest of bytes, `sha256:…`. */
export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** Whether the bytes have the digest, by the digest's own algorithm. */
export function matchesDigest(bytes: Uint8Array, digest: string): boolean {
  const hasher = createDigester(digest);
  hasher.update(bytes);
  return hasher.digest() === digest;
}

export interface Digester {
  readonly update: (chunk: Uint8Array) => void;
  /** The digest of everything so far. Can be called once. */
  readonly digest: () => string;
}

/** Computes a digest with the algorithm of `like`, which must be a digest by `isDigest`. */
export function createDigester(like: string): Digester {
  const algorithm = like.slice(0, like.indexOf(':'));
  const hash: Hash = createHash(algorithm);
  return {
    update: (chunk) => {
      hash.update(chunk);
    },
    digest: () => `${algorithm}:${hash.digest('hex')}`,
  };
}
