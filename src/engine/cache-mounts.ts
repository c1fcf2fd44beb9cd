import { randomBytes } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BUILDX_ENVIRONMENT } from './buildx.js';
import { onEngine, tryDocker } from './docker.js';

/** Cache mounts of one builder, by the ids under which BuildKit keeps them. */
export interface CacheMounts {
  readonly ids: readonly string[];
  /** An image with `/bin/sh` and `cp`, and the platform that it is used for. */
  readonly image: string;
  readonly platform: string;
  readonly builder: string | undefined;
  readonly context: string | undefined;
}

/** What the file beside the archive says: the id of each folder in it, by the folder's number. */
interface Listing {
  readonly schemaVersion: 1;
  readonly ids: readonly string[];
}

const ARCHIVE = 'mounts.tar';
const LISTING = 'mounts.json';

/** Ids stand in a Dockerfile: whatever could end the option or the line is none. */
const ID = /^[\w./@:+-]+$/;

export function isMountId(id: string): boolean {
  return ID.test(id);
}

function mountOptions(ids: readonly string[]): string {
  return ids.map((id, index) => `--mount=type=cache,id=${id},target=/mounts/${index}`).join(' ');
}

/** @returns what buildx said when it failed */
async function build(
  dockerfile: string,
  { platform, builder, context }: CacheMounts,
  folder: string,
  output: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  await writeFile(join(folder, 'Dockerfile'), dockerfile);
  const result = await onEngine(context, () =>
    tryDocker(
      [
        ...['buildx', 'build', ...(builder === undefined ? [] : ['--builder', builder])],
        `--platform=${platform}`,
        // What a mount holds is no part of the key by which a step is found in the cache.
        `--build-arg=NONCE=${randomBytes(8).toString('hex')}`,
        '--progress=plain',
        `--output=${output}`,
        folder,
      ],
      { signal, env: { ...BUILDX_ENVIRONMENT, DOCKER_BUILDKIT: '1' } },
    ),
  );
  signal.throwIfAborted();
  if (result.exitCode === 0) return undefined;
  const lines = result.stderr.trim().split('\n');
  return lines.findLast((line) => line.startsWith('ERROR')) ?? lines.at(-1) ?? 'buildx failed';
}

async function inWorkFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'addon-release-mounts-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Writes what cache mounts hold into a folder: an archive with owners and modes, and a list of the ids. BuildKit keeps
 * cache mounts on the machine that filled them and exports them with no cache, so a build copies them into its result.
 *
 * @returns the archive's size in bytes, or what buildx said when it failed
 * @see https://docs.docker.com/build/cache/optimize/#use-cache-mounts
 */
export async function exportCacheMounts(
  mounts: CacheMounts,
  folder: string,
  signal: AbortSignal,
): Promise<{ readonly bytes: number } | { readonly failure: string }> {
  const dockerfile = `FROM ${mounts.image} AS copy
USER root
ARG NONCE
RUN ${mountOptions(mounts.ids)} cp -a /mounts /copy
FROM scratch
COPY --from=copy /copy /
`;
  await mkdir(folder, { recursive: true });
  return inWorkFolder(async (work) => {
    const partial = join(folder, `${ARCHIVE}.partial`);
    const failure = await build(dockerfile, mounts, work, `type=tar,dest=${partial}`, signal);
    if (failure !== undefined) {
      await rm(partial, { force: true });
      return { failure };
    }
    const listing: Listing = { schemaVersion: 1, ids: mounts.ids };
    await writeFile(join(folder, LISTING), `${JSON.stringify(listing)}\n`);
    await rename(partial, join(folder, ARCHIVE));
    return { bytes: (await stat(join(folder, ARCHIVE))).size };
  });
}

function readListing(text: string): readonly string[] | undefined {
  try {
    const { schemaVersion, ids } = JSON.parse(text) as Partial<Listing>;
    return schemaVersion === 1 && Array.isArray(ids) ? ids : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Puts back what `exportCacheMounts` has written, for those ids that are still in use. What is in a mount already
 * stays, unless the archive has a file of the same name.
 *
 * @returns the ids that were filled, or what went wrong
 */
export async function restoreCacheMounts(
  mounts: CacheMounts,
  folder: string,
  signal: AbortSignal,
): Promise<{ readonly ids: readonly string[] } | { readonly failure: string }> {
  const text = await readFile(join(folder, LISTING), 'utf8').catch(() => undefined);
  if (text === undefined) return { failure: `there is no ${join(folder, LISTING)}` };
  const kept = readListing(text);
  if (kept === undefined) return { failure: `${join(folder, LISTING)} is no list of cache mounts` };
  const wanted = mounts.ids.filter((id) => kept.includes(id));
  if (wanted.length === 0) return { ids: [] };
  const copies = wanted.map((id, index) => `cp -a /kept/${kept.indexOf(id)}/. /mounts/${index}/`);
  // ADD unpacks the archive, owners and modes included.
  const dockerfile = `FROM ${mounts.image}
USER root
ADD ${ARCHIVE} /kept/
ARG NONCE
RUN ${mountOptions(wanted)} ${copies.join(' && ')}
`;
  return inWorkFolder(async (work) => {
    await copyFile(join(folder, ARCHIVE), join(work, ARCHIVE));
    const failure = await build(dockerfile, mounts, work, 'type=cacheonly', signal);
    return failure === undefined ? { ids: wanted } : { failure };
  });
}
