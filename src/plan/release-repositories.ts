import type { Arch } from '../addon/arch.js';
import type { ImageNames } from './image-names.js';

/** Where one architecture's image is published. */
export interface ArchRepositories {
  readonly arch: Arch;
  /** By its own name, or by that of the index; undefined when nothing is published. */
  readonly repository: string | undefined;
  /** Repositories that get the image too, under the same tags: names that it had before. */
  readonly aliases?: readonly string[] | undefined;
}

/** A repository that gets a release's tags. */
export interface ReleaseRepository {
  readonly repository: string;
  /** Whose image the tags name there; undefined = the index of all. */
  readonly arch: Arch | undefined;
  /** The image had this name before. */
  readonly isOld: boolean;
}

/** A repository that an architecture's installations pull from. */
interface PulledRepository {
  readonly arch: Arch;
  readonly repository: string;
}

/** The repositories of each architecture, as a release names them. */
export function nameRepositories(
  names: ImageNames,
  arches: readonly Arch[],
): readonly ArchRepositories[] {
  return arches.map((arch) => {
    const aliases = names.aliases(arch);
    return {
      arch,
      repository: names.perArch?.(arch) ?? names.index,
      ...(aliases.length === 0 ? {} : { aliases }),
    };
  });
}

/** What installations ask for: those that know the current name, and those that still know an old one. */
export function listPulled(architectures: readonly ArchRepositories[]): {
  readonly current: readonly PulledRepository[];
  readonly old: readonly PulledRepository[];
} {
  return {
    current: architectures.flatMap(({ arch, repository }) =>
      repository === undefined ? [] : [{ arch, repository }],
    ),
    old: architectures.flatMap(({ arch, aliases = [] }) =>
      aliases.map((repository) => ({ arch, repository })),
    ),
  };
}

/** Every repository that gets a release's tags: those of single architectures, their old names, and the index last. */
export function listRepositories(
  architectures: readonly ArchRepositories[],
  index: string,
): readonly ReleaseRepository[] {
  const { current, old } = listPulled(architectures);
  return [
    ...current
      .filter(({ repository }) => repository !== index)
      .map((one) => ({ ...one, isOld: false })),
    ...old.map((one) => ({ ...one, isOld: true })),
    { repository: index, arch: undefined, isOld: false },
  ];
}
