import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Arch } from '../addon/arch.js';
import type { ArchMachine } from '../plan/machine.js';
import { isDigest } from '../registry/digest.js';
import type { Engine } from './docker.js';

/** The first engine where all of this was tried. */
const OLDEST_ENGINE = 26;

/** A folder that BuildKit writes an image into. */
export interface ImageLayout {
  readonly folder: string;
  /** Digests of compressed layers that are not to be written, as a registry has them. */
  readonly withheld: Iterable<string>;
}

/**
 * Whether the engine's own builder writes image layouts. Only the containerd image store keeps layers as a registry has
 * them; other builders send the image as a whole anyway.
 */
export function writesLayouts(
  { driver }: ArchMachine,
  { imageStore, version }: Pick<Engine, 'imageStore' | 'version'>,
): boolean {
  return (
    driver === 'docker' && imageStore === 'containerd' && Number.parseInt(version) >= OLDEST_ENGINE
  );
}

/** Where a run keeps its images outside of the engine. */
export function imagesFolder(runFolder: string): string {
  return join(runFolder, 'images');
}

/** Where an architecture's image is written, as an OCI image layout. */
export function layoutFolder(arch: Arch, runFolder: string): string {
  return join(imagesFolder(runFolder), arch);
}

/**
 * Makes the folder for an image to be written into. An empty file in the place of a layer keeps BuildKit from sending
 * it: it takes what is there for what it would write.
 *
 * @see https://github.com/opencontainers/image-spec/blob/main/image-layout.md
 */
export async function prepareLayout({ folder, withheld }: ImageLayout): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  const blobs = join(folder, 'blobs', 'sha256');
  await mkdir(blobs, { recursive: true });
  for (const digest of withheld) {
    const [algorithm, hex = ''] = digest.split(':');
    if (isDigest(digest) && algorithm === 'sha256') await writeFile(join(blobs, hex), '');
  }
}
