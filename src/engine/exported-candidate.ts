import { copyFile, link, mkdir, open, readdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { AddonReleaseError } from '../errors.js';
import { redact } from '../exec/redact.js';
import type { Candidate } from './build.js';
import { candidateArchivePath } from './candidate-archive.js';
import { readArchive, saveImage } from './image-archive.js';

/** An image that was built elsewhere, with what its builder knows about it. */
export interface ExportedCandidate<About> {
  readonly schemaVersion: 1;
  /** Of the plan's part for this image: it belongs to a release with the same one only. */
  readonly fingerprint: string;
  readonly candidate: Candidate;
  readonly about: About;
}

const DESCRIPTION = 'candidate.json';
const IMAGE = 'image.tar';

/**
 * Writes an image and what is known about it into `<folder>/<arch>`, for another machine to publish. The description
 * comes last: a folder that has one is complete.
 */
export async function exportCandidate<About>(
  exported: Omit<ExportedCandidate<About>, 'schemaVersion'>,
  folder: string,
  signal: AbortSignal,
): Promise<string> {
  const { candidate } = exported;
  const target = join(folder, candidate.arch);
  const image = join(target, IMAGE);
  try {
    await mkdir(target, { recursive: true });
    await saveImage(candidate.imageId, `${image}.partial`, signal);
    await rename(`${image}.partial`, image);
    const partial = join(target, `${DESCRIPTION}.partial`);
    const handle = await open(partial, 'w');
    // The plan's build arguments may be secret; who publishes has a plan of its own.
    const text = JSON.stringify({ schemaVersion: 1, ...exported }, undefined, 1);
    await handle.writeFile(`${redact(text)}\n`);
    await handle.close();
    await rename(partial, join(target, DESCRIPTION));
  } catch (cause) {
    if (cause instanceof AddonReleaseError) throw cause;
    throw new AddonReleaseError('environment', `the image can't be written to ${target}`, {
      output: cause instanceof Error ? cause.message : undefined,
      hint: 'Name a folder that you may write to: --out FOLDER.',
      cause,
    });
  }
  return target;
}

function isExported(value: unknown): value is ExportedCandidate<unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    'schemaVersion' in value &&
    value.schemaVersion === 1 &&
    'candidate' in value &&
    'fingerprint' in value
  );
}

function refuse(folder: string, why: string): AddonReleaseError {
  return new AddonReleaseError('usage', `--from ${folder}: ${why}`, {
    hint: 'Name a folder that `addon-release test --out FOLDER` has written, with the same version of this program.',
  });
}

async function readDescription(folder: string): Promise<ExportedCandidate<unknown> | undefined> {
  const text = await readFile(join(folder, DESCRIPTION), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    if (isExported(value)) return value;
  } catch {
    // Told below, like every other content that is not ours.
  }
  throw refuse(folder, `${DESCRIPTION} is not readable`);
}

/**
 * Reads what `exportCandidate` has written: the folder of one architecture, or one that holds several. Each image is
 * laid where a push looks for it, and proved against its digest.
 *
 * @throws AddonReleaseError `usage` when there is nothing, or something else
 */
export async function importCandidates<About>(
  folder: string,
  runFolder: string,
): Promise<readonly ExportedCandidate<About>[]> {
  const names = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const below = names.filter((entry) => entry.isDirectory()).map(({ name }) => join(folder, name));
  const found: ExportedCandidate<About>[] = [];
  for (const place of [folder, ...below.sort()]) {
    const exported = await readDescription(place);
    if (exported === undefined) continue;
    const archive = candidateArchivePath(exported.candidate, runFolder);
    await mkdir(join(archive, '..'), { recursive: true });
    const image = join(place, IMAGE);
    // A copy where the folders are on different disks.
    await link(image, archive).catch(() => copyFile(image, archive));
    await readArchive(archive, exported.candidate.configDigest);
    found.push(exported as ExportedCandidate<About>);
  }
  if (found.length === 0) throw refuse(folder, 'there is no exported image');
  return found;
}
