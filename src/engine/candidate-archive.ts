import { access, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Candidate } from './build.js';
import { unreadable } from './archive-parts.js';
import { onEngine } from './docker.js';
import {
  readArchive,
  readLayout,
  saveImage,
  type ArchivedLayer,
  type ImageArchive,
} from './image-archive.js';
import { imagesFolder, layoutFolder } from './image-layout.js';
import { openLayer } from './layer-content.js';

/**
 * A candidate's image outside of the engine, for its files to be looked at and for its layers to be pushed: what
 * BuildKit has written beside the engine's copy, or else that copy, which is saved once per run.
 *
 * @param runFolder where it is kept until the run ends
 * @param choose the layers whose bytes are needed; those that a registry has need not be here
 * @throws AddonReleaseError `environment` when the engine or the disk fails
 */
export async function archiveCandidate(
  candidate: Candidate,
  runFolder: string,
  signal: AbortSignal,
  choose: (layers: readonly ArchivedLayer[]) => readonly ArchivedLayer[] = (layers) => layers,
): Promise<ImageArchive> {
  const { imageId, configDigest, plan } = candidate;
  const layout = await readLayout(layoutFolder(plan.arch, runFolder), configDigest);
  if (layout !== undefined && choose(layout.layers).every(({ isHere }) => isHere)) return layout;
  const file = candidateArchivePath(candidate, runFolder);
  const isThere = await access(file).then(
    () => true,
    () => false,
  );
  if (!isThere) {
    const partial = `${file}.partial`;
    await mkdir(imagesFolder(runFolder), { recursive: true });
    await rm(partial, { force: true });
    await onEngine(plan.machine.context, () => saveImage(imageId, partial, signal));
    await rename(partial, file);
  }
  return readArchive(file, configDigest);
}

/** A layer's stored bytes; one that was withheld comes out of the engine after all. */
export async function* openCandidateLayer(
  candidate: Candidate,
  layer: ArchivedLayer,
  runFolder: string,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const whole = layer.isHere ? undefined : await archiveCandidate(candidate, runFolder, signal);
  const found = whole?.layers.find(({ digest }) => digest === layer.digest) ?? layer;
  if (!found.isHere) throw unreadable(`the engine has no layer ${layer.digest}`);
  yield* openLayer(found);
}

/** Where a run keeps the copy of an image. */
export function candidateArchivePath(
  { configDigest }: Pick<Candidate, 'configDigest'>,
  runFolder: string,
): string {
  return join(imagesFolder(runFolder), `${configDigest.replace(':', '-')}.tar`);
}

/** Removes the images of a run; its logs stay. */
export async function removeArchives(runFolder: string): Promise<void> {
  await rm(imagesFolder(runFolder), { recursive: true, force: true });
}
