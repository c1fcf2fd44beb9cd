import { posix } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { extract, type ExtractEvents } from 'tar-stream';
import type { ArchivedLayer, ImageArchive } from './image-archive.js';
import { describeLayerError, tap, unpackLayer } from './layer-content.js';

/** How much of a file's content is looked at unless more is asked for: the header of an ELF file. */
const HEAD_BYTES = 64;

/** A regular file of an image that a container of it would see. */
export interface LayerFile {
  /** Absolute, "/usr/bin/jq". */
  readonly path: string;
  readonly sizeBytes: number;
  /** Permission bits. */
  readonly mode: number;
  /** The first 64 bytes or as many as `headBytes` asked for, or all of a shorter file. */
  readonly head: Uint8Array;
  /** The diff ID of the layer that brings it. */
  readonly layer: string;
}

export interface ScannedLayer {
  readonly diffId: string;
  readonly digest: string;
  /** Stored bytes. */
  readonly sizeBytes: number;
  /** Bytes of the tar file; undefined when the layer was left out. */
  readonly unpackedBytes: number | undefined;
}

export interface ScanOptions {
  /** Diff IDs. The lowest layers of the image are left out as long as they are in here. */
  readonly baseLayers: ReadonlySet<string>;
  readonly signal?: AbortSignal | undefined;
  readonly onFile: (file: LayerFile) => void;
  /** A file that an upper layer removes or replaces: in no container, and still in the image. */
  readonly onHidden?: ((file: LayerFile) => void) | undefined;
  /** How much of a file's content is wanted; never more than a few megabytes. */
  readonly headBytes?: ((path: string) => number | undefined) | undefined;
}

/**
 * What the layers above hide of the layers below.
 *
 * @see https://github.com/opencontainers/image-spec/blob/main/layer.md#representing-changes
 */
class Cover {
  /** Removed, or replaced by something that is no folder: gone with everything below it. */
  readonly #replaced = new Set<string>();
  /** Folders keep what is in a folder below, but replace a file. */
  readonly #folders = new Set<string>();
  /** Folders whose content below is hidden. */
  readonly #opaque = new Set<string>();

  replace(path: string): void {
    this.#replaced.add(path);
  }

  addFolder(path: string): void {
    this.#folders.add(path);
  }

  hideContent(path: string): void {
    this.#opaque.add(path);
  }

  /** Puts this layer's marks on top of those of the layers above it. */
  mergeInto(above: Cover): void {
    for (const path of this.#replaced) above.#replaced.add(path);
    for (const path of this.#folders) above.#folders.add(path);
    for (const path of this.#opaque) above.#opaque.add(path);
  }

  hides(path: string): boolean {
    if (this.#replaced.has(path) || this.#folders.has(path)) return true;
    let folder = path;
    while (folder !== '/') {
      folder = posix.dirname(folder);
      if (this.#replaced.has(folder) || this.#opaque.has(folder)) return true;
    }
    return false;
  }
}

interface TarEntry {
  readonly header: ExtractEvents['entry'][0];
  readonly head: Uint8Array;
}

/** Reads up to `limit` bytes from the start of an entry and drops the rest. */
function readHead(
  content: ExtractEvents['entry'][1],
  limit: number,
  onEnd: (head: Uint8Array) => void,
): void {
  const parts: Uint8Array[] = [];
  let missing = limit;
  content.on('data', (chunk) => {
    if (missing === 0) return;
    // A copy: a view would keep the whole chunk in memory.
    const part = Buffer.from((chunk as Uint8Array).subarray(0, missing));
    parts.push(part);
    missing -= part.length;
  });
  content.on('end', () => {
    onEnd(parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts));
  });
  // The stream of the whole archive reports the same error.
  content.on('error', () => undefined);
}

/** Calls `onEntry` for everything in a layer's tar file, in its order, and returns the size of the tar file. */
async function readLayer(
  layer: ArchivedLayer,
  { signal, headBytes }: Pick<ScanOptions, 'signal' | 'headBytes'>,
  onEntry: (entry: TarEntry) => void,
): Promise<number> {
  let unpackedBytes = 0;
  const entries = extract();
  entries.on('entry', (header, content, next) => {
    const limit = headBytes?.(absolutePath(header.name)) ?? HEAD_BYTES;
    readHead(content, limit, (head) => {
      onEntry({ header, head });
      next();
    });
  });
  const count = tap((chunk) => {
    unpackedBytes += chunk.length;
  });
  try {
    await pipeline(unpackLayer(layer), count, entries, signal === undefined ? {} : { signal });
  } catch (error) {
    throw describeLayerError(layer, error);
  }
  return unpackedBytes;
}

const WHITEOUT = '.wh.';
const OPAQUE_WHITEOUT = '.wh..wh..opq';
/** Bookkeeping of an old storage driver. It is in no container. */
const AUFS_METADATA = '/.wh..wh.';

async function scanLayer(
  layer: ArchivedLayer,
  above: Cover,
  options: ScanOptions,
): Promise<ScannedLayer> {
  const own = new Cover();
  const hiddenFiles = new Map<string, TarEntry>();
  const makeFile = (path: string, { header, head }: TarEntry): LayerFile => {
    const { size: sizeBytes, mode } = header;
    return { path, sizeBytes, mode, head, layer: layer.diffId };
  };
  const report = (path: string, entry: TarEntry): void => {
    options.onFile(makeFile(path, entry));
  };
  const unpackedBytes = await readLayer(layer, options, (entry) => {
    const { header } = entry;
    const path = absolutePath(header.name);
    const name = posix.basename(path);
    if (name === OPAQUE_WHITEOUT) {
      own.hideContent(posix.dirname(path));
    } else if (path.includes(AUFS_METADATA)) {
      return;
    } else if (name.startsWith(WHITEOUT)) {
      own.replace(posix.join(posix.dirname(path), name.slice(WHITEOUT.length)));
    } else if (header.type === 'directory') {
      own.addFolder(path);
    } else {
      own.replace(path);
      if (header.type === 'file' || header.type === 'contiguous-file') {
        if (above.hides(path)) {
          hiddenFiles.set(path, entry);
          options.onHidden?.(makeFile(path, entry));
        } else {
          report(path, entry);
        }
      } else if (header.type === 'link' && !above.hides(path)) {
        // A hard link is the same file again, unless only this name of it is left.
        const target = absolutePath(header.linkname);
        const hidden = hiddenFiles.get(target);
        if (hidden !== undefined) {
          hiddenFiles.delete(target);
          report(path, hidden);
        }
      }
    }
  });
  own.mergeInto(above);
  return describeLayer(layer, unpackedBytes);
}

function absolutePath(name: string): string {
  return posix.join('/', name).replace(/(?<=.)\/$/, '');
}

function describeLayer(layer: ArchivedLayer, unpackedBytes: number | undefined): ScannedLayer {
  const { diffId, digest, sizeBytes } = layer;
  return { diffId, digest, sizeBytes, unpackedBytes };
}

/** The layers from the first that is not one of the base image's. */
export function layersAbove(
  layers: readonly ArchivedLayer[],
  baseLayers: ReadonlySet<string>,
): readonly ArchivedLayer[] {
  const first = layers.findIndex(({ diffId }) => !baseLayers.has(diffId));
  return first === -1 ? [] : layers.slice(first);
}

/**
 * Goes through the regular files that a container of the image sees, reading each layer once and from the top, so
 * that what upper layers delete or replace is known. A file with several names (hard links) counts once.
 *
 * Memory use grows with the number of paths above the lowest scanned layer, not with the size of files.
 *
 * @returns all layers of the image, the base image's first
 * @throws AddonReleaseError `environment` when a layer is damaged.
 */
export async function scanImageFiles(
  archive: Pick<ImageArchive, 'layers'>,
  options: ScanOptions,
): Promise<readonly ScannedLayer[]> {
  const { layers } = archive;
  const own = layersAbove(layers, options.baseLayers);
  const above = new Cover();
  const scanned: ScannedLayer[] = [];
  for (const layer of own.toReversed()) {
    scanned.push(await scanLayer(layer, above, options));
  }
  const base = layers.slice(0, layers.length - own.length);
  return [...base.map((layer) => describeLayer(layer, undefined)), ...scanned.reverse()];
}
