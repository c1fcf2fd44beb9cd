import type { ImageContents, ImageFile } from '../plan/image-contents.js';
import type { ImageArchive } from './image-archive.js';
import { scanImageFiles } from './layer-files.js';

/** All texts together; an image that has more is not made for reading. */
const MAX_TEXT_BYTES = 128 * 1024 * 1024;

/**
 * Goes through all layers of an image once.
 *
 * @param wants how many bytes of a file's content are wanted as text; undefined for none
 * @throws AddonReleaseError `environment` when a layer is damaged.
 */
export async function readImageContents(
  archive: Pick<ImageArchive, 'config' | 'layers'>,
  options: {
    readonly wants: (path: string) => number | undefined;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<ImageContents> {
  const { config } = archive;
  const files: ImageFile[] = [];
  const hidden: ImageFile[] = [];
  const texts = new Map<string, string>();
  let room = MAX_TEXT_BYTES;
  const indexOf = new Map(archive.layers.map(({ diffId }, index) => [diffId, index]));
  const wanted = (path: string): number | undefined => (room > 0 ? options.wants(path) : undefined);
  const keepText = (key: string, path: string, head: Uint8Array): void => {
    if (wanted(path) === undefined) return;
    room -= head.length;
    texts.set(key, Buffer.from(head).toString('utf8'));
  };
  const scanned = await scanImageFiles(archive, {
    baseLayers: new Set(),
    signal: options.signal,
    headBytes: wanted,
    onFile: ({ path, sizeBytes, mode, head, layer }) => {
      files.push({ path, bytes: sizeBytes, mode, layer: indexOf.get(layer) ?? 0 });
      keepText(path, path, head);
    },
    onHidden: ({ path, sizeBytes, mode, head, layer }) => {
      const index = indexOf.get(layer) ?? 0;
      hidden.push({ path, bytes: sizeBytes, mode, layer: index });
      keepText(`${index}:${path}`, path, head);
    },
  });
  const instructions = (config.history ?? []).filter(({ empty_layer }) => empty_layer !== true);
  const byPath = (a: ImageFile, b: ImageFile): number => (a.path < b.path ? -1 : 1);
  return {
    config,
    layers: archive.layers.map(({ diffId, compression, sizeBytes }, index) => ({
      diffId,
      compressedBytes: compression === 'none' ? undefined : sizeBytes,
      unpackedBytes: scanned[index]?.unpackedBytes,
      createdBy: instructions[index]?.created_by,
    })),
    files: files.sort(byPath),
    hidden: hidden.sort(byPath),
    texts,
  };
}
