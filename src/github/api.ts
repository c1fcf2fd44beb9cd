import type { RetryOptions } from '../exec/retry.js';
import type { GithubRepository } from './target.js';

export interface GithubAsset {
  readonly id: number;
  readonly name: string;
}

export interface GithubRelease {
  readonly id: number;
  readonly tag: string;
  readonly name: string;
  readonly body: string;
  readonly draft: boolean;
  readonly prerelease: boolean;
  /** Its assets and tag can't be changed any more. */
  readonly immutable: boolean;
  readonly htmlUrl: string;
  readonly uploadUrl: string;
  readonly assets: readonly GithubAsset[];
}

/** What of a release is written; what is left out stays. */
export interface ReleaseFields {
  readonly name?: string;
  readonly body?: string;
  readonly draft?: boolean;
  readonly prerelease?: boolean;
  readonly latest?: boolean;
  /** Commit for the tag, should it not exist when the release is published. */
  readonly commit?: string | undefined;
}

export interface GithubPackage {
  readonly visibility: 'public' | 'private' | 'internal';
  readonly htmlUrl: string;
  /** "owner/name" of the repository that it is linked to. */
  readonly repository: string | undefined;
}

/** A manifest of a container image's package, with or without tags. */
export interface GithubPackageVersion {
  readonly id: number;
  /** "sha256:…" */
  readonly digest: string;
  readonly createdAt: string;
}

export interface PullRequest {
  readonly number: number;
  readonly title: string;
  readonly body: string;
  readonly url: string;
}

/** The calls of GitHub's REST API that a release makes. All throw GithubError. */
export interface GithubClient {
  readonly repository: GithubRepository;
  /** How the caller repeats what the client does not. */
  readonly repeating: RetryOptions;
  /** Newest first, at most 300, drafts among them where the token may write. */
  readonly listReleases: () => AsyncIterable<readonly GithubRelease[]>;
  /** Published only: GitHub does not find drafts by their tag. */
  readonly findPublished: (tag: string) => Promise<GithubRelease | undefined>;
  /** Not repeated after a failure that leaves open whether it was done: there would be two. */
  readonly createRelease: (tag: string, fields: ReleaseFields) => Promise<GithubRelease>;
  readonly updateRelease: (release: GithubRelease, fields: ReleaseFields) => Promise<GithubRelease>;
  readonly generateNotes: (
    tag: string,
    commit: string | undefined,
    previousTag: string | undefined,
  ) => Promise<string>;
  /** Not repeated either: what is left of a failed upload must be removed first. */
  readonly uploadAsset: (
    release: GithubRelease,
    asset: { readonly name: string; readonly contentType: string; readonly content: string },
  ) => Promise<GithubAsset>;
  readonly deleteAsset: (asset: GithubAsset) => Promise<void>;
  /** The open pull request from a branch of the same repository into another. */
  readonly findPullRequest: (head: string, base: string) => Promise<PullRequest | undefined>;
  /** Not repeated after a failure that leaves open whether it was done. */
  readonly createPullRequest: (request: {
    readonly head: string;
    readonly base: string;
    readonly title: string;
    readonly body: string;
  }) => Promise<PullRequest>;
  readonly updatePullRequest: (
    number: number,
    fields: { readonly title: string; readonly body: string },
  ) => Promise<PullRequest>;
  readonly isOrganization: (owner: string) => Promise<boolean>;
  /** A container image's page below its owner; undefined when there is none that the token may see. */
  readonly findPackage: (
    owner: string,
    name: string,
    isOrganization: boolean,
  ) => Promise<GithubPackage | undefined>;
  /** Every manifest of a package; undefined when there is no package that the token may see. */
  readonly listPackageVersions: (
    owner: string,
    name: string,
    isOrganization: boolean,
  ) => Promise<readonly GithubPackageVersion[] | undefined>;
  readonly deletePackageVersion: (
    owner: string,
    name: string,
    isOrganization: boolean,
    version: GithubPackageVersion,
  ) => Promise<void>;
}
