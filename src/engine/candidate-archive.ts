import { access, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Candidate } from './build.js';
import { onEngine } from './docker.js';
import { readArchive, saveImage, type ImageArchive } from './image-archive.js';

/**
 * A candidate's image in a file. It is copied out of the engine once per run, for its files to be looked at and for
 * its layers to be pushed.
 *
 * @param runFolder where it is kept until the run ends
 * @throws AddonReleaseError `environment` when the engine or the disk fails
 */
export async function archiveCandidate(
  { imageId, configDigest, plan: { machine } }: Candidate,
  runFolder: string,
  signal: AbortSignal,
): Promise<ImageArchive> {
  const file = candidateArchivePath({ configDigest }, runFolder);
  const isThere = await access(file).then(
    () => true,
    () => false,
  );
  if (!isThere) {
    const partial = `${file}.partial`;
    await mkdir(imagesFolder(runFolder), { recursive: true });
    await rm(partial, { force: true });
    await onEngine(machine.context, () => saveImage(imageId, partial, signal));
    await rename(partial, file);
  }
  return readArchive(file, configDigest);
}

/** Where a run keeps the copy of an image. */
export function candidateArchivePath(
  { configDigest }: Pick<Candidate, 'configDigest'>,
  runFolder: string,
): string {
  return join(imagesFolder(runFolder), `${configDigest.replace(':', '-')}.tar`);
}

function imagesFolder(runFolder: string): string {
  return join(runFolder, 'images');
}

/** Removes the images of a run; its logs stay. */
export async function removeArchives(runFolder: string): Promise<void> {
  await rm(imagesFolder(runFolder), { recursive: true, force: true });
}
