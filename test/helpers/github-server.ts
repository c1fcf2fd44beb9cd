import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { RestEndpointMethodTypes } from '@octokit/rest';
import { DOCS, FAULTS, simpleUser, type Answer } from './github-answers.js';

type Release = RestEndpointMethodTypes['repos']['getRelease']['response']['data'];
type Asset = Release['assets'][number];
type User = RestEndpointMethodTypes['users']['getByUsername']['response']['data'];
type PackageVersion =
  RestEndpointMethodTypes['packages']['getPackageVersionForUser']['response']['data'];
type Package = RestEndpointMethodTypes['packages']['getPackageForUser']['response']['data'];
type Pull = Pick<
  RestEndpointMethodTypes['pulls']['create']['response']['data'],
  'id' | 'node_id' | 'number' | 'state' | 'title' | 'body' | 'url' | 'html_url' | 'created_at'
> & {
  readonly head: { readonly ref: string; readonly label: string };
  readonly base: { readonly ref: string; readonly label: string };
};
type Notes = RestEndpointMethodTypes['repos']['generateReleaseNotes']['response']['data'];

/** A request as it came in. */
export interface GithubCall {
  /** "POST /repos/octo/addons/releases" */
  readonly route: string;
  readonly query: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers: IncomingMessage['headers'];
}

/** What happens instead of, or after, what was asked for. */
export type GithubFault =
  | Answer
  /** The connection breaks before anything is done. */
  | 'reset'
  /** It is done, and the connection breaks before the answer. */
  | 'lost-answer';

export interface GithubServerOptions {
  readonly token: string;
  readonly owner?: string;
  readonly ownerType?: 'User' | 'Organization';
  readonly repository?: string;
}

/** A server that answers the calls of a release as GitHub's REST API does. */
export interface GithubServer {
  readonly url: string;
  /** What a job in GitHub Actions has in its environment. */
  readonly environment: Readonly<Record<string, string>>;
  readonly calls: readonly GithubCall[];
  /** In the order of their creation. Tests may add their own with `addRelease`. */
  readonly releases: readonly Release[];
  /** In the order of their creation. */
  readonly pulls: readonly Pull[];
  /** What a person does on the page of a pull request. */
  readonly changePull: (number: number, fields: Partial<Pull>) => void;
  readonly addRelease: (fields: Partial<Release> & { readonly tag_name: string }) => Release;
  readonly addPackage: (name: string, fields: Partial<Package>) => void;
  /** A manifest of a package; gone from here once it is deleted. */
  readonly addPackageVersion: (name: string, digest: string, createdAt: string) => void;
  readonly packageVersions: ReadonlyMap<string, readonly PackageVersion[]>;
  /** The content of an asset, as it was uploaded. */
  readonly readAsset: (name: string) => string | undefined;
  /** Commits that the repository does not have. */
  readonly unknownCommits: Set<string>;
  /** The next calls whose route matches fail, once for each fault. */
  readonly failNext: (route: RegExp, ...faults: readonly GithubFault[]) => void;
  readonly stop: () => Promise<void>;
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

/** Starts the server on a free loopback port. */
export async function startGithubServer(options: GithubServerOptions): Promise<GithubServer> {
  const { token, owner = 'octo', ownerType = 'User', repository = 'addons' } = options;
  const calls: GithubCall[] = [];
  const releases: Release[] = [];
  const pulls: Pull[] = [];
  const packages = new Map<string, Package>();
  const packageVersions = new Map<string, PackageVersion[]>();
  const contents = new Map<string, string>();
  const unknownCommits = new Set<string>();
  const faults: { readonly route: RegExp; readonly fault: GithubFault }[] = [];
  let site = '';
  let nextId = 1;
  const base = `/repos/${owner}/${repository}`;

  function makeRelease(fields: Partial<Release> & { readonly tag_name: string }): Release {
    const id = nextId++;
    const draft = fields.draft ?? false;
    const page = draft ? `untagged-${String(id)}` : fields.tag_name;
    return {
      url: `${site}${base}/releases/${String(id)}`,
      assets_url: `${site}${base}/releases/${String(id)}/assets`,
      upload_url: `${site}/uploads${base}/releases/${String(id)}/assets{?name,label}`,
      html_url: `https://github.com/${owner}/${repository}/releases/tag/${page}`,
      id,
      author: simpleUser('github-actions[bot]', 'User', site),
      node_id: `RE_${String(id)}`,
      target_commitish: 'main',
      name: fields.tag_name,
      draft,
      prerelease: false,
      immutable: false,
      created_at: '2026-11-22T10:00:00Z',
      published_at: draft ? null : '2026-11-22T10:00:00Z',
      assets: [],
      tarball_url: draft ? null : `${site}${base}/tarball/${fields.tag_name}`,
      zipball_url: draft ? null : `${site}${base}/zipball/${fields.tag_name}`,
      body: '',
      ...fields,
    };
  }

  function addRelease(fields: Partial<Release> & { readonly tag_name: string }): Release {
    const release = makeRelease(fields);
    releases.push(release);
    return release;
  }

  function isTaken(tag: unknown, except?: Release): boolean {
    return releases.some(
      (release) => release !== except && !release.draft && release.tag_name === tag,
    );
  }

  function create({ body }: GithubCall): Answer {
    if (isTaken(body['tag_name'])) return FAULTS.invalid('tag_name', 'already_exists');
    const release = addRelease(body as Partial<Release> & { tag_name: string });
    return { status: 201, body: release };
  }

  function update(id: number, { body }: GithubCall): Answer {
    const found = releases.find((release) => release.id === id);
    if (found === undefined) return FAULTS.notFound;
    const changed = { ...found, ...body };
    if (!changed.draft) {
      if (isTaken(changed.tag_name, found)) return FAULTS.invalid('tag_name', 'already_exists');
      if (unknownCommits.has(changed.target_commitish)) {
        return FAULTS.invalid('target_commitish', 'invalid');
      }
      changed.html_url = `https://github.com/${owner}/${repository}/releases/tag/${changed.tag_name}`;
      changed.published_at ??= '2026-11-22T11:00:00Z';
    }
    releases[releases.indexOf(found)] = changed;
    return { status: 200, body: changed };
  }

  function refusePull(message: string): Answer {
    return {
      status: 422,
      body: {
        message: 'Validation Failed',
        errors: [{ resource: 'PullRequest', code: 'custom', message }],
        documentation_url: `${DOCS}/pulls/pulls#create-a-pull-request`,
        status: '422',
      },
    };
  }

  function createPull({ body }: GithubCall): Answer {
    const [head, into] = [body['head'] as string, body['base'] as string];
    if (head === into) return refusePull(`No commits between ${into} and ${head}`);
    if (pulls.some(({ state, head: { ref } }) => state === 'open' && ref === head)) {
      return refusePull(`A pull request already exists for ${owner}:${head}.`);
    }
    const number = pulls.length + 1;
    const pull: Pull = {
      id: nextId++,
      node_id: 'PR_1',
      number,
      state: 'open',
      title: body['title'] as string,
      body: body['body'] as string,
      url: `${site}${base}/pulls/${String(number)}`,
      html_url: `https://github.com/${owner}/${repository}/pull/${String(number)}`,
      created_at: '2026-11-22T10:00:00Z',
      head: { ref: head, label: `${owner}:${head}` },
      base: { ref: into, label: `${owner}:${into}` },
    };
    pulls.push(pull);
    return { status: 201, body: pull };
  }

  function changePull(number: number, fields: Partial<Pull>): Answer {
    const index = pulls.findIndex((pull) => pull.number === number);
    const found = pulls[index];
    if (found === undefined) return FAULTS.notFound;
    pulls[index] = { ...found, ...fields };
    return { status: 200, body: pulls[index] };
  }

  function listPulls({ query }: GithubCall): Answer {
    const found = pulls.filter(
      ({ head, base: into, state }) =>
        head.label === query['head'] && into.ref === query['base'] && state === query['state'],
    );
    return { status: 200, body: found };
  }

  function upload(id: number, name: string, content: string, type: string): Answer {
    const release = releases.find((one) => one.id === id);
    if (release === undefined) return FAULTS.notFound;
    if (release.assets.some((asset) => asset.name === name)) {
      return FAULTS.invalid('name', 'already_exists');
    }
    const asset: Asset = {
      url: `${site}${base}/releases/assets/${String(nextId)}`,
      browser_download_url: `https://github.com/${owner}/${repository}/releases/download/${release.tag_name}/${name}`,
      id: nextId++,
      node_id: 'RA_1',
      name,
      label: '',
      state: 'uploaded',
      content_type: type,
      size: content.length,
      digest: null,
      download_count: 0,
      created_at: '2026-11-22T10:00:00Z',
      updated_at: '2026-11-22T10:00:00Z',
      uploader: simpleUser('github-actions[bot]', 'User', site),
    };
    release.assets.push(asset);
    contents.set(name, content);
    return { status: 201, body: asset };
  }

  function removeAsset(id: number): Answer {
    for (const { assets } of releases) {
      const index = assets.findIndex((asset) => asset.id === id);
      if (index >= 0) {
        assets.splice(index, 1);
        return { status: 204 };
      }
    }
    return FAULTS.notFound;
  }

  function answer(call: GithubCall, content: string): Answer {
    if (call.headers.authorization !== `token ${token}`) return FAULTS.badCredentials;
    const [method = '', path = ''] = call.route.split(' ');
    const route = `${method} ${path.replace(base, '')}`;
    const page = Number(call.query['page'] ?? '1');
    const size = Number(call.query['per_page'] ?? '30');
    const id = Number(/\/releases\/(?:assets\/)?(\d+)/.exec(path)?.[1]);
    if (route === 'GET /releases') {
      const all = releases.toReversed();
      return { status: 200, body: all.slice((page - 1) * size, page * size) };
    }
    if (route.startsWith('GET /releases/tags/')) {
      const tag = decodeURIComponent(route.slice('GET /releases/tags/'.length));
      const found = releases.find((release) => !release.draft && release.tag_name === tag);
      return found === undefined ? FAULTS.notFound : { status: 200, body: found };
    }
    if (route === 'POST /releases') return create(call);
    if (route === 'POST /releases/generate-notes') {
      const since = (call.body['previous_tag_name'] ?? 'the beginning') as string;
      const notes: Notes = {
        name: call.body['tag_name'] as string,
        body: `## What's Changed\n* Everything since ${since}`,
      };
      return { status: 200, body: notes };
    }
    if (route === 'GET /pulls') return listPulls(call);
    if (route === 'POST /pulls') return createPull(call);
    if (route.startsWith('PATCH /pulls/')) {
      return changePull(Number(route.split('/').at(-1)), call.body);
    }
    if (method === 'PATCH') return update(id, call);
    const listed = /\/packages\/container\/([^/]+)\/versions(?:\/(\d+))?$/.exec(route);
    if (listed !== null) {
      const name = decodeURIComponent(listed[1] ?? '');
      const versions = packageVersions.get(name) ?? [];
      if (method === 'GET') {
        return { status: 200, body: versions.slice((page - 1) * size, page * size) };
      }
      const rest = versions.filter((one) => one.id !== Number(listed[2]));
      if (rest.length === versions.length) return FAULTS.notFound;
      packageVersions.set(name, rest);
      return { status: 204 };
    }
    if (method === 'DELETE') return removeAsset(id);
    if (path.startsWith('/uploads')) {
      return upload(id, call.query['name'] ?? '', content, call.headers['content-type'] ?? '');
    }
    if (route === `GET /users/${owner}`) {
      const user: User = {
        ...simpleUser(owner, ownerType, site),
        ...{ name: owner, company: null, blog: null, location: null, email: null, bio: null },
        ...{ hireable: null, public_repos: 1, public_gists: 0, followers: 0, following: 0 },
        ...{ created_at: '2020-01-01T00:00:00Z', updated_at: '2026-01-01T00:00:00Z' },
      };
      return { status: 200, body: user };
    }
    const kind = ownerType === 'User' ? 'users' : 'orgs';
    const prefix = `GET /${kind}/${owner}/packages/container/`;
    const found = packages.get(decodeURIComponent(route.slice(prefix.length)));
    if (route.startsWith(prefix) && found !== undefined) return { status: 200, body: found };
    return FAULTS.notFound;
  }

  function send(response: ServerResponse, { status, headers = {}, body }: Answer): void {
    response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers });
    response.end(body === undefined ? undefined : JSON.stringify(body));
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', site);
    const content = await readBody(request);
    const isUpload = url.pathname.startsWith('/uploads');
    const call: GithubCall = {
      route: `${request.method ?? ''} ${url.pathname}`,
      query: Object.fromEntries(url.searchParams),
      body:
        content === '' || isUpload
          ? {}
          : (JSON.parse(content) as Readonly<Record<string, unknown>>),
      headers: request.headers,
    };
    calls.push(call);
    const index = faults.findIndex(({ route }) => route.test(call.route));
    const fault = index < 0 ? undefined : faults.splice(index, 1)[0]?.fault;
    if (fault === 'reset' || fault === 'lost-answer') {
      if (fault === 'lost-answer') answer(call, content);
      request.socket.destroy();
      return;
    }
    send(response, fault ?? answer(call, content));
  }

  const server = createServer((request, response) => void handle(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  site = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  return {
    url: site,
    environment: {
      GITHUB_API_URL: site,
      GITHUB_REPOSITORY: `${owner}/${repository}`,
      GITHUB_TOKEN: token,
    },
    calls,
    releases,
    pulls,
    changePull: (number, fields) => void changePull(number, fields),
    addRelease,
    addPackage: (name, fields) =>
      packages.set(name, {
        id: 197,
        name,
        package_type: 'container',
        url: `${site}/users/${owner}/packages/container/${encodeURIComponent(name)}`,
        html_url: `https://github.com/users/${owner}/packages/container/package/${name}`,
        version_count: 1,
        visibility: 'public',
        created_at: '2026-01-01T00:00:00Z',
        updated_at: '2026-01-01T00:00:00Z',
        ...fields,
      }),
    addPackageVersion: (name, digest, createdAt) => {
      const id = nextId++;
      const url = `${site}/users/${owner}/packages/container/${name}/versions/${String(id)}`;
      const version: PackageVersion = {
        ...{ id, name: digest, url, created_at: createdAt, updated_at: createdAt },
        package_html_url: `https://github.com/users/${owner}/packages/container/package/${name}`,
        metadata: { package_type: 'container', container: { tags: [] } },
      };
      packageVersions.set(name, [...(packageVersions.get(name) ?? []), version]);
    },
    packageVersions,
    readAsset: (name) => contents.get(name),
    unknownCommits,
    failNext: (route, ...queue) => {
      faults.push(...queue.map((fault) => ({ route, fault })));
    },
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
