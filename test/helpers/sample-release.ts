import { platformOf, type Arch } from '../../src/addon/arch.js';
import { buildAttestation, pushAttestation } from '../../src/registry/attestation.js';
import { buildIndex } from '../../src/registry/build-index.js';
import type { RegistryClient } from '../../src/registry/client.js';
import { parsePlatform } from '../../src/registry/platform.js';
import type { RepositoryName } from '../../src/registry/reference.js';
import { sampleStatement } from './sample-statement.js';
import { pushSampleImage, type SampleImage } from './sample-image.js';

export interface SampleRelease {
  readonly index: string;
  /** Digests of what attests the images; none unless that was asked for. */
  readonly attestations: readonly string[];
  readonly images: ReadonlyMap<Arch, SampleImage>;
}

export interface SampleReleaseOptions {
  readonly version: string;
  readonly arches?: readonly Arch[];
  /** Default: the version alone. */
  readonly tags?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  /** Default: without attestations. */
  readonly attested?: boolean;
}

/** Pushes a small release of random files: an image for each architecture, an index, its tags. */
export async function pushSampleRelease(
  client: RegistryClient,
  repository: RepositoryName,
  {
    version,
    arches = ['amd64', 'aarch64'],
    tags = [version],
    labels = {},
    attested = false,
  }: SampleReleaseOptions,
): Promise<SampleRelease> {
  const images = new Map<Arch, SampleImage>();
  for (const arch of arches) {
    const image = await pushSampleImage(client, repository, parsePlatform(platformOf(arch)), {
      labels: {
        'io.hass.version': version,
        'io.hass.arch': arch,
        'org.opencontainers.image.version': version,
        ...labels,
      },
      layerBytes: 500,
    });
    images.set(arch, image);
  }
  const attestations = [...images].slice(0, attested ? undefined : 0).map(([arch, image]) =>
    buildAttestation([sampleStatement('https://slsa.dev/provenance/v0.2')], {
      digest: image.descriptor.digest,
      repositories: [`${repository.registry}/${repository.repository}`],
      version,
      platform: platformOf(arch),
    }),
  );
  for (const attestation of attestations) await pushAttestation(client, repository, attestation);
  const index = buildIndex(
    [
      ...[...images].map(([arch, { descriptor }]) => ({
        descriptor,
        platform: parsePlatform(platformOf(arch)),
      })),
      ...attestations.map(({ entry }) => entry),
    ],
    { 'org.opencontainers.image.version': version },
  );
  await client.putManifest(repository, index.digest, index);
  for (const tag of tags) await client.putManifest(repository, tag, index);
  return {
    index: index.digest,
    images,
    attestations: attestations.map(({ manifest }) => manifest.digest),
  };
}
