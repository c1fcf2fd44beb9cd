import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Arch } from '../addon/arch.js';
import type { RegistryClient } from '../registry/client.js';
import type { Descriptor } from '../registry/image-types.js';
import { parseImageReference, type RepositoryName } from '../registry/reference.js';
import type { Emit } from '../report/events.js';
import type { RunFact } from '../report/facts.js';
import type { Candidate } from './build.js';
import { archiveCandidate, openCandidateLayer } from './candidate-archive.js';
import type { ArchivedLayer, ImageArchive } from './image-archive.js';
import { describeLayers } from './image-layers.js';
import { compressLayer } from './layer-content.js';

/** A repository that has layers of an image already. */
export interface LayerSource {
  readonly repository: RepositoryName;
  /** As its manifest names them, by diff ID. */
  readonly layers: ReadonlyMap<string, Descriptor>;
}

/** A layer in the registry, and whether it had to be sent. */
interface UploadedLayer {
  readonly descriptor: Descriptor;
  readonly isNew: boolean;
}

const GZIP = 'application/vnd.oci.image.layer.v1.tar+gzip';
const ZSTD = 'application/vnd.oci.image.layer.v1.tar+zstd';

/** What OCI calls a compressed layer, from that name or from Docker's. */
function mediaTypeOf(name: string): string | undefined {
  if (name.endsWith('zstd')) return ZSTD;
  return name.endsWith('gzip') ? GZIP : undefined;
}

/**
 * A layer that the engine keeps uncompressed, as the registry has it for the base image: taken from there it is not
 * compressed again, and is the same for every add-on on that base.
 */
async function takeLayer(
  registry: RegistryClient,
  repository: RepositoryName,
  layer: ArchivedLayer,
  base: LayerSource | undefined,
): Promise<UploadedLayer | undefined> {
  const known = base?.layers.get(layer.diffId);
  const mediaType = known && mediaTypeOf(known.mediaType);
  if (base?.repository.registry !== repository.registry) return undefined;
  if (known === undefined || mediaType === undefined) return undefined;
  const descriptor = { mediaType, digest: known.digest, size: known.size };
  const outcome = await registry.mountBlob(base.repository, repository, descriptor);
  return { descriptor, isNew: outcome === 'copied' };
}

async function uploadLayer(
  registry: RegistryClient,
  repository: RepositoryName,
  layer: ArchivedLayer,
  {
    base,
    open,
    folder,
    signal,
  }: {
    readonly base: LayerSource | undefined;
    readonly open: () => AsyncIterable<Uint8Array>;
    readonly folder: string;
    readonly signal: AbortSignal;
  },
): Promise<UploadedLayer> {
  if (layer.compression !== 'none') {
    const mediaType = layer.compression === 'zstd' ? ZSTD : GZIP;
    const descriptor = { mediaType, digest: layer.digest, size: layer.sizeBytes };
    const outcome = await registry.uploadBlob(
      repository,
      { ...descriptor, open },
      base?.repository,
    );
    return { descriptor, isNew: outcome === 'uploaded' };
  }
  const taken = await takeLayer(registry, repository, layer, base);
  if (taken !== undefined) return taken;
  const file = join(folder, `${layer.diffId.replace(':', '-')}.gz`);
  const packed = await compressLayer(layer, file, signal);
  const descriptor = { mediaType: GZIP, digest: packed.digest, size: packed.sizeBytes };
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

/** What of an image is in the registry before it has a manifest there. */
interface SentImage {
  readonly archive: ImageArchive;
  /** As a manifest names them, the base image's first. */
  readonly layers: readonly Descriptor[];
}

interface UploadRequest {
  readonly registry: RegistryClient;
  readonly runFolder: string;
  readonly emit: Emit;
  readonly signal: AbortSignal;
}

/**
 * Sends layers while other images are still built and tested. Without a manifest nobody sees them, and a registry
 * removes those that never get one.
 */
export class LayerUploads {
  readonly #request: UploadRequest;
  readonly #sent = new Map<string, Promise<SentImage>>();
  #isClosed = false;

  constructor(request: UploadRequest) {
    this.#request = request;
  }

  /**
   * Begins to send the layers of an image that has passed its tests. A failure is told by `finish`.
   *
   * @param base its base image: its layers need not be sent to the same registry again
   */
  begin(candidate: Candidate, base?: LayerSource): void {
    this.finish(candidate, base).catch(() => undefined);
  }

  /**
   * Resolves when the repository has every layer of the image.
   *
   * @throws AddonReleaseError `registry` when it can't be sent, `environment` when the engine fails
   */
  finish(candidate: Candidate, base?: LayerSource): Promise<SentImage> {
    const key = `${candidate.plan.repository ?? ''}@${candidate.configDigest}`;
    const sent = this.#sent.get(key) ?? this.#send(candidate, base);
    this.#sent.set(key, sent);
    return sent;
  }

  /** Gives up what is still to be sent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.allSettled(this.#sent.values());
  }

  async #send(candidate: Candidate, base: LayerSource | undefined): Promise<SentImage> {
    const { registry, runFolder, emit, signal } = this.#request;
    const { arch, plan } = candidate;
    const started = performance.now();
    const repository = parseImageReference(plan.repository ?? '', 'addon');
    const folder = await mkdtemp(join(runFolder, `push-${arch}-`));
    emit({ type: 'phase-started', arch, phase: 'push' });
    try {
      const archive = await archiveCandidate(candidate, runFolder, signal, () => []);
      const uploaded: UploadedLayer[] = [];
      for (const [index, layer] of archive.layers.entries()) {
        if (this.#isClosed) throw new Error(`the push of ${arch} is not wanted any more`);
        const current = `layer ${index + 1} of ${archive.layers.length}`;
        emit({ type: 'phase-progress', arch, phase: 'push', progress: { current } });
        const open = () => openCandidateLayer(candidate, layer, runFolder, signal);
        uploaded.push(
          await uploadLayer(registry, repository, layer, { base, open, folder, signal }),
        );
      }
      emit({ type: 'fact', fact: describeUpload(arch, archive, uploaded) });
      const durationMs = performance.now() - started;
      const summary = `${uploaded.length} layers`;
      emit({ type: 'phase-finished', arch, phase: 'push', outcome: 'passed', durationMs, summary });
      return { archive, layers: uploaded.map(({ descriptor }) => descriptor) };
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
}
