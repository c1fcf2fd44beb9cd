import { open, type FileHandle } from 'node:fs/promises';
import { posix } from 'node:path';
import { AddonReleaseError } from '../errors.js';
import { digestOf, matchesDigest } from '../registry/digest.js';
import { readManifestContent, type ManifestContent } from '../registry/read-manifest.js';
import { indexTar, type TarMember } from './tar-index.js';

/** Far above what registries accept as a manifest or config. */
const MAX_JSON_BYTES = 16 * 1024 * 1024;
const REGULAR_FILE = '0';
const SYMBOLIC_LINK = '2';

export function unreadable(reason: string, cause?: unknown): AddonReleaseError {
  return new AddonReleaseError(
    'environment',
    `cannot read the image that Docker wrote: ${reason}`,
    {
      hint: 'Run `addon-release doctor` to check the engine.',
      cause,
    },
  );
}

/** The parts of an image archive by name. Nothing is ever written by the names that it holds. */
export class ArchiveParts {
  readonly file: string;
  readonly #handle: FileHandle;
  readonly #members: ReadonlyMap<string, TarMember>;

  constructor(file: string, handle: FileHandle, members: ReadonlyMap<string, TarMember>) {
    this.file = file;
    this.#handle = handle;
    this.#members = members;
  }

  /** A regular file. Engines before version 25 write a layer that occurs twice as a symbolic link to the first. */
  find(name: string): TarMember | undefined {
    const member = this.#members.get(name);
    if (member?.type !== SYMBOLIC_LINK) return member?.type === REGULAR_FILE ? member : undefined;
    const target = this.#members.get(posix.join(posix.dirname(name), member.linkname));
    return target?.type === REGULAR_FILE ? target : undefined;
  }

  async readStart(member: TarMember, length: number): Promise<Buffer> {
    const bytes = Buffer.alloc(Math.min(length, member.sizeBytes));
    const { bytesRead } = await this.#handle.read(bytes, 0, bytes.length, member.offset);
    return bytes.subarray(0, bytesRead);
  }

  async read(name: string, maxBytes = MAX_JSON_BYTES): Promise<Uint8Array | undefined> {
    const member = this.find(name);
    if (member === undefined) return undefined;
    if (member.sizeBytes > maxBytes) {
      throw unreadable(`${name} has ${member.sizeBytes} bytes`);
    }
    return this.readStart(member, member.sizeBytes);
  }

  /** Undefined when the archive leaves the blob out, as it does for the parts of other platforms. */
  async readBlob(digest: string, maxBytes?: number): Promise<Uint8Array | undefined> {
    const bytes = await this.read(blobName(digest), maxBytes);
    if (bytes !== undefined && !matchesDigest(bytes, digest)) {
      throw unreadable(`the content of ${digest} is ${digestOf(bytes)}`);
    }
    return bytes;
  }
}

/** @see https://github.com/opencontainers/image-spec/blob/main/image-layout.md#blobs */
export function blobName(digest: string): string {
  return `blobs/${digest.replace(':', '/')}`;
}

/** A manifest or index of an archive. */
export interface ListedManifest {
  readonly digest: string;
  readonly bytes: Uint8Array;
  readonly content: ManifestContent;
}

/**
 * Every manifest and index that an OCI image layout holds, from the top: indexes of platforms and attestations are
 * followed. Nothing for archives that are no such layout.
 *
 * @see https://github.com/opencontainers/image-spec/blob/main/image-layout.md#indexjson-file
 */
export async function* listManifests(parts: ArchiveParts): AsyncGenerator<ListedManifest> {
  const top = await parts.read('index.json');
  if (top === undefined) return;
  const queue: { readonly bytes: Uint8Array; readonly digest: string }[] = [
    { bytes: top, digest: digestOf(top) },
  ];
  const seen = new Set<string>();
  for (const { bytes, digest } of queue) {
    const content = readManifestContent(bytes);
    if (!content.ok) throw unreadable(`${digest}: ${content.reason}`);
    yield { digest, bytes, content: content.value };
    if (content.value.kind === 'manifest') continue;
    for (const entry of content.value.index.manifests) {
      if (seen.has(entry.digest)) continue;
      seen.add(entry.digest);
      const part = await parts.readBlob(entry.digest);
      if (part !== undefined) queue.push({ bytes: part, digest: entry.digest });
    }
  }
}

/** Opens an archive for as long as it is read. */
export async function openArchive<T>(
  file: string,
  use: (parts: ArchiveParts) => Promise<T>,
): Promise<T> {
  const members = await indexTar(file).catch((error: unknown) => {
    throw unreadable(error instanceof Error ? error.message : String(error), error);
  });
  const handle = await open(file);
  try {
    return await use(new ArchiveParts(file, handle, members));
  } finally {
    await handle.close();
  }
}
