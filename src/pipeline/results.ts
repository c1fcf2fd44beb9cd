import type { ReleaseSettings } from '../addon/settings.js';
import type { Addon } from '../addon/types.js';
import type { Arch } from '../addon/arch.js';
import type { BuildFailure, Candidate } from '../engine/build.js';
import type { Engine } from '../engine/docker.js';
import type { LayerSource } from '../engine/layer-uploads.js';
import type { BuilderChoice } from '../plan/machine.js';
import type { GithubDraft, PublishedRelease } from '../github/release.js';
import type { StoreTarget } from '../plan/announcement.js';
import type { Elsewhere } from '../plan/channel-store.js';
import type { ArchPlan, ReleasePlan } from '../plan/release-plan.js';
import type { Retention } from '../plan/retention.js';
import type { Retag } from '../plan/retag.js';
import type { PreparedRun } from '../smoke/prepare-runs.js';
import type { SmokeReport } from '../smoke/report.js';
import type { SmokeFile } from '../smoke/smoke-file.js';

/** What became of one architecture. */
export interface ArchOutcome {
  readonly plan: ArchPlan;
  readonly build:
    | { readonly status: 'built'; readonly candidate: Candidate }
    | { readonly status: 'failed'; readonly failure: BuildFailure };
  /** Undefined when it was not built or smoke tests were not asked for. */
  readonly smoke: SmokeReport | undefined;
  /** Size of the image's files; undefined when it was not built or not unpacked. */
  readonly unpackedBytes: number | undefined;
}

/** An image about which the run has statements: how it was built, what it is made of. */
export interface AttestedImage {
  readonly arch: Arch;
  readonly configDigest: string;
  /** What is stated: `https://slsa.dev/provenance/v0.2`, `https://spdx.dev/Document`. */
  readonly predicateTypes: readonly string[];
}

/** An image that the registry holds, proved to be the tested one. */
export interface PushedImage {
  readonly arch: Arch;
  readonly repository: string;
  readonly manifestDigest: string;
  readonly mediaType: string;
  readonly configDigest: string;
  /** Manifest, config and compressed layers, bytes. */
  readonly manifestBytes: number;
  readonly compressedBytes: number;
}

export interface PushedIndex {
  readonly repository: string;
  readonly digest: string;
}

/** What the smoke tests are asked to do. */
export interface SmokeInputs {
  readonly smokeFile: SmokeFile;
  readonly runs: readonly PreparedRun[];
}

/** What builds beside the engine in use. */
export interface Machines {
  /** In the order in which they were asked for. */
  readonly builders: readonly BuilderChoice[];
  /** The engines behind their Docker contexts. */
  readonly engines: readonly { readonly context: string; readonly engine: Engine }[];
}

/** What was found out before anything was built. */
export interface Preflight {
  /** Layers of the base images, by compressed and uncompressed digest: not what the add-on brings itself. */
  readonly baseLayers: ReadonlyMap<Arch, ReadonlySet<string>>;
  /** Where the image's own base was found; none when that is the local engine only. */
  readonly bases: ReadonlyMap<Arch, LayerSource>;
  /** Digests of compressed layers that the registry has where the image goes, and that nobody needs to read here. */
  readonly held: ReadonlyMap<Arch, ReadonlySet<string>>;
}

/** What the registry has under the version before the run begins. */
export interface ExistingRelease {
  /** The index that the version's tag names; undefined when the version is free. */
  readonly indexDigest: string | undefined;
  /** The release itself, published by an earlier run from the same sources and plan. */
  readonly published:
    { readonly pushed: readonly PushedImage[]; readonly index: PushedIndex } | undefined;
}

/** A store's own commit, or the pull request that offers it to the store. */
export interface StoreCommit {
  /** Without credentials. */
  readonly address: string;
  readonly branch: string;
  /** The add-on's folder there; "" is the root. */
  readonly folder: string;
  readonly commit: string;
  /** False when the store had it already. */
  readonly isNew: boolean;
  readonly pullRequest:
    { readonly url: string; readonly outcome: 'created' | 'updated' | 'unchanged' } | undefined;
}

/** What was written for the store. */
export interface StoreUpdate {
  /** The config of the sources; undefined when it stays as it is. */
  readonly file: string | undefined;
  /** Commit and tag of the release; undefined when only the file was written. */
  readonly commit?: string | undefined;
  readonly tag?: string | undefined;
  /** The remote's address; undefined when they stay in this repository. */
  readonly pushedTo?: string | undefined;
  /** Where the version is offered when not by the config of the sources. */
  readonly elsewhere?: StoreCommit | undefined;
}

/** What the add-on's repositories can do without. */
export interface RetentionPlan {
  readonly slug: string;
  readonly keep: number;
  readonly repositories: readonly {
    readonly repository: string;
    readonly retention: Retention;
  }[];
}

/**
 * What each step of a run returns, by the step's id. A step sees the results that it names in `needs` and adds its
 * own; nothing is changed afterwards.
 */
export interface Results {
  readonly addon: Addon;
  readonly settings: ReleaseSettings;
  /** Undefined inside when the release is not announced in git. */
  readonly sources: {
    readonly store: StoreTarget | undefined;
    /** Undefined = the config of the sources offers it. */
    readonly elsewhere?: Elsewhere | undefined;
  };
  readonly smoke: SmokeInputs;
  readonly engine: Engine;
  readonly machines: Machines;
  readonly plan: ReleasePlan;
  /** Undefined inside when nothing is published. */
  readonly lock: { readonly held: { readonly release: () => Promise<void> } | undefined };
  readonly existing: ExistingRelease;
  readonly preflight: Preflight;
  /** Nothing but that it works: `dev` waits for it, a build proves it meanwhile. */
  readonly emulation: Readonly<Record<string, never>>;
  readonly candidates: readonly ArchOutcome[];
  readonly exported: { readonly folders: readonly string[] };
  readonly approved: readonly Candidate[];
  /** Empty when nothing is to be attested. */
  readonly attested: readonly AttestedImage[];
  readonly pushed: readonly PushedImage[];
  readonly index: PushedIndex;
  readonly signed: { readonly references: readonly string[] };
  readonly versioned: { readonly references: readonly string[] };
  readonly verified: { readonly references: readonly string[] };
  readonly moved: { readonly references: readonly string[] };
  readonly store: StoreUpdate;
  /** What going back, or up, will do, and what became of it. */
  readonly retag: Retag;
  readonly proven: { readonly references: readonly string[] };
  readonly retagged: { readonly references: readonly string[] };
  readonly restored: Omit<StoreUpdate, 'tag'>;
  /** Tags of the releases on GitHub that were changed. */
  readonly marked: { readonly tags: readonly string[] };
  readonly retention: RetentionPlan;
  readonly pruned: { readonly digests: readonly string[] };
  readonly githubDraft: GithubDraft;
  readonly githubRelease: PublishedRelease;
}
