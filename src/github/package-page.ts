import type { GithubClient } from './api.js';
import { GithubError } from './failures.js';

/** What is wrong with a container image's page on GitHub, and where it is mended. */
export interface PackageFinding {
  readonly problem: 'missing' | 'private' | 'unlinked' | 'elsewhere' | 'unknown';
  readonly message: string;
  readonly hint: string;
}

/** GHCR's repositories are `ghcr.io/OWNER/NAME`; GitHub Enterprise Server's are `containers.HOST/OWNER/NAME`. */
export function parsePackage(
  repository: string,
): { readonly owner: string; readonly name: string } | undefined {
  const [host = '', owner = '', ...rest] = repository.split('/');
  if (host !== 'ghcr.io' && !host.startsWith('containers.')) return undefined;
  return owner === '' || rest.length === 0 ? undefined : { owner, name: rest.join('/') };
}

/**
 * Asks GitHub about the package behind an image: is it there, may everybody pull it, does its page belong to the
 * repository? Undefined when all is well, or when the image is not GitHub's.
 *
 * @param image "ghcr.io/owner/name", without tag
 * @throws GithubError when GitHub can't be asked; a missing right is a finding
 */
export async function checkPackagePage(
  client: GithubClient,
  image: string,
): Promise<PackageFinding | undefined> {
  const parsed = parsePackage(image);
  if (parsed === undefined) return undefined;
  const { owner, name } = parsed;
  const { repository } = client;
  const fullName = `${repository.owner}/${repository.name}`;
  const isOrganization = await client.isOrganization(owner);
  const site = new URL(repository.webUrl).origin;
  const settings = `${site}/${isOrganization ? 'orgs' : 'users'}/${owner}/packages/container/${encodeURIComponent(name)}/settings`;
  let page;
  try {
    page = await client.findPackage(owner, name, isOrganization);
  } catch (error) {
    if (!(error instanceof GithubError) || error.kind !== 'forbidden') throw error;
    const message = `whether ${image} is public could not be asked: ${error.message}`;
    return { problem: 'unknown', message, hint: error.hint ?? '' };
  }
  if (page === undefined) {
    return {
      problem: 'missing',
      message: `GitHub shows no package ${image} to this token: it does not exist, or belongs to another repository`,
      hint: `If it is there, let ${fullName} use it: "Manage Actions access" at ${settings}`,
    };
  }
  if (page.visibility !== 'public') {
    return {
      problem: 'private',
      message: `${image} is ${page.visibility}: Home Assistant pulls without a login and will be denied`,
      hint: `Make it public: "Change visibility" at ${settings}`,
    };
  }
  if (page.repository === undefined) {
    return {
      problem: 'unlinked',
      message: `${image} is not linked to a repository: its page shows no readme, and workflows have no access`,
      hint: `Link it to ${fullName}: "Connect repository" at ${settings}`,
    };
  }
  if (page.repository.toLowerCase() !== fullName.toLowerCase()) {
    return {
      problem: 'elsewhere',
      message: `${image} is linked to ${page.repository}, not to ${fullName}`,
      hint: `If that is not meant, change it at ${settings}`,
    };
  }
  return undefined;
}
