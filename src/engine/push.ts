import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { Arch } from '../addon/arch.js';
import { AddonReleaseError } from '../errors.js';
import type { ReleaseOptions } from '../pipeline/options.js';
import type { ReleasePlan } from '../plan/release-plan.js';
import type { RegistryClient } from '../registry/client.js';
import { digestOf } from '../registry/digest.js';
import { MEDIA_TYPES, type Descriptor, type ImageManifest } from '../registry/image-types.js';
import { parseImageReference, type RepositoryName } from '../registry/reference.js';
import type { Emit } from '../report/events.js';
import { pushDefinition } from './bake-definition.js';
import { BuildProgress } from './build-progress.js';
import type { Candidate } from './build.js';
import { bake, readMetadata } from './buildx.js';
import type { Engine } from './docker.js';
import { readArchive, type ArchivedLayer } from './image-archive.js';
import { compressLayer, openLayer } from './layer-content.js';
import { saveImage } from './save-image.js';

export interface PushRequest {
  readonly engine: Engine;
  readonly plan: ReleasePlan;
  readonly candidates: readonly Candidate[];
  readonly options: ReleaseOptions;
  readonly registry: RegistryClient;
  readonly runFolder: string;
  readonly emit: Emit;
  readonly signal: AbortSignal;
}

/** Manifest digests by architecture. */
type PushedDigests = ReadonlyMap<Arch, string>;

/**
 * Pushes tested images by digest: nothing gets a name. BuildKit does it from its cache where the engine keeps images
 * in containerd; the classic store can push only under tags, so there the engine's own copy is uploaded.
 *
 * The caller compares the config digests of what it pushed with those that were tested.
 *
 * @throws AddonReleaseError `registry` when a push fails
 */
export async function pushCandidates(request: PushRequest): Promise<PushedDigests> {
  for (const { arch } of request.candidates) {
    request.emit({ type: 'phase-started', arch, phase: 'push' });
  }
  return request.engine.imageStore === 'containerd'
    ? pushWithBuildKit(request)
    : pushFromEngine(request);
}

function finish(request: PushRequest, arch: Arch, started: number, digest: string): void {
  request.emit({
    type: 'phase-finished',
    arch,
    phase: 'push',
    outcome: 'passed',
    durationMs: performance.now() - started,
    summary: digest,
  });
}

async function pushWithBuildKit(request: PushRequest): Promise<PushedDigests> {
  const { plan, candidates, options, runFolder, emit, signal } = request;
  const started = performance.now();
  const definitionFile = join(runFolder, 'bake-push.json');
  const metadataFile = join(runFolder, 'metadata-push.json');
  const definition = pushDefinition(
    plan,
    candidates.map((candidate) => candidate.plan),
  );
  await writeFile(definitionFile, JSON.stringify(definition, undefined, 2));
  const byName = new Map<string, Arch>(candidates.map(({ arch }) => [arch, arch]));
  const progress = new BuildProgress([...byName.keys()], {
    onProgress: (target, current) => {
      const arch = byName.get(target);
      if (arch !== undefined) {
        emit({ type: 'phase-progress', arch, phase: 'push', progress: current });
      }
    },
    onLog: () => undefined,
    onExported: () => undefined,
  });
  const end = await bake({
    definitionFile,
    metadataFile,
    builder: options.builder,
    directory: plan.folder,
    signal,
    onRecord: (record) => {
      progress.apply(record);
    },
  });
  signal.throwIfAborted();
  if (end.exitCode !== 0) throw pushFailure(end.text);
  const metadata = await readMetadata(metadataFile);
  const digests = new Map<Arch, string>();
  for (const { arch } of candidates) {
    const digest = metadata.get(arch)?.manifestDigest;
    if (digest === undefined) throw pushFailure([`buildx names no digest for ${arch}`]);
    digests.set(arch, digest);
    finish(request, arch, started, digest);
  }
  return digests;
}

function pushFailure(text: readonly string[]): AddonReleaseError {
  return new AddonReleaseError('registry', 'the images could not be pushed; nothing was tagged', {
    output: text.slice(-20).join('\n'),
    hint: 'Check the login (`docker login HOST`) and run the same command again: nothing is built twice.',
  });
}

async function uploadLayer(
  registry: RegistryClient,
  repository: RepositoryName,
  layer: ArchivedLayer,
  folder: string,
  signal: AbortSignal,
): Promise<Descriptor> {
  const packed =
    layer.compression === 'none'
      ? await compressLayer(layer, join(folder, `${layer.diffId.replace(':', '-')}.gz`), signal)
      : layer;
  const descriptor = {
    mediaType: `application/vnd.oci.image.layer.v1.tar+${layer.compression === 'zstd' ? 'zstd' : 'gzip'}`,
    digest: packed.digest,
    size: packed.sizeBytes,
  };
  await registry.uploadBlob(repository, {
    ...descriptor,
    open: () => openLayer({ ...layer, file: packed.file }),
  });
  return descriptor;
}

async function uploadCandidate(request: PushRequest, candidate: Candidate): Promise<string> {
  const { plan, registry, runFolder, signal, emit } = request;
  const { arch, configDigest } = candidate;
  const started = performance.now();
  const repository = parseImageReference(candidate.plan.repository ?? '', 'addon');
  const folder = await mkdtemp(join(runFolder, `push-${arch}-`));
  try {
    await saveImage(candidate.imageId, join(folder, 'image'), signal);
    const archive = await readArchive(join(folder, 'image'), configDigest);
    const layers: Descriptor[] = [];
    for (const [index, layer] of archive.layers.entries()) {
      const current = `layer ${index + 1} of ${archive.layers.length}`;
      emit({ type: 'phase-progress', arch, phase: 'push', progress: { current } });
      layers.push(await uploadLayer(registry, repository, layer, folder, signal));
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
      layers,
      annotations: plan.annotations,
    };
    const bytes = new TextEncoder().encode(JSON.stringify(manifest));
    const digest = digestOf(bytes);
    await registry.putManifest(repository, digest, { bytes, mediaType: MEDIA_TYPES.ociManifest });
    finish(request, arch, started, digest);
    return digest;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function pushFromEngine(request: PushRequest): Promise<PushedDigests> {
  return new Map(
    await Promise.all(
      request.candidates.map(
        async (candidate) => [candidate.arch, await uploadCandidate(request, candidate)] as const,
      ),
    ),
  );
}
