import type { Arch } from '../../addon/arch.js';
import type { ImageContents } from '../../plan/image-contents.js';

/** What rules see of one built image. */
export interface ImageSubject {
  /** As it was asked for; stands where other findings name a file. */
  readonly reference: string;
  readonly arch: Arch;
  readonly contents: ImageContents;
  /** Programs and libraries of other architectures, each with a half-sentence. */
  readonly foreignPrograms: readonly { readonly path: string; readonly reason: string }[];
  /** Most bytes that a user should have to download; undefined without a budget. */
  readonly budgetBytes: number | undefined;
  /** The image of the release before. */
  readonly previous: { readonly reference: string; readonly downloadBytes: number } | undefined;
}

/** What a user downloads, in bytes; undefined where a layer is kept uncompressed, so that nobody has measured it. */
export function sumDownload({ layers }: ImageContents): number | undefined {
  return layers.reduce<number | undefined>(
    (sum, { compressedBytes }) =>
      sum === undefined || compressedBytes === undefined ? undefined : sum + compressedBytes,
    0,
  );
}

/** What the image takes on the disk, in bytes. */
export function sumUnpacked({ layers }: ImageContents): number {
  return layers.reduce((sum, { unpackedBytes = 0 }) => sum + unpackedBytes, 0);
}
