import type { Arch } from '../addon/arch.js';
import type { BuildCache } from '../engine/build-cache.js';
import type { BaseMirror } from '../plan/base-mirror.js';
import type { BuildIndex } from '../plan/build-index.js';

/** Everything that flags and environment ask for, checked and frozen. */
export interface ReleaseOptions {
  /** The version given; undefined = config.yaml's. */
  readonly version: string | undefined;
  /** `all`: every architecture of the add-on; `host`: the engine's own; else those named. */
  readonly arches: 'all' | 'host' | readonly Arch[];
  readonly publish: boolean;
  /** `--replace`: a version that exists with other content may be overwritten. */
  readonly replace: boolean;
  /** `--channel`: undefined = the one that the version's form stands for. */
  readonly channel: string | undefined;
  /** A commit is released, not a version of its own: no git tag, no GitHub Release. */
  readonly edge: boolean;
  /** `--allow-dirty`: uncommitted changes are released too. */
  readonly allowDirty: boolean;
  /** False with `--no-git`: no commit, tag or push, only the version in the file. */
  readonly git: boolean;
  /** False with `--no-github`: no release on GitHub. */
  readonly github: boolean;
  readonly smoke: boolean;
  /** `--out`: the folder that gets the images, for another machine to publish. */
  readonly out: string | undefined;
  /** `--from`: folders with images that were built and tested elsewhere. */
  readonly from: readonly string[];
  /** Only the plan is made. */
  readonly dryRun: boolean;
  /** `--addon`: the add-on's folder; undefined = found from the working directory. */
  readonly addon: string | undefined;
  readonly workingDirectory: string;
  readonly registry: string | undefined;
  readonly image: string | undefined;
  readonly baseMirrors: readonly BaseMirror[];
  /** `--builder`: buildx builders or Docker contexts, for one architecture or for all; empty = the one in use. */
  readonly builders: readonly { readonly arch: Arch | undefined; readonly name: string }[];
  readonly buildArgs: Readonly<Record<string, string>>;
  /** `--build-index`: where pip, npm and apt take packages from while images are built. */
  readonly buildIndexes: readonly BuildIndex[];
  readonly noCache: boolean;
  /** `--build-cache`: where finished steps are kept for other machines; undefined = nowhere. */
  readonly buildCache: BuildCache | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
}
