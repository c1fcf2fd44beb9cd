import type { RepositoryName } from './reference.js';

interface PackagePages {
  /** Of a package that belongs to a person. */
  readonly user: string;
  /** Of a package that belongs to an organisation. */
  readonly organisation: string;
}

/**
 * The pages of a package of ghcr.io at GitHub; undefined for other registries. Whether the owner is a person or an
 * organisation cannot be seen in the name.
 *
 * @param page `settings` has the visibility, `versions` the list from which versions are deleted.
 * @see https://docs.github.com/en/packages/learn-github-packages/configuring-a-packages-access-control-and-visibility
 */
export function packagePages(
  { registry, repository }: RepositoryName,
  page: 'settings' | 'versions',
): PackagePages | undefined {
  const [owner, ...rest] = repository.split('/');
  if (registry !== 'ghcr.io' || owner === undefined || rest.length === 0) return undefined;
  const path = `${owner}/packages/container/${encodeURIComponent(rest.join('/'))}/${page}`;
  return {
    user: `https://github.com/users/${path}`,
    organisation: `https://github.com/orgs/${path}`,
  };
}
