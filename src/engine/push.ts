import { Readable } from 'node:stream';
import type { ReleasePlan } from '../plan/release-plan.js';
import type { RegistryClient } from '../registry/client.js';
import { digestOf } from '../registry/digest.js';
import { MEDIA_TYPES, type ImageManifest } from '../registry/image-types.js';
import { parseImageReference } from '../registry/reference.js';
import type { Candidate } from './build.js';
import type { LayerSource, LayerUploads } from './layer-uploads.js';

/** What a push works with. */
interface PushRequest {
  readonly plan: ReleasePlan;
  readonly registry: RegistryClient;
  readonly uploads: LayerUploads;
  /** Of the image's own base; undefined when that is in no registry. */
  readonly base: LayerSource | undefined;
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
export async function pushCandidate(
  { plan, registry, uploads, base }: PushRequest,
  candidate: Candidate,
): Promise<string> {
  const repository = parseImageReference(candidate.plan.repository ?? '', 'addon');
  const { archive, layers } = await uploads.finish(candidate, base);
  const config = {
    mediaType: 'application/vnd.oci.image.config.v1+json',
    digest: candidate.configDigest,
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
  return digest;
}
