import { registerSecret } from '../exec/redact.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** A repository on GitHub, and where its API and its pages are. */
export interface GithubRepository {
  readonly owner: string;
  readonly name: string;
  /** "https://github.com/owner/name" */
  readonly webUrl: string;
  /** "https://api.github.com", or GITHUB_API_URL. */
  readonly apiUrl: string;
}

/** Where a release is announced, and as whom. */
export interface GithubTarget {
  readonly repository: GithubRepository;
  readonly token: string;
}

/** Names as GitHub allows them; anything else would not stay one part of an address. */
const NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9_-])?$/;

function serverUrl(environment: Environment): string {
  const given = environment['GITHUB_SERVER_URL'];
  return given !== undefined && URL.canParse(given) ? given.replace(/\/$/, '') : GITHUB;
}

const GITHUB = 'https://github.com';

function parsePath(path: string): readonly [owner: string, name: string] | undefined {
  const [owner = '', name = '', ...others] = path.split('/').filter((part) => part !== '');
  return others.length === 0 && NAME.test(owner) && NAME.test(name) ? [owner, name] : undefined;
}

/** GitHub Enterprise Server has its API below /api/v3, GitHub with data residency (ghe.com) at a host of its own. */
function apiUrlOf(webUrl: URL, environment: Environment): string {
  const given = environment['GITHUB_API_URL'];
  if (given !== undefined && URL.canParse(given)) return given.replace(/\/$/, '');
  if (webUrl.hostname === 'github.com' || webUrl.hostname.endsWith('.ghe.com')) {
    return `https://api.${webUrl.hostname}`;
  }
  return `${webUrl.origin}/api/v3`;
}

/**
 * The repository on GitHub that a remote names, else the one that a workflow runs for (GITHUB_REPOSITORY).
 *
 * @param remoteUrl the remote's address as a web page, without credentials
 */
export function findGithubRepository(
  remoteUrl: string | undefined,
  environment: Environment,
): GithubRepository | undefined {
  // These call themselves by GitHub's variables too.
  const isOther = ['FORGEJO_ACTIONS', 'GITEA_ACTIONS'].some((name) => environment[name] === 'true');
  const server = isOther ? GITHUB : serverUrl(environment);
  const hosts = [GITHUB, server, `https://${environment['GH_HOST'] ?? 'github.com'}`]
    .filter((url) => URL.canParse(url))
    .map((url) => new URL(url).host);
  const remote =
    remoteUrl !== undefined && URL.canParse(remoteUrl) ? new URL(remoteUrl) : undefined;
  const isGithub =
    remote !== undefined && (hosts.includes(remote.host) || remote.hostname.endsWith('.ghe.com'));
  const origin = isGithub ? remote.origin : server;
  const parts = parsePath(
    isGithub ? remote.pathname : isOther ? '' : (environment['GITHUB_REPOSITORY'] ?? ''),
  );
  if (parts === undefined) return undefined;
  const [owner, name] = parts;
  return {
    owner,
    name,
    webUrl: `${origin}/${owner}/${name}`,
    apiUrl: apiUrlOf(new URL(origin), environment),
  };
}

/**
 * Where a release can be announced, or why it can't be. The token (GITHUB_TOKEN, else GH_TOKEN) is kept out of all
 * output from here on.
 */
export function findGithubTarget(
  remoteUrl: string | undefined,
  environment: Environment,
): GithubTarget | { readonly reason: string } {
  const repository = findGithubRepository(remoteUrl, environment);
  if (repository === undefined) return { reason: 'the sources have no remote on GitHub' };
  const token = [environment['GITHUB_TOKEN'], environment['GH_TOKEN']].find(
    (value) => value !== undefined && value !== '',
  );
  if (token === undefined) {
    return { reason: 'there is no token for GitHub (GITHUB_TOKEN)' };
  }
  registerSecret(token);
  return { repository, token };
}
