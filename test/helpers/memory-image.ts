import { describeArch, type Arch } from '../../src/addon/arch.js';
import type { PushedImage } from '../../src/pipeline/results.js';
import { MEDIA_TYPES } from '../../src/registry/image-types.js';
import type { MemoryRegistry } from './memory-registry.js';

export function encode(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

/** Puts the image of an architecture into its repository, by digest. */
export function pushMemoryImage(
  { seed, seedBlob }: MemoryRegistry,
  repository: string,
  arch: Arch,
  { platform = arch, version }: { readonly platform?: Arch; readonly version?: string } = {},
): PushedImage {
  const { ociArchitecture, ociVariant } = describeArch(platform);
  const config = encode({
    os: 'linux',
    architecture: ociArchitecture,
    ...(ociVariant === undefined ? {} : { variant: ociVariant }),
    config:
      version === undefined ? {} : { Labels: { 'org.opencontainers.image.version': version } },
    rootfs: { type: 'layers', diff_ids: [`sha256:${'1'.repeat(64)}`] },
  });
  const layer = encode(`layer of ${arch}`);
  const configDigest = seedBlob(repository, config);
  const manifest = encode({
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.ociManifest,
    config: {
      mediaType: 'application/vnd.oci.image.config.v1+json',
      digest: configDigest,
      size: config.byteLength,
    },
    layers: [
      {
        mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
        digest: seedBlob(repository, layer),
        size: layer.byteLength,
      },
    ],
  });
  return {
    arch,
    repository,
    manifestDigest: seed(repository, manifest, MEDIA_TYPES.ociManifest),
    mediaType: MEDIA_TYPES.ociManifest,
    configDigest,
    manifestBytes: manifest.byteLength,
    compressedBytes: layer.byteLength + config.byteLength,
  };
}
