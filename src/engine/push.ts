import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { Arch } from '../addon/arch.js';
import type { ReleasePlan } from '../plan/release-plan.js';
import type { RegistryClient } from '../registry/client.js';
import { digestOf } from '../registry/digest.js';
import { MEDIA_TYPES, type Descriptor, type ImageManifest } from '../registry/image-types.js';
import { parseImageReference, type RepositoryName } from '../registry/reference.js';
import type { Emit } from '../report/events.js';
import type { RunFact } from '../report/facts.js';
import type { Candidate } from './build.js';
import { archiveCandidate } from './candidate-archive.js';
import type { ArchivedLayer, ImageArchive } from './image-archive.js';
import { describeLayers } from './image-layers.js';
import { compressLayer, openLayer } from './layer-content.js';

export interface PushRequest {
  readonly plan: ReleasePlan;
  readonly registry: RegistryClient;
  readonly runFolder: string;
  readonly emit: Emit;
  readonly signal: AbortSignal;
}

/** A layer in the registry, and whether it had to be sent. */
interface UploadedLayer {
  readonly descriptor: Descriptor;
  readonly isNew: boolean;
}

async function uploadLayer(
  registry: RegistryClient,
  repository: RepositoryName,
  layer: ArchivedLayer,
  folder: string,
  signal: AbortSignal,
): Promise<UploadedLayer> {
  const mediaType = `application/vnd.oci.image.layer.v1.tar+${layer.compression === 'zstd' ? 'zstd' : 'gzip'}`;
  if (layer.compression !== 'none') {
    const descriptor = { mediaType, digest: layer.digest, size: layer.sizeBytes };
    const outcome = await registry.uploadBlob(repository, {
      ...descriptor,
      open: () => openLayer(layer),
    });
    return { descriptor, isNew: outcome === 'uploaded' };
  }
  const file = join(folder, `${layer.diffId.replace(':', '-')}.gz`);
  const packed = await compressLayer(layer, file, signal);
  const descriptor = { mediaType, digest: packed.digest, size: packed.sizeBytes };
  const outcome = await registry.uploadBlob(repository, {
    ...descriptor,
    open: () => createReadStream(file),
  });
  return { descriptor, isNew: outcome === 'uploaded' };
}

function describeUpload(
  arch: Arch,
  archive: ImageArchive,
  uploaded: readonly UploadedLayer[],
): RunFact {
  const sum = (wanted: boolean): number =>
    uploaded.reduce((bytes, { descriptor, isNew }) => {
      return isNew === wanted ? bytes + descriptor.size : bytes;
    }, 0);
  const layers = describeLayers(archive).map((layer, index) => ({
    ...layer,
    compressedBytes: uploaded[index]?.descriptor.size,
  }));
  return { kind: 'push', arch, layers, sentBytes: sum(true), keptBytes: sum(false) };
}

/**
 * Pushes a tested image by digest: nothing gets a name. The engine itself can push only under a tag, and buildx only
 * with other drivers than the usual one, so the engine's own copy of the image is uploaded; blobs that the repository
 * has are not sent again.
 *
 * The caller compares the config digest of what it pushed with the one that was tested.
 *
 * @returns the digest of the manifest
 * @throws AddonReleaseError `registry` when the push fails
 */
export async function pushCandidate(request: PushRequest, candidate: Candidate): Promise<string> {
  const { plan, registry, runFolder, signal, emit } = request;
  const { arch, configDigest } = candidate;
  const started = performance.now();
  const repository = parseImageReference(candidate.plan.repository ?? '', 'addon');
  const folder = await mkdtemp(join(runFolder, `push-${arch}-`));
  emit({ type: 'phase-started', arch, phase: 'push' });
  try {
    const archive = await archiveCandidate(candidate, runFolder, signal);
    const uploaded: UploadedLayer[] = [];
    for (const [index, layer] of archive.layers.entries()) {
      const current = `layer ${index + 1} of ${archive.layers.length}`;
      emit({ type: 'phase-progress', arch, phase: 'push', progress: { current } });
      uploaded.push(await uploadLayer(registry, repository, layer, folder, signal));
    }
    const config = {
      mediaType: 'application/vnd.oci.image.config.v1+json',
      digest: configDigest,
      size: archive.configBytes.length,
    };
    await registry.uploadBlob(repository, {
      ...config,
      open: () => Readable.from([archive.configBytes]),
    });
    const manifest: ImageManifest = {
      schemaVersion: 2,
      mediaType: MEDIA_TYPES.ociManifest,
      config,
      layers: uploaded.map(({ descriptor }) => descriptor),
      annotations: plan.annotations,
    };
    const bytes = new TextEncoder().encode(JSON.stringify(manifest));
    const digest = digestOf(bytes);
    await registry.putManifest(repository, digest, { bytes, mediaType: MEDIA_TYPES.ociManifest });
    emit({ type: 'fact', fact: describeUpload(arch, archive, uploaded) });
    emit({
      type: 'phase-finished',
      arch,
      phase: 'push',
      outcome: 'passed',
      durationMs: performance.now() - started,
      summary: digest,
    });
    return digest;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
