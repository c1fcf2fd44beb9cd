import { Octokit, type RestEndpointMethodTypes } from '@octokit/rest';
import { retry } from '@octokit/plugin-retry';
import { throttling } from '@octokit/plugin-throttling';
import { AddonReleaseError } from '../errors.js';
import { VERSION } from '../version.js';
import type { GithubClient, GithubRelease, PullRequest, ReleaseFields } from './api.js';
import {
  describeGithubFailure,
  GithubError,
  type FailedAnswer,
  type GithubErrorClass,
  type Purpose,
} from './failures.js';
import type { GithubTarget } from './target.js';

export interface GithubClientOptions extends GithubTarget {
  /** The class of every failure: what GitHub refuses before anything is published is not `store`. */
  readonly failure: GithubErrorClass;
  readonly signal?: AbortSignal | undefined;
  /** Told before each wait, so that retries are visible. */
  readonly onRetry?: (cause: string, delayMs: number) => void;
  /** How long the plugins' seconds of waiting are, in milliseconds. Default 1000. */
  readonly secondMs?: number;
}

/** Waiting longer holds up a release for less than starting it again would cost. */
const MAX_WAIT_SECONDS = 300;
const MAX_LIMIT_RETRIES = 2;
const RETRIES = 3;
const ONCE = { retries: 0 };
const TIMEOUT_MS = 60_000;
const MAX_PAGES = 3;
/** 429 belongs to the throttling plugin, which waits as long as GitHub asks. */
const FINAL = [400, 401, 403, 404, 409, 410, 422, 429, 451];

const CONTENTS = { permission: 'contents: write', scope: 'repo' };
const PULLS = { permission: 'pull-requests: write', scope: 'repo' };
const PACKAGES = { permission: 'packages: read', scope: 'read:packages' };
const PACKAGE_DELETION = { permission: 'packages: write', scope: 'delete:packages' };

interface RequestFailure {
  readonly status: number;
  readonly message: string;
  readonly response?: {
    readonly headers: FailedAnswer['headers'];
    readonly data?: { readonly errors?: unknown };
  };
}

function readAnswer(cause: unknown): FailedAnswer {
  const error = cause as RequestFailure;
  const errors = error.response?.data?.errors;
  return {
    // Octokit gives 500 to what never got an answer.
    status: error.response === undefined ? undefined : error.status,
    message: error.message,
    headers: error.response?.headers ?? {},
    errors: Array.isArray(errors) ? errors : [],
    cause,
  };
}

type ApiRelease = RestEndpointMethodTypes['repos']['getRelease']['response']['data'];

function toRelease(data: ApiRelease): GithubRelease {
  return {
    id: data.id,
    tag: data.tag_name,
    name: data.name ?? '',
    body: data.body ?? '',
    draft: data.draft,
    prerelease: data.prerelease,
    immutable: data.immutable ?? false,
    htmlUrl: data.html_url,
    uploadUrl: data.upload_url,
    assets: data.assets.map(({ id, name }) => ({ id, name })),
  };
}

function toPullRequest(data: {
  readonly number: number;
  readonly title: string;
  readonly body: string | null;
  readonly html_url: string;
}): PullRequest {
  return { number: data.number, title: data.title, body: data.body ?? '', url: data.html_url };
}

function toParameters({ name, body, draft, prerelease, latest, commit }: ReleaseFields) {
  return {
    ...(name === undefined ? {} : { name }),
    ...(body === undefined ? {} : { body }),
    ...(draft === undefined ? {} : { draft }),
    ...(prerelease === undefined ? {} : { prerelease }),
    ...(latest === undefined
      ? {}
      : { make_latest: latest ? ('true' as const) : ('false' as const) }),
    ...(commit === undefined ? {} : { target_commitish: commit }),
  };
}

/** Rejects as soon as the signal is aborted: the plugins' waits can't be ended. */
async function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  signal.throwIfAborted();
  let onAbort: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => {
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    if (onAbort !== undefined) signal.removeEventListener('abort', onAbort);
  }
}

function connect(options: GithubClientOptions): Octokit {
  const { repository, token, signal, secondMs = 1000, onRetry } = options;
  const onLimit =
    (limit: string) =>
    (seconds: number, _request: unknown, _octokit: unknown, retries: number): boolean => {
      const again = seconds <= MAX_WAIT_SECONDS && retries < MAX_LIMIT_RETRIES;
      if (again) onRetry?.(limit, seconds * secondMs);
      return again;
    };
  // Before the plugins: it hears of every attempt, and they decide what becomes of it.
  const tellRetries = (octokit: {
    readonly hook: { error: (name: 'request', hook: (e: unknown, o: unknown) => never) => void };
  }): Record<string, never> => {
    octokit.hook.error('request', (error, request) => {
      const { retries = RETRIES, retryCount = 0 } = (
        request as { request: { retries?: number; retryCount?: number } }
      ).request;
      const { status, message } = readAnswer(error);
      if ((status === undefined || !FINAL.includes(status)) && retryCount < retries) {
        const cause = status === undefined ? message : `GitHub answered ${status}`;
        onRetry?.(cause, (retryCount + 1) ** 2 * secondMs);
      }
      throw error;
    });
    return {};
  };
  return new (Octokit.plugin(tellRetries as never, retry, throttling))({
    auth: token,
    baseUrl: repository.apiUrl,
    userAgent: `addon-release/${VERSION}`,
    log: { debug: () => 0, info: () => 0, warn: () => 0, error: () => 0 },
    request: {
      fetch: (url: string, init: RequestInit) => {
        const timeout = AbortSignal.timeout(TIMEOUT_MS);
        return fetch(url, {
          ...init,
          signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
        });
      },
    },
    retry: { doNotRetry: FINAL, retries: RETRIES, retryAfterBaseValue: secondMs },
    throttle: {
      id: `${repository.webUrl} ${token}`,
      retryAfterBaseValue: secondMs,
      onRateLimit: onLimit("the hour's requests are used up"),
      onSecondaryRateLimit: onLimit('too many requests in a short time'),
    },
  });
}

export function createGithubClient(options: GithubClientOptions): GithubClient {
  const { repository, failure, signal } = options;
  const octokit = connect(options);
  const here = { owner: repository.owner, repo: repository.name };
  const fullName = `${repository.owner}/${repository.name}`;

  async function call<T>(
    rights: Pick<Purpose, 'permission' | 'scope'>,
    action: string,
    work: () => Promise<T>,
  ): Promise<T> {
    try {
      return await untilAborted(work(), signal);
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof AddonReleaseError) throw error;
      const purpose = { failure, action, ...rights, repository: fullName };
      throw describeGithubFailure(readAnswer(error), purpose);
    }
  }

  async function orNothing<T>(found: Promise<T>): Promise<T | undefined> {
    try {
      return await found;
    } catch (error) {
      if (error instanceof GithubError && error.kind === 'not-found') return undefined;
      throw error;
    }
  }

  const { secondMs = 1000, onRetry } = options;
  return {
    repository,
    repeating: {
      policy: {
        attempts: 3,
        firstDelayMs: secondMs,
        maxDelayMs: 10 * secondMs,
        maxTotalDelayMs: 60 * secondMs,
      },
      signal,
      ...(onRetry === undefined ? {} : { onRetry }),
    },
    listReleases: async function* () {
      for (let page = 1; page <= MAX_PAGES; page++) {
        const parameters = { ...here, per_page: 100, page };
        const { data } = await call(CONTENTS, 'list the releases', () =>
          octokit.rest.repos.listReleases(parameters),
        );
        yield data.map(toRelease);
        if (data.length < 100) return;
      }
    },
    findPublished: (tag) =>
      orNothing(
        call(CONTENTS, `look for the release ${tag}`, async () =>
          toRelease((await octokit.rest.repos.getReleaseByTag({ ...here, tag })).data),
        ),
      ),
    createRelease: (tag, fields) =>
      call(CONTENTS, `create the release ${tag}`, async () => {
        const parameters = { ...here, tag_name: tag, ...toParameters(fields) };
        const { data } = await octokit.rest.repos.createRelease({ ...parameters, request: ONCE });
        return toRelease(data);
      }),
    updateRelease: ({ id, tag }, fields) =>
      call(CONTENTS, `update the release ${tag}`, async () => {
        const parameters = { ...here, release_id: id, tag_name: tag, ...toParameters(fields) };
        return toRelease((await octokit.rest.repos.updateRelease(parameters)).data);
      }),
    generateNotes: (tag, commit, previousTag) =>
      call(CONTENTS, `write notes for ${tag}`, async () => {
        const { data } = await octokit.rest.repos.generateReleaseNotes({
          ...here,
          tag_name: tag,
          ...(commit === undefined ? {} : { target_commitish: commit }),
          ...(previousTag === undefined ? {} : { previous_tag_name: previousTag }),
        });
        return data.body;
      }),
    uploadAsset: ({ id, tag, uploadUrl }, { name, contentType, content }) =>
      call(CONTENTS, `attach ${name} to the release ${tag}`, async () => {
        const { data } = await octokit.rest.repos.uploadReleaseAsset({
          ...here,
          release_id: id,
          url: uploadUrl,
          name,
          data: content,
          headers: { 'content-type': contentType },
          request: ONCE,
        });
        return { id: data.id, name: data.name };
      }),
    deleteAsset: ({ id, name }) =>
      call(CONTENTS, `remove the asset ${name}`, async () => {
        await octokit.rest.repos.deleteReleaseAsset({ ...here, asset_id: id });
      }),
    findPullRequest: (head, base) =>
      call(PULLS, `look for the pull request of ${head}`, async () => {
        const parameters = { ...here, base, head: `${repository.owner}:${head}` };
        const { data } = await octokit.rest.pulls.list({ ...parameters, state: 'open' });
        return data.map(toPullRequest)[0];
      }),
    createPullRequest: (request) =>
      call(PULLS, `open a pull request into ${request.base}`, async () => {
        const parameters = { ...here, ...request, request: ONCE };
        return toPullRequest((await octokit.rest.pulls.create(parameters)).data);
      }),
    updatePullRequest: (number, fields) =>
      call(PULLS, `update the pull request #${number}`, async () => {
        const parameters = { ...here, pull_number: number, ...fields };
        return toPullRequest((await octokit.rest.pulls.update(parameters)).data);
      }),
    isOrganization: (owner) =>
      call(PACKAGES, `look for the owner ${owner}`, async () => {
        const { data } = await octokit.rest.users.getByUsername({ username: owner });
        return data.type === 'Organization';
      }),
    findPackage: (owner, name, isOrganization) =>
      orNothing(
        call(PACKAGES, `look at the package ${owner}/${name}`, async () => {
          const parameters = { package_type: 'container', package_name: name } as const;
          const { data } = isOrganization
            ? await octokit.rest.packages.getPackageForOrganization({ ...parameters, org: owner })
            : await octokit.rest.packages.getPackageForUser({ ...parameters, username: owner });
          return {
            visibility: data.visibility,
            htmlUrl: data.html_url,
            repository: data.repository?.full_name,
          };
        }),
      ),
    listPackageVersions: (owner, name, isOrganization) =>
      orNothing(
        call(PACKAGES, `list the versions of the package ${owner}/${name}`, async () => {
          const page = { package_type: 'container', package_name: name, per_page: 100 } as const;
          const { packages } = octokit.rest;
          const versions = isOrganization
            ? await octokit.paginate(packages.getAllPackageVersionsForPackageOwnedByOrg, {
                ...page,
                org: owner,
              })
            : await octokit.paginate(packages.getAllPackageVersionsForPackageOwnedByUser, {
                ...page,
                username: owner,
              });
          return versions.map((one) => ({
            id: one.id,
            digest: one.name,
            createdAt: one.created_at,
          }));
        }),
      ),
    deletePackageVersion: (owner, name, isOrganization, { id, digest }) =>
      call(PACKAGE_DELETION, `delete ${digest} of the package ${owner}/${name}`, async () => {
        const version = {
          package_type: 'container',
          package_name: name,
          package_version_id: id,
        } as const;
        await (isOrganization
          ? octokit.rest.packages.deletePackageVersionForOrg({ ...version, org: owner })
          : octokit.rest.packages.deletePackageVersionForUser({ ...version, username: owner }));
      }),
  };
}
