import { open, readdir, stat } from 'node:fs/promises';
import { join, posix } from 'node:path';
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

/** A part by where its content is. */
export interface ArchivePart extends TarMember {
  readonly file: string;
}

/** The parts of an image archive by name. Nothing is ever written by the names that it holds. */
export class ArchiveParts {
  readonly #parts: ReadonlyMap<string, ArchivePart>;

  constructor(parts: ReadonlyMap<string, ArchivePart>) {
    this.#parts = parts;
  }

  /** Everything that is a regular file. */
  *list(): Generator<readonly [name: string, part: ArchivePart]> {
    for (const entry of this.#parts) if (entry[1].type === REGULAR_FILE) yield entry;
  }

  /** A regular file. Engines before version 25 write a layer that occurs twice as a symbolic link to the first. */
  find(name: string): ArchivePart | undefined {
    const part = this.#parts.get(name);
    if (part?.type !== SYMBOLIC_LINK) return part?.type === REGULAR_FILE ? part : undefined;
    const target = this.#parts.get(posix.join(posix.dirname(name), part.linkname));
    return target?.type === REGULAR_FILE ? target : undefined;
  }

  async readStart({ file, offset, sizeBytes }: ArchivePart, length: number): Promise<Buffer> {
    const bytes = Buffer.alloc(Math.min(length, sizeBytes));
    const handle = await open(file);
    try {
      const { bytesRead } = await handle.read(bytes, 0, bytes.length, offset);
      return bytes.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
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

/**
 * The parts of a file that `docker image save` or BuildKit has written.
 *
 * @throws AddonReleaseError `environment` when it is damaged
 */
export async function openArchive(file: string): Promise<ArchiveParts> {
  const members = await indexTar(file).catch((error: unknown) => {
    throw unreadable(error instanceof Error ? error.message : String(error), error);
  });
  return new ArchiveParts(new Map([...members].map(([name, one]) => [name, { ...one, file }])));
}

/** The blobs of an OCI image layout that is a folder; none when there is no such folder. */
export async function openLayout(folder: string): Promise<ArchiveParts> {
  const blobs = join(folder, 'blobs', 'sha256');
  const names = await readdir(blobs).catch(() => []);
  const parts = names.map(async (name): Promise<[string, ArchivePart]> => {
    const file = join(blobs, name);
    const { size: sizeBytes } = await stat(file);
    return [
      blobName(`sha256:${name}`),
      { file, type: REGULAR_FILE, offset: 0, sizeBytes, linkname: '' },
    ];
  });
  return new ArchiveParts(new Map(await Promise.all(parts)));
}
