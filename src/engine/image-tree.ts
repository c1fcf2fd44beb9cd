import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { extract, type ExtractEvents } from 'tar-stream';
import type { ArchivedLayer, ImageArchive } from './image-archive.js';
import { describeLayerError, unpackLayer } from './layer-content.js';

/** One thing in the file system of an image, without its times. */
export interface TreeNode {
  readonly kind: string;
  /** Permission bits; 0 for a link, which has none. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Where a link leads. */
  readonly target: string | undefined;
  readonly sizeBytes: number;
  /** SHA-256 of a file's content, in hexadecimal digits. */
  readonly digest: string | undefined;
  /** `security.capability`, as it is stored. */
  readonly capabilities: string | undefined;
}

const OPAQUE = '.wh..wh..opq';
const WHITEOUT = '.wh.';
const CAPABILITY = 'SCHILY.xattr.security.capability';

type Header = ExtractEvents['entry'][0];

function absolutePath(name: string): string {
  return posix.join('/', name).replace(/(?<=.)\/$/, '');
}

function removeBelow(tree: Map<string, TreeNode>, folder: string): void {
  const prefix = folder === '/' ? '/' : `${folder}/`;
  for (const path of [...tree.keys()]) {
    if (path.startsWith(prefix) && path !== '/') tree.delete(path);
  }
}

/** An entry of a layer's tar file, with the SHA-256 of its content. */
export interface LayerEntry {
  readonly header: Header;
  readonly digest: string;
}

/** Puts one entry of a layer on top of what the layers below have left. */
function apply(tree: Map<string, TreeNode>, { header, digest }: LayerEntry): void {
  const path = absolutePath(header.name);
  const name = posix.basename(path);
  if (name === OPAQUE) {
    removeBelow(tree, posix.dirname(path));
    return;
  }
  if (name.startsWith(WHITEOUT)) {
    const hidden = posix.join(posix.dirname(path), name.slice(WHITEOUT.length));
    tree.delete(hidden);
    removeBelow(tree, hidden);
    return;
  }
  const before = tree.get(path);
  if (before?.kind === 'directory' && header.type !== 'directory') removeBelow(tree, path);
  const linked = header.type === 'link' ? tree.get(absolutePath(header.linkname)) : undefined;
  if (linked !== undefined) {
    // A hard link is the file itself under one more name.
    tree.set(path, linked);
    return;
  }
  const isFile = header.type === 'file' || header.type === 'contiguous-file';
  const isLink = header.type === 'symlink';
  tree.set(path, {
    kind: isFile ? 'file' : header.type,
    mode: isLink ? 0 : header.mode & 0o7777,
    uid: header.uid,
    gid: header.gid,
    target: isLink ? header.linkname : undefined,
    sizeBytes: isFile ? header.size : 0,
    digest: isFile ? digest : undefined,
    capabilities: (header.pax as Readonly<Record<string, string>> | null)?.[CAPABILITY],
  });
}

async function readEntries(
  layer: ArchivedLayer,
  signal: AbortSignal | undefined,
): Promise<readonly LayerEntry[]> {
  const found: LayerEntry[] = [];
  const entries = extract();
  entries.on('entry', (header, content, next) => {
    const hash = createHash('sha256');
    content.on('data', (chunk) => hash.update(chunk as Uint8Array));
    // The stream of the whole layer reports the same error.
    content.on('error', () => undefined);
    content.on('end', () => {
      found.push({ header, digest: hash.digest('hex') });
      next();
    });
  });
  try {
    await pipeline(unpackLayer(layer), entries, signal === undefined ? {} : { signal });
  } catch (error) {
    throw describeLayerError(layer, error);
  }
  return found;
}

/**
 * Everything in the file system of an image, by absolute path: what a container of it starts with.
 *
 * @see https://github.com/opencontainers/image-spec/blob/main/layer.md#applying-changesets
 * @param known layers that were read before, by their diff IDs; gets those that are read now
 * @throws AddonReleaseError `environment` when a layer is damaged
 */
export async function readImageTree(
  { layers }: Pick<ImageArchive, 'layers'>,
  known: Map<string, readonly LayerEntry[]>,
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, TreeNode>> {
  const tree = new Map<string, TreeNode>();
  for (const layer of layers) {
    const entries = known.get(layer.diffId) ?? (await readEntries(layer, signal));
    known.set(layer.diffId, entries);
    for (const entry of entries) apply(tree, entry);
  }
  return tree;
}
