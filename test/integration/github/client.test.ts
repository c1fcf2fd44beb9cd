import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { redact } from '../../../src/exec/redact.js';
import { createGithubClient, type GithubClientOptions } from '../../../src/github/client.js';
import { GithubError } from '../../../src/github/failures.js';
import { findGithubTarget } from '../../../src/github/target.js';
import { FAULTS } from '../../helpers/github-answers.js';
import {
  startGithubServer,
  type GithubFault,
  type GithubServerOptions,
} from '../../helpers/github-server.js';

const RELEASES = /^GET \/repos\/octo\/addons\/releases$/;
const BY_TAG = /^GET .*\/releases\/tags\//;
const CREATE = /^POST .*\/releases$/;

async function connect(
  changes: Partial<GithubClientOptions> = {},
  serverOptions: Partial<GithubServerOptions> = {},
) {
  // Requests of one token wait for each other, also across tests.
  const token = `ghs_${randomUUID()}`;
  const server = await startGithubServer({ token, ...serverOptions });
  onTestFinished(() => server.stop());
  const target = findGithubTarget('https://github.com/octo/addons', server.environment);
  if ('reason' in target) throw new Error(target.reason);
  const retries: string[] = [];
  const client = createGithubClient({
    ...target,
    failure: 'store',
    secondMs: 1,
    onRetry: (cause) => retries.push(cause),
    ...changes,
  });
  return { server, client, retries, token };
}

async function failureOf(work: Promise<unknown>): Promise<GithubError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(GithubError);
  return error as GithubError;
}

describe('requests', () => {
  it('carry token, program and media type, and stay on the API that the environment names', async () => {
    const { server, client, token } = await connect();
    await client.createRelease('v1.2.3', { name: '1.2.3', draft: true, commit: 'abc' });
    const [call] = server.calls;
    expect(call?.route).toBe('POST /repos/octo/addons/releases');
    expect(call?.headers.authorization).toBe(`token ${token}`);
    expect(call?.headers['user-agent']).toMatch(/^addon-release\/\d/);
    expect(call?.headers.accept).toBe('application/vnd.github.v3+json');
    expect(call?.body).toEqual({
      tag_name: 'v1.2.3',
      name: '1.2.3',
      draft: true,
      target_commitish: 'abc',
    });
  });

  it('read all pages of a list', async () => {
    const { server, client } = await connect();
    for (let index = 0; index < 120; index++)
      server.addRelease({ tag_name: `v0.${String(index)}.0` });
    const tags: string[] = [];
    for await (const page of client.listReleases()) tags.push(...page.map(({ tag }) => tag));
    expect(tags).toHaveLength(120);
    expect(tags[0]).toBe('v0.119.0');
    expect(server.calls.map(({ query }) => query['page'])).toEqual(['1', '2']);
  });
});

describe('final failures', () => {
  const cases: readonly (readonly [string, GithubFault, RegExp, RegExp])[] = [
    [
      '401: the token is wrong',
      FAULTS.badCredentials,
      /^GitHub does not accept the token, needed to create the release v1 \(Bad credentials\)$/,
      /GITHUB_TOKEN.*\$\{\{ github\.token \}\}/,
    ],
    [
      '403: the permission that is missing, as GitHub names it',
      FAULTS.noPermission,
      /^GitHub does not allow this token to create the release v1 \(Resource not accessible by integration\)$/,
      /`contents: write, or contents: write and workflows: write` to the job's `permissions`.*octo\/addons/,
    ],
    [
      '403: the scope that a classic token lacks',
      FAULTS.noScope,
      /does not allow this token/,
      /has the scopes "read:packages, gist"; it needs repo/,
    ],
    [
      '403: single sign-on',
      FAULTS.singleSignOn,
      /does not allow this token/,
      /https:\/\/github\.com\/orgs\/octo\/sso/,
    ],
    ['404: not there, or not to be seen', FAULTS.notFound, /octo\/addons/, /contents: write/],
    [
      '422: the field and what is wrong with it',
      FAULTS.invalid('tag_name', 'custom', 'tag_name is not a valid tag'),
      /^GitHub refused to create the release v1 \(422: tag name: tag name is not a valid tag\)$/,
      /rules for tags/,
    ],
    [
      '422: the commit was not pushed',
      FAULTS.invalid('target_commitish', 'invalid'),
      /target commitish: invalid/,
      /Push it/,
    ],
  ];

  it.each(cases)('%s', async (_name, fault, message, hint) => {
    const { server, client, retries } = await connect();
    server.failNext(CREATE, fault);
    const error = await failureOf(client.createRelease('v1', { draft: true }));
    expect(error.message).toMatch(message);
    expect(error.hint).toMatch(hint);
    expect(error.exitCode).toBe(9);
    expect(retries).toEqual([]);
    expect(server.calls).toHaveLength(1);
  });

  it('is the environment when nothing has been published yet', async () => {
    const { server, client } = await connect({ failure: 'environment' });
    server.failNext(RELEASES, FAULTS.badCredentials);
    const error = await failureOf(client.listReleases()[Symbol.asyncIterator]().next());
    expect(error.exitCode).toBe(4);
  });
});

describe('failures that pass', () => {
  it('tries again after 5xx, and says so', async () => {
    const { server, client, retries } = await connect();
    server.addRelease({ tag_name: 'v1' });
    server.failNext(BY_TAG, FAULTS.serverError(502), FAULTS.serverError(503));
    expect((await client.findPublished('v1'))?.tag).toBe('v1');
    expect(retries).toEqual(['GitHub answered 502', 'GitHub answered 503']);
  });

  it('gives up after four 5xx in a row', async () => {
    const { server, client } = await connect();
    server.failNext(BY_TAG, ...Array.from({ length: 9 }, () => FAULTS.serverError(500)));
    const error = await failureOf(client.findPublished('v1'));
    expect(error.message).toBe('GitHub failed to look for the release v1 (500: Server Error)');
    expect(server.calls).toHaveLength(4);
  });

  it('tries again after a connection that broke', async () => {
    const { server, client, retries } = await connect();
    server.addRelease({ tag_name: 'v1' });
    server.failNext(BY_TAG, 'reset');
    expect((await client.findPublished('v1'))?.tag).toBe('v1');
    expect(retries).toHaveLength(1);
  });

  it('never repeats a creation by itself: there would be two', async () => {
    const { server, client } = await connect();
    server.failNext(CREATE, 'lost-answer');
    const error = await failureOf(client.createRelease('v1', { draft: true }));
    expect(error.kind).toBe('unreachable');
    expect(server.releases).toHaveLength(1);
  });

  it('waits for the limit of the hour when it is near', async () => {
    const { server, client, retries } = await connect();
    server.addRelease({ tag_name: 'v1' });
    server.failNext(BY_TAG, FAULTS.rateLimit(Math.ceil(Date.now() / 1000) + 100));
    expect((await client.findPublished('v1'))?.tag).toBe('v1');
    expect(retries).toEqual(["the hour's requests are used up"]);
  });

  it('tells when the limit of the hour is lifted when that is far', async () => {
    const { server, client } = await connect();
    server.failNext(BY_TAG, FAULTS.rateLimit(Math.ceil(Date.now() / 1000) + 1800));
    const error = await failureOf(client.findPublished('v1'));
    expect(error.kind).toBe('rate-limited');
    expect(error.message).toMatch(
      /requests of the hour are used up; the limit is lifted at \d\d:\d\d UTC, in (?:30|31) minutes$/,
    );
    expect(server.calls).toHaveLength(1);
  });

  it.each([403, 429] as const)('waits as long as a secondary limit asks (%i)', async (status) => {
    const { server, client, retries } = await connect();
    server.addRelease({ tag_name: 'v1' });
    server.failNext(BY_TAG, FAULTS.secondaryLimit(60, status));
    const started = performance.now();
    expect((await client.findPublished('v1'))?.tag).toBe('v1');
    expect(performance.now() - started).toBeGreaterThan(50);
    expect(retries).toEqual(['too many requests in a short time']);
  });

  it('gives up a secondary limit that stays', async () => {
    const { server, client } = await connect();
    server.failNext(BY_TAG, ...Array.from({ length: 9 }, () => FAULTS.secondaryLimit(30)));
    const error = await failureOf(client.findPublished('v1'));
    expect(error.message).toBe(
      'GitHub did not look for the release v1: too many requests in a short time (secondary rate limit); GitHub asks to wait 30 s',
    );
    expect(server.calls).toHaveLength(3);
  });

  it('does not wait any more when the run is interrupted', async () => {
    const controller = new AbortController();
    const { server, client } = await connect({ signal: controller.signal, secondMs: 1000 });
    server.failNext(BY_TAG, FAULTS.secondaryLimit(200));
    const found = client.findPublished('v1');
    await sleep(100);
    controller.abort(new Error('interrupted'));
    await expect(found).rejects.toThrow('interrupted');
  });
});

it('keeps the token out of all output', async () => {
  const { client } = await connect({}, { token: 'ghs_another_one_that_the_server_wants' });
  await client.findPublished('v1');
  expect(redact(`token ghs_another_one_that_the_server_wants`)).toBe('token ***');
});
