import type { Descriptor, ImageIndex, Platform } from './image-types.js';

type PlatformName = Pick<Platform, 'os' | 'architecture' | 'variant'>;

/** Variants that an absent one stands for. */
const DEFAULT_VARIANTS: Readonly<Record<string, string>> = { arm: 'v7', arm64: 'v8', amd64: 'v1' };

function variantOf(platform: PlatformName): string | undefined {
  const variant = platform.variant;
  return variant === undefined || variant === ''
    ? DEFAULT_VARIANTS[platform.architecture]
    : variant;
}

/**
 * Whether two platforms are the same, where `arm64` is `arm64/v8`, `arm` is `arm/v7` and `amd64` is `amd64/v1`.
 *
 * @see https://github.com/containerd/platforms/blob/main/database.go
 */
export function isSamePlatform(one: PlatformName, other: PlatformName): boolean {
  return (
    one.os === other.os &&
    one.architecture === other.architecture &&
    variantOf(one) === variantOf(other)
  );
}

/** `linux/arm/v7`: os, architecture and the variant as far as it is given. */
export function formatPlatform(platform: PlatformName): string {
  const variant =
    platform.variant === undefined || platform.variant === '' ? [] : [platform.variant];
  return [platform.os, platform.architecture, ...variant].join('/');
}

/** Reads a platform string of Docker's: `linux/arm/v7` is os, architecture and variant. */
export function parsePlatform(text: string): Platform {
  const [os, architecture, variant, ...rest] = text.split('/');
  if (os === undefined || architecture === undefined || rest.length > 0) {
    throw new Error(`"${text}" is not a platform`);
  }
  return { os, architecture, ...(variant === undefined ? {} : { variant }) };
}

/** The index's entry for exactly this platform, variant included. */
export function findPlatformEntry(
  index: ImageIndex,
  platform: PlatformName,
): Descriptor | undefined {
  return index.manifests.find(
    (entry) => entry.platform !== undefined && isSamePlatform(entry.platform, platform),
  );
}

/**
 * The entry that the Supervisor takes: the first whose os and architecture are equal, whatever its variant.
 *
 * @see https://github.com/home-assistant/supervisor/blob/main/supervisor/docker/manifest.py
 */
export function findSupervisorEntry(
  index: ImageIndex,
  platform: Pick<Platform, 'os' | 'architecture'>,
): Descriptor | undefined {
  return index.manifests.find(
    (entry) =>
      entry.platform?.os === platform.os && entry.platform.architecture === platform.architecture,
  );
}

/** The platforms that an index names, attestations (`unknown/unknown`) left out. */
export function listPlatforms(index: ImageIndex): readonly Platform[] {
  return index.manifests.flatMap(({ platform }) =>
    platform === undefined || platform.os === 'unknown' ? [] : [platform],
  );
}
