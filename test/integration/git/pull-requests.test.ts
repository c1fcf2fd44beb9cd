import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { FAULTS } from '../../helpers/github-answers.js';
import { startGithubServer, type GithubServer } from '../../helpers/github-server.js';
import { requireTool } from '../../helpers/tools.js';
import { addHook, git, isolateGit, makeFolder, refsOf, write } from './support.js';
import { makeShop, makeSources, release, storeOf, type Request } from './shop.js';

beforeEach(async () => {
  await isolateGit();
});

const SHOP_ADDRESS = 'https://github.com/octo/shop';

async function startGithub(bare: string, address: string): Promise<GithubServer> {
  const folder = await makeFolder('git-config');
  const settings = `[user]\nname = Somebody\nemail = some@example.org\n[url "${bare}"]\ninsteadOf = ${address}\n`;
  await writeFile(join(folder, 'config'), settings);
  vi.stubEnv('GIT_CONFIG_GLOBAL', join(folder, 'config'));
  const repository = address.split('/').at(-1) ?? '';
  const server = await startGithubServer({ token: `ghs_${randomUUID()}`, repository });
  onTestFinished(() => server.stop());
  return server;
}

describe.runIf(requireTool('git'))('a store that is changed by pull requests', () => {
  async function makeProtected() {
    const [sources, shop] = [await makeSources(), await makeShop()];
    const rule = 'while read -r old new ref; do test "$ref" != refs/heads/main || exit 1; done';
    await addHook(shop.bare, 'pre-receive', rule);
    const github = await startGithub(shop.bare, SHOP_ADDRESS);
    const { GITHUB_TOKEN = '', GITHUB_API_URL = '' } = github.environment;
    return {
      ...{ sources, shop, github },
      request: {
        stores: { stable: storeOf({ repository: SHOP_ADDRESS, by: 'pull-request' }) },
        // The job's own token is for another repository.
        options: {
          environment: {
            ...{ GITHUB_API_URL, GITHUB_REPOSITORY: 'octo/sources', GITHUB_TOKEN: 'not-this-one' },
            ADDON_RELEASE_STORE_TOKEN: GITHUB_TOKEN,
          },
        },
      } satisfies Request,
    };
  }

  test('gets a branch and a pull request, which a second run finds and brings up to date', async () => {
    const { sources, shop, github, request } = await makeProtected();
    const main = await git(shop.bare, 'rev-parse', 'main');
    const { error, results, writes } = await release(sources.root, request);
    expect(error).toBeUndefined();
    const branch = 'addon-release/example-1.1.0';
    expect(await git(shop.bare, 'rev-parse', 'main', `${branch}^`)).toBe(`${main}\n${main}`);
    expect(await shop.read('example/config.yaml', branch)).toContain('version: "1.1.0"');
    expect(github.calls.map(({ route }) => route)).toEqual([
      'POST /repos/octo/shop/pulls',
      'GET /repos/octo/shop/pulls',
      'POST /repos/octo/shop/pulls',
    ]);
    expect(github.calls[0]?.body).toMatchObject({ head: 'main', base: 'main' });
    expect(github.calls[1]?.query).toEqual({
      ...{ base: 'main', head: `octo:${branch}`, state: 'open' },
    });
    const [pull] = github.pulls;
    expect(pull).toMatchObject({ title: 'Release Example 1.1.0', state: 'open' });
    expect(pull?.body).toContain('- Louder.');
    expect(pull?.body).toContain(`sha256:${'1'.repeat(64)}`);
    expect(results.store?.elsewhere?.pullRequest).toEqual({
      ...{ url: 'https://github.com/octo/shop/pull/1', outcome: 'created' },
    });
    expect(writes.map(({ kind }) => kind)).toEqual([
      ...['git-tag', 'git-push', 'commit', 'git-push', 'pull-request'],
    ]);

    const commit = await git(shop.bare, 'rev-parse', branch);
    const again = await release(sources.root, request);
    expect(again.results.store?.elsewhere?.pullRequest?.outcome).toBe('unchanged');
    expect(await git(shop.bare, 'rev-parse', branch)).toBe(commit);

    github.changePull(1, { title: 'Please', body: `Mine.\n\n${pull?.body ?? ''}` });
    const third = await release(sources.root, request);
    expect(third.results.store?.elsewhere?.pullRequest?.outcome).toBe('updated');
    expect(github.pulls[0]?.title).toBe('Release Example 1.1.0');
    expect(github.pulls[0]?.body).toMatch(/^Mine\./);
    expect(github.pulls).toHaveLength(1);
  });

  test('follows a base that moved, and leaves what somebody else put on the branch', async () => {
    const { sources, shop, request } = await makeProtected();
    await release(sources.root, request);
    const branch = 'addon-release/example-1.1.0';
    await addHook(shop.bare, 'pre-receive', 'exit 0');
    const moved = await shop.push({ 'other/config.yaml': 'name: New\nversion: 2\nslug: other\n' });
    expect((await release(sources.root, request)).error).toBeUndefined();
    expect(await git(shop.bare, 'rev-parse', `${branch}^`)).toBe(moved);

    const clone = join(await makeFolder(), 'clone');
    await git(shop.bare, 'clone', '--quiet', '--branch', branch, shop.bare, clone);
    await write(join(clone, 'example/README.md'), 'By hand\n');
    await git(clone, 'add', '.');
    await git(clone, 'commit', '--quiet', '--message=By hand');
    await git(clone, 'push', '--quiet');
    const { error, notices } = await release(sources.root, request);
    expect(error).toBeUndefined();
    expect(notices.join()).toContain(`somebody has changed the branch ${branch}`);
    expect(await shop.read('example/README.md', branch)).toBe('By hand');
  });

  test('needs no pull request when it offers the version already', async () => {
    const { sources, shop, github, request } = await makeProtected();
    await release(sources.root, request);
    const merged = await git(shop.bare, 'rev-parse', 'addon-release/example-1.1.0');
    await git(shop.bare, 'update-ref', 'refs/heads/main', merged);
    const calls = github.calls.length;
    const { error, results, writes } = await release(sources.root, request);
    expect(error).toBeUndefined();
    expect(results.store?.elsewhere).toMatchObject({ isNew: false, pullRequest: undefined });
    expect(writes).toEqual([]);
    expect(github.calls).toHaveLength(calls);
  });

  test.each([
    ['badCredentials', /does not accept the token/, /GITHUB_TOKEN/],
    ['noPulls', /does not allow this token to open a pull request/, /`pull_requests: write`/],
    ['actionsMayNot', /does not allow this token/, /Allow GitHub Actions to create/],
    ['notFound', /knows nothing of octo\/shop/, /`pull-requests: write`/],
  ] as const)('tells %s before anything is built', async (fault, message, hint) => {
    const { sources, shop, github, request } = await makeProtected();
    const before = await refsOf(shop.bare);
    github.failNext(/pulls$/, FAULTS[fault]);
    const { error, results } = await release(sources.root, request);
    expect(error?.failure).toBe('environment');
    expect(error?.message).toMatch(message);
    expect(error?.hint).toMatch(hint);
    expect(results.plan).toBeUndefined();
    expect(await refsOf(shop.bare)).toBe(before);
  });

  test('tells what GitHub refuses at the end, with the branch in place for the next run', async () => {
    const { sources, shop, github, request } = await makeProtected();
    const refused = FAULTS.invalid('base', 'invalid');
    const { error } = await release(sources.root, {
      ...request,
      meanwhile: () => {
        github.failNext(/pulls$/, refused);
        return Promise.resolve();
      },
    });
    expect(error?.failure).toBe('store');
    expect(error?.message).toMatch(/GitHub refused to look for the pull request/);
    expect(await git(shop.bare, 'branch', '--list', 'addon-release/*')).not.toBe('');
    const again = await release(sources.root, request);
    expect(again.results.store?.elsewhere?.pullRequest?.outcome).toBe('created');
  });

  test('opens one pull request when the answer to the first attempt was lost', async () => {
    const { sources, github, request } = await makeProtected();
    await release(sources.root, {
      ...request,
      meanwhile: () => {
        github.failNext(/^POST .*pulls$/, 'lost-answer');
        return Promise.resolve();
      },
    });
    expect(github.pulls).toHaveLength(1);
  });

  test('is the own repository too: only the version is proposed, and the tag is pushed', async () => {
    const { root, bare } = await makeSources();
    await git(root, 'remote', 'set-url', 'origin', 'https://github.com/octo/addons');
    const github = await startGithub(bare, 'https://github.com/octo/addons');
    const head = await git(bare, 'rev-parse', 'main');
    await mkdir(join(bare, 'hooks'), { recursive: true });
    const { error, results } = await release(root, {
      stores: { stable: storeOf({ by: 'pull-request' }) },
      options: { environment: github.environment },
    });
    expect(error).toBeUndefined();
    expect(await git(bare, 'rev-parse', 'main', 'v1.1.0^{commit}')).toBe(`${head}\n${head}`);
    const branch = 'addon-release/example-1.1.0';
    expect(await git(bare, 'diff', '--name-only', 'main', branch)).toBe('addon/config.yaml');
    expect(results.store?.elsewhere?.pullRequest?.url).toBe(
      'https://github.com/octo/addons/pull/1',
    );
    expect(await git(root, 'status', '--porcelain')).toBe('');
  });

  test('has to be on GitHub', async () => {
    const [{ root }, shop] = [await makeSources(), await makeShop()];
    const { error } = await release(root, {
      stores: { stable: storeOf({ repository: shop.bare, by: 'pull-request' }) },
      options: { environment: { GITHUB_TOKEN: 'some-token', GITHUB_REPOSITORY: 'octo/sources' } },
    });
    expect(error?.failure).toBe('environment');
    expect(error?.hint).toContain('Pull requests are opened on GitHub only');
  });
});
