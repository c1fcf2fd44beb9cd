import type { RegistryClient } from './client.js';
import { judgeFailure, type Fault } from './describe-finding.js';
import type { Descriptor, ImageConfig, ImageManifest } from './image-types.js';
import type { InstallableImage, InstallationTarget } from './installation.js';
import { parseManifest, type StoredManifest } from './manifests.js';
import {
  findPlatformEntry,
  findSupervisorEntry,
  formatPlatform,
  isSamePlatform,
  listPlatforms,
} from './platform.js';
import { isForeignLayer, readImageConfig } from './read-manifest.js';
import { formatImageReference, type RepositoryName } from './reference.js';
import { RegistryError } from './registry-error.js';

/** Asks for a blob once, however many architectures share it. */
export type BlobCheck = (
  repository: RepositoryName,
  blob: Descriptor,
) => Promise<'there' | 'missing' | { readonly damage: string }>;

export interface InstallableReading {
  /** Undefined when an error keeps it from being known. */
  readonly image: InstallableImage | undefined;
  readonly faults: readonly (Fault & { readonly isWarning?: boolean })[];
}

/** Larger ones are no image configurations. */
const MAX_CONFIG_BYTES = 8 * 1024 * 1024;
const PARALLEL_BLOBS = 4;

/** Makes a check that asks for sizes only, or reads every byte and proves it. */
export function createBlobCheck(client: RegistryClient, content: 'listed' | 'read'): BlobCheck {
  const known = new Map<string, ReturnType<BlobCheck>>();

  async function check(repository: RepositoryName, blob: Descriptor) {
    const found = await client.headBlob(repository, blob.digest);
    if (found === undefined) return 'missing';
    if (found.size !== undefined && found.size !== blob.size) {
      return { damage: `it has ${found.size} bytes, and should have ${blob.size}` };
    }
    if (content === 'listed') return 'there';
    try {
      await client.proveBlob(repository, blob);
    } catch (error) {
      if (!(error instanceof RegistryError) || error.kind !== 'content-mismatch') throw error;
      return { damage: error.message };
    }
    return 'there';
  }

  return (repository, blob) => {
    const key = `${repository.registry}/${repository.repository}@${blob.digest}`;
    const answer = known.get(key) ?? check(repository, blob);
    known.set(key, answer);
    return answer;
  };
}

async function checkBlobs(
  check: BlobCheck,
  { reference }: InstallationTarget,
  blobs: readonly (readonly [what: string, blob: Descriptor])[],
): Promise<readonly Fault[]> {
  const faults: Fault[] = [];
  const place = formatImageReference(reference);
  const hint = 'Publish the version again under a new number; --replace overwrites this one.';
  const queue = [...blobs];
  const work = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const [what, blob] = next;
      const state = await check(reference, blob);
      if (state === 'there') continue;
      faults.push(
        state === 'missing'
          ? {
              kind: 'missing-content',
              message: `${place}: ${what} is named but not there (${blob.digest})`,
              hint,
            }
          : {
              kind: 'damaged-content',
              message: `${place}: ${what} is damaged (${blob.digest}): ${state.damage}`,
              hint,
            },
      );
    }
  };
  await Promise.all(Array.from({ length: PARALLEL_BLOBS }, work));
  return faults;
}

interface ChosenManifest {
  readonly manifest: ImageManifest;
  readonly digest: string;
  readonly indexDigest: string | undefined;
  readonly isUntyped: boolean;
}

/** Follows an index as the Supervisor and the engine do. */
async function chooseManifest(
  client: RegistryClient,
  { reference, platform }: InstallationTarget,
  stored: StoredManifest,
): Promise<ChosenManifest | Fault> {
  const content = parseManifest(reference, stored);
  if (content.kind === 'manifest') {
    const { manifest } = content;
    return { manifest, digest: stored.digest, indexDigest: undefined, isUntyped: false };
  }
  const { index } = content;
  // The Supervisor compares no variants; 32-bit Arm, which it no longer installs, is told apart by them.
  const find = platform.variant === undefined ? findSupervisorEntry : findPlatformEntry;
  const entry = find(index, platform);
  if (entry === undefined) {
    const has = listPlatforms(index).map(formatPlatform).join(', ');
    return {
      kind: 'missing-platform',
      message: `${formatImageReference(reference)} has no image for ${formatPlatform(platform)}: ${has === '' ? 'it has none' : `it has ${has}`}`,
      hint: "Release the version for every architecture, or take this one out of `arch` in the add-on's config.",
    };
  }
  const child = await client.getManifest(reference, entry.digest);
  const image = parseManifest(reference, child);
  if (image.kind === 'index') {
    return {
      kind: 'damaged-content',
      message: `${formatImageReference(reference)} names another index for ${formatPlatform(platform)}`,
      hint: 'Publish the version again.',
    };
  }
  return {
    manifest: image.manifest,
    digest: child.digest,
    indexDigest: stored.digest,
    isUntyped: index.mediaType === undefined,
  };
}

async function readConfig(
  client: RegistryClient,
  repository: RepositoryName,
  descriptor: Descriptor,
): Promise<ImageConfig> {
  const malformed = (reason: string) =>
    new RegistryError({ kind: 'malformed', registry: repository.registry, message: reason });
  if (descriptor.size > MAX_CONFIG_BYTES) throw malformed(`it has ${descriptor.size} bytes`);
  const reading = readImageConfig(await client.readBlob(repository, descriptor));
  if (!reading.ok) throw malformed(reading.reason);
  return reading.value;
}

/** Turns what a failure says about the image into a fault; other failures go on. */
async function orFault<T>(
  what: string,
  { reference }: InstallationTarget,
  run: () => Promise<T>,
): Promise<{ readonly value: T } | { readonly fault: Fault }> {
  try {
    return { value: await run() };
  } catch (error) {
    const fault = error instanceof RegistryError ? judgeFailure(error, reference, what) : undefined;
    if (fault === undefined) throw error;
    return { fault };
  }
}

/**
 * Reads what an installation gets behind a manifest that was found by its tag: the platform's own manifest, its
 * configuration, and whether every layer is there.
 *
 * @throws RegistryError when the registry cannot be asked
 */
export async function readInstallable(
  client: RegistryClient,
  target: InstallationTarget,
  stored: StoredManifest,
  checkBlob: BlobCheck,
): Promise<InstallableReading> {
  const { reference, platform, expectedConfig } = target;
  const place = formatImageReference(reference);
  const broken = (fault: Fault): InstallableReading => ({ image: undefined, faults: [fault] });

  const followed = await orFault('the manifest for the platform', target, () =>
    chooseManifest(client, target, stored),
  );
  if ('fault' in followed) return broken(followed.fault);
  const chosen = followed.value;
  if ('kind' in chosen) return broken(chosen);
  const { manifest } = chosen;
  const read = await orFault('the configuration', target, () =>
    readConfig(client, reference, manifest.config),
  );
  if ('fault' in read) return broken(read.fault);
  const config = read.value;

  const layers = manifest.layers.filter((layer) => !isForeignLayer(layer));
  const faults: (Fault & { isWarning?: boolean })[] = [
    ...(await checkBlobs(
      checkBlob,
      target,
      layers.map((layer, index) => [`layer ${index + 1} of ${layers.length}`, layer] as const),
    )),
  ];
  if (!isSamePlatform(config, platform)) {
    faults.push({
      kind: 'wrong-architecture',
      message: `${place} is for ${formatPlatform(config)} by its own configuration, not for ${formatPlatform(platform)}`,
      hint: 'The image was built for another platform: build it with --platform, as addon-release does, and release again.',
    });
  }
  if (expectedConfig !== undefined && manifest.config.digest !== expectedConfig) {
    faults.push({
      kind: 'mixed-digests',
      message: `${place} is ${manifest.config.digest}, but ${expectedConfig} was tested`,
      hint: 'Somebody else pushed the same version meanwhile? Publish under a new number.',
    });
  }
  if (chosen.isUntyped) {
    faults.push({
      kind: 'untyped-index',
      message: `${place} is an index without a mediaType of its own: the Supervisor does not recognise it and shows no progress`,
      hint: 'Write the index with its mediaType, as addon-release does.',
      isWarning: true,
    });
  }
  return {
    image: {
      reference: place,
      indexDigest: chosen.indexDigest,
      manifestDigest: chosen.digest,
      configDigest: manifest.config.digest,
      labels: config.config?.Labels ?? {},
      layers: manifest.layers,
      compressedBytes: layers.reduce((sum, { size }) => sum + size, manifest.config.size),
    },
    faults,
  };
}
