import type { Arch } from '../addon/arch.js';
import { AddonReleaseError } from '../errors.js';

/** Where a release's images go. Repositories are registry and path, without tag. */
export interface ImageNames {
  /** One repository per architecture if the name has `{arch}`; undefined for a multi-architecture name. */
  readonly perArch: ((arch: Arch) => string) | undefined;
  /** The repository of the multi-architecture index. */
  readonly index: string;
  /** Names by which older copies of the store still know an architecture's image. */
  readonly aliases: (arch: Arch) => readonly string[];
  /** The name as a config has it: registry and path, maybe with `{arch}`. */
  readonly full: string;
}

/**
 * One part of a name, `{arch}` filled in. The Supervisor accepts a little more, which no registry does.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#pulling-manifests
 */
const COMPONENT = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const REGISTRY =
  /^(?:localhost|\[[0-9a-f:]+\]|[a-z0-9-]+(?:\.[a-z0-9-]+)+|[a-z0-9-]+(?=:))(?::\d{1,5})?$/;

function looksLikeRegistry(part: string): boolean {
  return part === 'localhost' || part.includes('.') || part.includes(':');
}

function fail(what: string, image: string, why: string): never {
  throw new AddonReleaseError('usage', `${what} "${image}" is not an image name: ${why}`, {
    hint: 'Use a name such as ghcr.io/OWNER/NAME or ghcr.io/OWNER/{arch}-NAME, without a tag.',
  });
}

function validate(image: string, what: string): string {
  const parts = image.split('/');
  const [first = ''] = parts;
  const hasRegistry = parts.length > 1 && looksLikeRegistry(first);
  if (hasRegistry && !REGISTRY.test(first)) fail(what, image, `"${first}" is not a registry host`);
  for (const part of hasRegistry ? parts.slice(1) : parts) {
    if (part.includes(':') || part.includes('@')) fail(what, image, 'it has a tag or digest');
    if (!COMPONENT.test(part.replaceAll('{arch}', 'amd64').replaceAll(/[{}]/g, ''))) {
      fail(
        what,
        image,
        part === '' ? 'a part is empty' : `"${part}" has characters a name can't have`,
      );
    }
  }
  const placeholder = image.replaceAll('{arch}', '').match(/[{}]/);
  if (placeholder !== null) fail(what, image, '{arch} is the only placeholder');
  return image;
}

/** The name of the multi-architecture index beside per-architecture names: `{arch}` and the separator next to it go. */
export function withoutArch(image: string): string {
  return image
    .replaceAll(/\{arch\}(?:[-_.]+|\/)/g, '')
    .replaceAll(/(?:[-_.]+|\/)\{arch\}/g, '')
    .replaceAll('{arch}', '');
}

export interface ImageNameOptions {
  /** `image` of config.yaml. */
  readonly configured: string | undefined;
  /** `--image`: replaces the whole name. */
  readonly image: string | undefined;
  /** `--registry`: replaces the registry host only. */
  readonly registry: string | undefined;
  /** `also` of addon-release.yaml, each with `{arch}`; not used with `--image`. */
  readonly also?: readonly string[] | undefined;
}

function complete(name: string, registry: string | undefined): string {
  let full = name;
  if (registry !== undefined) {
    if (!REGISTRY.test(registry) && registry !== 'localhost') {
      throw new AddonReleaseError('usage', `--registry "${registry}" is not a registry host`, {
        hint: 'Give a host with an optional port, for example ghcr.io or localhost:5000.',
      });
    }
    const [first = '', ...rest] = name.split('/');
    full = `${registry}/${looksLikeRegistry(first) && rest.length > 0 ? rest.join('/') : name}`;
  }
  const [first = ''] = full.split('/');
  return full.includes('/') && looksLikeRegistry(first) ? full : `docker.io/${full}`;
}

/**
 * Works out where images are published.
 *
 * @returns undefined when the add-on has no `image` and none was given: it can be built and tested only.
 * @throws AddonReleaseError `usage` for names that the Supervisor or a registry would refuse.
 */
export function chooseImageNames(options: ImageNameOptions): ImageNames | undefined {
  const name = options.image ?? options.configured;
  if (name === undefined) return undefined;
  validate(name, options.image === undefined ? "config.yaml's image" : '--image');
  const full = complete(name, options.registry);
  const index = withoutArch(full);
  if (!index.includes('/')) fail('image', name, 'nothing is left of it without {arch}');
  const also = options.image === undefined ? (options.also ?? []) : [];
  const aliases = [
    ...new Set(
      also.map((alias) => complete(validate(alias, "addon-release.yaml's also"), options.registry)),
    ),
  ].filter((alias) => alias !== full);
  return {
    perArch: full.includes('{arch}') ? (arch) => full.replaceAll('{arch}', arch) : undefined,
    index,
    aliases: (arch) => aliases.map((alias) => alias.replaceAll('{arch}', arch)),
    full,
  };
}

/**
 * The name under which an image is loaded into the local engine: the Supervisor's own for add-ons that it builds
 * itself (`<repository>/<arch>-addon-<slug>`), in the characters that Docker allows.
 */
export function localImage(slug: string, arch: Arch, version: string): string {
  const name = slug
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
  return `local/${arch}-addon-${name === '' ? 'addon' : name}:${version}`;
}
