import { access, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Candidate } from './build.js';
import { readArchive, type ImageArchive } from './image-archive.js';
import { saveImage } from './save-image.js';

/**
 * A candidate's image as files. It is copied out of the engine once per run, for its files to be looked at and for
 * its layers to be pushed.
 *
 * @param runFolder where it is kept until the run ends
 * @throws AddonReleaseError `environment` when the engine or the disk fails
 */
export async function archiveCandidate(
  { imageId, configDigest }: Candidate,
  runFolder: string,
  signal: AbortSignal,
): Promise<ImageArchive> {
  const folder = join(imagesFolder(runFolder), configDigest.replace(':', '-'));
  const isThere = await access(folder).then(
    () => true,
    () => false,
  );
  if (!isThere) {
    const partial = `${folder}.partial`;
    await rm(partial, { recursive: true, force: true });
    await saveImage(imageId, partial, signal);
    await rename(partial, folder);
  }
  return readArchive(folder, configDigest);
}

function imagesFolder(runFolder: string): string {
  return join(runFolder, 'images');
}

/** Removes the images of a run; its logs stay. */
export async function removeArchives(runFolder: string): Promise<void> {
  await rm(imagesFolder(runFolder), { recursive: true, force: true });
}
