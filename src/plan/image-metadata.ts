import type { Addon } from '../addon/types.js';
import type { Arch } from '../addon/arch.js';

/** Where the sources of a release come from. */
export interface SourceFacts {
  /** Full commit hash; undefined outside a git repository. */
  readonly revision: string | undefined;
  readonly dirty: boolean;
  /** Address of the repository for people, https where the remote allows to tell. */
  readonly url: string | undefined;
  /** Seconds since 1970 that go into the images as their creation date. */
  readonly epochSeconds: number;
}

export interface ImageMetadata {
  readonly addon: Addon;
  readonly arch: Arch;
  readonly version: string;
  readonly source: SourceFacts;
}

/** The Supervisor drops single quotes from label values, the official builders too. */
function plain(text: string): string {
  return text.replaceAll("'", '');
}

export function isoDate(epochSeconds: number): string {
  return new Date(epochSeconds * 1000).toISOString().replace('.000Z', 'Z');
}

/** Drops keys without a value. */
function defined(entries: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(entries).filter((entry): entry is [string, string] => {
      return entry[1] !== undefined && entry[1] !== '';
    }),
  );
}

/**
 * The OCI annotations of manifests and index, which are also labels of the images.
 * https://github.com/opencontainers/image-spec/blob/v1.1.0/annotations.md
 */
export function ociAnnotations(metadata: Omit<ImageMetadata, 'arch'>): Record<string, string> {
  const { addon, version, source } = metadata;
  return defined({
    'org.opencontainers.image.created': isoDate(source.epochSeconds),
    'org.opencontainers.image.version': version,
    'org.opencontainers.image.title': plain(addon.name),
    'org.opencontainers.image.description': plain(addon.description),
    'org.opencontainers.image.url': addon.url,
    'org.opencontainers.image.source': source.url,
    'org.opencontainers.image.revision': source.revision,
  });
}

/** What is true of a release only, and is never taken from a file. */
const RELEASE_LABELS = ['created', 'version', 'revision'].map(
  (name) => `org.opencontainers.image.${name}`,
);

/**
 * Labels as the Supervisor and the official builders set them; where they differ, the union. Those of build.yaml
 * may override the type and the OCI ones, never name, version or architecture; what stands in the Dockerfile word
 * for word may too.
 *
 * @param own labels of the Dockerfile
 */
export function imageLabels(
  metadata: ImageMetadata,
  own: ReadonlySet<string> = new Set(),
): Record<string, string> {
  const { addon, arch, version } = metadata;
  const usual = Object.entries({ ...ociAnnotations(metadata), 'io.hass.type': 'app' });
  return {
    ...Object.fromEntries(
      usual.filter(([name]) => !own.has(name) || RELEASE_LABELS.includes(name)),
    ),
    ...Object.fromEntries(addon.buildConfig.labels),
    ...defined({
      'io.hass.name': plain(addon.name),
      'io.hass.description': plain(addon.description),
      'io.hass.url': addon.url,
    }),
    'io.hass.version': version,
    'io.hass.arch': arch,
  };
}

/** `owner/name`, which the community's Dockerfiles put behind `https://github.com/`. */
function repositoryName(url: string | undefined): string | undefined {
  return url === undefined ? undefined : new URL(url).pathname.replace(/^\//, '');
}

/**
 * Build arguments: those of the Supervisor and the official builders, those that the community's Dockerfiles
 * expect, build.yaml's `args`, the base image, and the command line's, each overriding the ones before.
 */
export function buildArguments(
  metadata: ImageMetadata,
  given: Readonly<Record<string, string>>,
): Record<string, string> {
  const { addon, arch, version, source } = metadata;
  return {
    ...defined({
      BUILD_VERSION: version,
      BUILD_ARCH: arch,
      BUILD_NAME: addon.name,
      BUILD_DESCRIPTION: addon.description,
      BUILD_DATE: isoDate(source.epochSeconds),
      BUILD_REF: source.revision,
      BUILD_REPOSITORY: repositoryName(source.url),
      SOURCE_DATE_EPOCH: String(source.epochSeconds),
    }),
    ...Object.fromEntries(addon.buildConfig.args),
    ...defined({ BUILD_FROM: addon.buildConfig.buildFrom?.get(arch) }),
    ...given,
  };
}
