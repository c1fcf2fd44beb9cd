import { describeArch, platformOf, type Arch } from '../addon/arch.js';

/**
 * Tags under which the official base images are published as one name for all architectures, since release
 * 2026.03.1 of https://github.com/home-assistant/docker-base
 */
const SHARED_TAGS: Readonly<Record<string, RegExp>> = {
  base: /^(?:latest|3\.(?:2[2-9]|[3-9]\d))$/,
  'base-python': /^(?:latest|3\.1[2-9]-alpine3\.(?:2[2-9]|[3-9]\d))$/,
  'base-debian': /^(?:latest|bookworm|trixie)$/,
  'base-ubuntu': /^(?:latest|2[2468]\.04)$/,
};
const FIRST_SHARED = [2026, 3, 1] as const;

const OFFICIAL =
  /^(?<registry>ghcr\.io\/home-assistant\/)(?<arch>aarch64|amd64)-(?<name>base(?:-[a-z]+)?):(?<tag>[\w.-]+)$/;

/** `-2026.06.1` at the end of a tag is the release that it was published with. */
function isShared(name: string, tag: string): boolean {
  const [, plain = tag, release] = /^(.+)-(\d{4}\.\d+\.\d+)$/.exec(tag) ?? [];
  if (SHARED_TAGS[name]?.test(plain) !== true) return false;
  if (release === undefined) return true;
  const parts = release.split('.').map(Number);
  const differing = FIRST_SHARED.findIndex((part, index) => part !== parts[index]);
  return differing === -1 || (parts[differing] ?? 0) > (FIRST_SHARED[differing] ?? 0);
}

/** The one name that stands for an architecture's own base image; the image itself where there is none. */
function shareName(arch: Arch, image: string): string {
  const { registry, arch: named, name = '', tag = '' } = OFFICIAL.exec(image)?.groups ?? {};
  if (named !== arch || !isShared(name, tag)) return image;
  return `${registry ?? ''}${name}:${tag}`;
}

/** How a Dockerfile takes its base image without being told it from outside. */
export type BaseForm =
  | { readonly kind: 'one'; readonly image: string }
  /** A stage for each architecture; `FROM` chooses by `TARGETARCH` and `TARGETVARIANT`. */
  | { readonly kind: 'stages'; readonly images: ReadonlyMap<Arch, string> };

/** One image for all architectures where they share one, else each its own. */
export function chooseBaseForm(images: ReadonlyMap<Arch, string>): BaseForm {
  const shared = new Set([...images].map(([arch, image]) => shareName(arch, image)));
  const [only] = shared;
  if (shared.size === 1 && only !== undefined) {
    // A single architecture keeps the name that its image has.
    const own = [...images.values()];
    return { kind: 'one', image: images.size === 1 ? (own[0] ?? only) : only };
  }
  return { kind: 'stages', images };
}

/** `arm64`, `armv7`: what `${TARGETARCH}${TARGETVARIANT}` is for an architecture. */
export function targetName(arch: Arch): string {
  const { ociArchitecture } = describeArch(arch);
  const [, , variant = ''] = platformOf(arch).split('/');
  return `${ociArchitecture}${variant}`;
}
