import type { RestEndpointMethodTypes } from '@octokit/rest';

type Package = RestEndpointMethodTypes['packages']['getPackageForUser']['response']['data'];

/** What GitHub sends back. */
export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** Where GitHub says that more is told. */
export const DOCS = 'https://docs.github.com/rest';

function refusal(status: number, message: string, headers: Record<string, string> = {}): Answer {
  const body = { message, documentation_url: DOCS, status: String(status) };
  return { status, headers, body };
}

/** Answers as GitHub gives them. */
export const FAULTS = {
  badCredentials: refusal(401, 'Bad credentials'),
  noPermission: refusal(403, 'Resource not accessible by integration', {
    'x-accepted-github-permissions': 'contents=write; contents=write,workflows=write',
  }),
  noPulls: refusal(403, 'Resource not accessible by integration', {
    'x-accepted-github-permissions': 'pull_requests=write',
  }),
  actionsMayNot: refusal(
    403,
    'GitHub Actions is not permitted to create or approve pull requests.',
  ),
  noScope: refusal(403, 'Must have admin rights to Repository.', {
    'x-oauth-scopes': 'read:packages, gist',
    'x-accepted-oauth-scopes': 'repo',
  }),
  singleSignOn: refusal(403, 'Resource protected by organization SAML enforcement.', {
    'x-github-sso': 'required; url=https://github.com/orgs/octo/sso?authorization_request=A1',
  }),
  rateLimit: (resetSeconds: number) =>
    refusal(403, 'API rate limit exceeded for installation ID 1234.', {
      'x-ratelimit-limit': '1000',
      'x-ratelimit-remaining': '0',
      'x-ratelimit-reset': String(resetSeconds),
    }),
  secondaryLimit: (retryAfterSeconds: number, status: 403 | 429 = 403) =>
    refusal(
      status,
      'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.',
      { 'retry-after': String(retryAfterSeconds) },
    ),
  notFound: refusal(404, 'Not Found'),
  serverError: (status = 500): Answer => ({
    status,
    headers: { 'content-type': 'application/json' },
    body: { message: 'Server Error' },
  }),
  invalid: (field: string, code: string, message?: string): Answer => ({
    status: 422,
    body: {
      message: 'Validation Failed',
      errors: [{ resource: 'Release', code, field, ...(message === undefined ? {} : { message }) }],
      documentation_url: `${DOCS}/releases/releases#create-a-release`,
      status: '422',
    },
  }),
} as const;

export function simpleUser(login: string, type: 'User' | 'Organization', site: string) {
  const api = `${site}/users/${login}`;
  return {
    login,
    id: 583231,
    node_id: 'MDQ6VXNlcjU4MzIzMQ==',
    avatar_url: `${site}/avatars/583231`,
    gravatar_id: '',
    url: api,
    html_url: `${site}/${login}`,
    followers_url: `${api}/followers`,
    following_url: `${api}/following{/other_user}`,
    gists_url: `${api}/gists{/gist_id}`,
    starred_url: `${api}/starred{/owner}{/repo}`,
    subscriptions_url: `${api}/subscriptions`,
    organizations_url: `${api}/orgs`,
    repos_url: `${api}/repos`,
    events_url: `${api}/events{/privacy}`,
    received_events_url: `${api}/received_events`,
    type,
    site_admin: false,
  };
}

/** The repository of a package, as its page links it. */
export function linkedRepository(fullName: string): Pick<Package, 'repository'> {
  const [owner = '', name = ''] = fullName.split('/');
  const api = `https://api.github.com/repos/${fullName}`;
  const links = [
    ...['archive', 'assignees', 'blobs', 'branches', 'collaborators', 'comments', 'commits'],
    ...['compare', 'contents', 'contributors', 'deployments', 'downloads', 'events', 'forks'],
    ...['git_commits', 'git_refs', 'git_tags', 'hooks', 'issue_comment', 'issue_events', 'issues'],
    ...['keys', 'labels', 'languages', 'merges', 'milestones', 'notifications', 'pulls'],
    ...['releases', 'stargazers', 'statuses', 'subscribers', 'subscription', 'tags', 'teams'],
    'trees',
  ].map((link) => [`${link}_url`, `${api}/${link}`] as const);
  const repository = {
    ...Object.fromEntries(links),
    ...{ id: 1296269, node_id: 'R_1', name, full_name: fullName, private: false, fork: false },
    ...{ description: null, url: api, html_url: `https://github.com/${fullName}` },
    owner: simpleUser(owner, 'User', 'https://api.github.com'),
  };
  return { repository: repository as unknown as NonNullable<Package['repository']> };
}
