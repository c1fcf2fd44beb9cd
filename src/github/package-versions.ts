import type { GithubClient, GithubPackageVersion } from './api.js';
import { GithubError } from './failures.js';
import { parsePackage } from './package-page.js';

/** The manifests of an image on ghcr.io, which GitHub alone can list and delete. */
export interface PackageVersions {
  readonly list: readonly GithubPackageVersion[];
  /** What is gone already is no failure. */
  readonly remove: (digest: string) => Promise<void>;
}

/**
 * @param image "ghcr.io/owner/name", without tag
 * @returns undefined when the image is not GitHub's, or no package that the token may see
 * @throws GithubError
 */
export async function readPackageVersions(
  client: GithubClient,
  image: string,
): Promise<PackageVersions | undefined> {
  const parsed = parsePackage(image);
  if (parsed === undefined) return undefined;
  const { owner, name } = parsed;
  const isOrganization = await client.isOrganization(owner);
  const list = await client.listPackageVersions(owner, name, isOrganization);
  if (list === undefined) return undefined;
  const versions = new Map(list.map((version) => [version.digest, version]));
  return {
    list,
    remove: async (digest) => {
      const version = versions.get(digest);
      if (version === undefined) return;
      try {
        await client.deletePackageVersion(owner, name, isOrganization, version);
      } catch (error) {
        if (!(error instanceof GithubError) || error.kind !== 'not-found') throw error;
      }
    },
  };
}
