import { randomUUID } from 'node:crypto';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { PyDict } from '../../../src/addon/python-value.js';
import type { StoreSettings, Stores } from '../../../src/addon/store-settings.js';
import type { AddonReleaseError } from '../../../src/errors.js';
import { NO_JOURNAL, type RecordedWrite } from '../../../src/pipeline/journal.js';
import type { ReleaseOptions } from '../../../src/pipeline/options.js';
import { runPipeline } from '../../../src/pipeline/run.js';
import { planAnnouncement } from '../../../src/plan/announcement.js';
import type { RunEvent } from '../../../src/report/events.js';
import { checkSourcesStep } from '../../../src/steps/check-sources.js';
import { planPruneStep } from '../../../src/steps/prune.js';
import { updateStoreStep } from '../../../src/steps/update-store.js';
import { FAULTS } from '../../helpers/github-answers.js';
import { startGithubServer, type GithubServer } from '../../helpers/github-server.js';
import { createMemoryRegistry } from '../../helpers/memory-registry.js';
import { sampleAddon } from '../../helpers/sample-addon.js';
import { givenStep, sampleContext } from '../../helpers/sample-context.js';
import { sampleOptions } from '../../helpers/sample-options.js';
import { samplePlan } from '../../helpers/sample-plan.js';
import { sampleSettings } from '../../helpers/sample-settings.js';
import { requireTool } from '../../helpers/tools.js';
import { addHook, git, isolateGit, makeFolder, makeStore, refsOf, write } from './support.js';

/** No text: a null byte, and bytes that are no UTF-8. */
const ICON = Buffer.from([0x89, 0x50, 0, 0xff, 0xfe, 0x0a]);

beforeEach(async () => {
  await isolateGit();
});

interface Shop {
  readonly bare: string;
  /** A file of the newest commit, as it is. */
  readonly read: (path: string, branch?: string) => Promise<string>;
  readonly list: (branch?: string) => Promise<readonly string[]>;
  /** Somebody else's commit. */
  readonly push: (files: Readonly<Record<string, string>>, branch?: string) => Promise<string>;
}

/** A store in a repository of its own, with another add-on in it. */
async function makeShop(): Promise<Shop> {
  const base = await makeFolder('shop');
  const bare = join(base, 'shop.git');
  const clone = join(base, 'clone');
  await git(base, 'init', '--quiet', '--bare', '--initial-branch=main', bare);
  await git(base, 'init', '--quiet', '--initial-branch=main', clone);
  await git(clone, 'remote', 'add', 'origin', bare);
  const push: Shop['push'] = async (files, branch = 'main') => {
    for (const [path, text] of Object.entries(files)) await write(join(clone, path), text);
    await git(clone, 'add', '.');
    await git(clone, 'commit', '--quiet', '--message=Somebody was here');
    await git(clone, 'push', '--quiet', 'origin', `HEAD:${branch}`);
    return git(clone, 'rev-parse', 'HEAD');
  };
  await push({
    'repository.yaml': 'name: A shop\n',
    'other/config.yaml': 'name: Other\nversion: 1\nslug: other\n',
  });
  return {
    bare,
    push,
    read: (path, branch = 'main') => git(bare, 'show', `${branch}:${path}`),
    list: async (branch = 'main') =>
      (await git(bare, 'ls-tree', '-r', '--name-only', branch)).split('\n'),
  };
}

/** The sources of an add-on with everything that a store needs, and more. */
async function makeSources() {
  const store = await makeStore();
  const addon = join(store.root, 'addon');
  await write(join(addon, 'CHANGELOG.md'), '## 1.1.0\n\n- Louder.\n');
  await write(join(addon, 'translations/en.yaml'), 'configuration: {}\n');
  await write(join(addon, 'rootfs/run.sh'), 'exit\n');
  await writeFile(join(addon, 'icon.png'), ICON);
  await git(store.root, 'add', '.');
  await git(store.root, 'commit', '--quiet', '--message=More');
  await git(store.root, 'push', '--quiet');
  return store;
}

function storeOf(changes: Partial<StoreSettings>): StoreSettings {
  return {
    ...{ repository: undefined, branch: undefined, folder: undefined },
    ...{ name: undefined, slug: undefined, by: 'push' },
    ...changes,
  };
}

interface Request {
  readonly stores: Stores;
  readonly version?: string;
  readonly options?: Partial<ReleaseOptions>;
  /** What happens between the first and the last step. */
  readonly meanwhile?: () => Promise<unknown>;
}

/** The first and the last step of a release, with everything between them done. */
async function release(root: string, request: Request) {
  const { stores, version = '1.1.0', options, meanwhile } = request;
  const folder = join(root, 'addon');
  const configFile = join(folder, 'config.yaml');
  const runFolder = await makeFolder('run');
  const plan = { ...samplePlan({ version }), configFile, configVersion: '1.0.0' };
  const events: RunEvent[] = [];
  const writes: Omit<RecordedWrite, 'at'>[] = [];
  const context = sampleContext({
    options: sampleOptions({ version, ...options }),
    runFolder,
    emit: (event) => {
      events.push(event);
    },
    journal: {
      ...NO_JOURNAL,
      wrote: (one) => {
        writes.push(one);
        return Promise.resolve();
      },
    },
  });
  const addon = sampleAddon({
    ...{ folder, configFile, version: '1.0.0', image: undefined },
    normalized: new PyDict(),
    repository: undefined,
  });
  const first = [
    givenStep('addon', addon),
    givenStep('settings', sampleSettings({ stores })),
    checkSourcesStep,
  ];
  const last = [
    givenStep('plan', plan),
    givenStep('pushed', []),
    givenStep('index', { repository: 'ghcr.io/octo/example', digest: `sha256:${'1'.repeat(64)}` }),
    givenStep('verified', { references: [] }),
    updateStoreStep,
  ];
  const before = await runPipeline(first, context);
  if (before.error === undefined) await meanwhile?.();
  const after =
    before.error === undefined && !context.options.dryRun
      ? await runPipeline(last, context, before.results)
      : before;
  const { sources } = before.results;
  return {
    results: after.results,
    error: after.error as AddonReleaseError | undefined,
    writes,
    notices: events.flatMap((event) => (event.type === 'notice' ? [event.message] : [])),
    skipped: events.flatMap((event) => (event.type === 'step-skipped' ? [event.reason] : [])),
    planned: planAnnouncement(sources?.store, plan, sources?.elsewhere).map(({ kind }) => kind),
    runFolder,
  };
}

describe.runIf(requireTool('git'))('a store in another repository', () => {
  test('gets what Home Assistant reads, in one commit; the sources get the tag alone', async () => {
    const [{ root, bare }, shop] = [await makeSources(), await makeShop()];
    const [sources, commits] = [
      await git(bare, 'rev-parse', 'main'),
      await git(shop.bare, 'rev-list', '--count', 'main'),
    ];
    const image = 'ghcr.io/octo/{arch}-example';
    const stores = { stable: storeOf({ repository: shop.bare, name: 'The "example"' }) };
    const { error, results, writes, planned } = await release(root, {
      stores,
      options: { image },
    });
    expect(error).toBeUndefined();
    expect(await shop.list()).toEqual([
      'example/CHANGELOG.md',
      'example/config.yaml',
      'example/icon.png',
      'example/translations/en.yaml',
      'other/config.yaml',
      'repository.yaml',
    ]);
    expect(await shop.read('example/config.yaml')).toBe(
      `# the add-on\nname: The "example"\nversion: "1.1.0"  # set by releases\nslug: example\n\nimage: ${image}`,
    );
    expect(await git(shop.bare, 'rev-parse', 'main:example/icon.png')).toBe(
      await git(root, 'rev-parse', 'HEAD:addon/icon.png'),
    );
    expect(await git(shop.bare, 'rev-list', '--count', 'main')).toBe(String(Number(commits) + 1));
    expect(await git(shop.bare, 'log', '-1', '--format=%an %s%n%n%b', 'main')).toBe(
      `Somebody Release Example 1.1.0\n\nSource-Revision: ${sources}`,
    );
    // The sources stay as they are.
    expect(await git(bare, 'rev-parse', 'main', 'v1.1.0^{commit}')).toBe(`${sources}\n${sources}`);
    expect(await git(root, 'status', '--porcelain')).toBe('');
    expect(planned).toEqual(['git-tag', 'git-push', 'commit', 'git-push']);
    expect(writes.map(({ kind }) => kind)).toEqual(planned);
    expect(results.store).toMatchObject({
      ...{ file: undefined, tag: 'v1.1.0' },
      elsewhere: { address: shop.bare, branch: 'main', folder: 'example', isNew: true },
    });

    const again = await release(root, { stores, options: { image } });
    expect(again.error).toBeUndefined();
    expect(again.writes).toEqual([]);
    expect(again.results.store?.elsewhere).toMatchObject({ isNew: false });
  });

  test('loses what the add-on has no more, and nothing that is not ours', async () => {
    const [{ root }, shop] = [await makeSources(), await makeShop()];
    await shop.push({
      'example/config.json': '{"name": "Example", "version": "1.0.0", "slug": "example"}',
      'example/DOCS.md': 'Old\n',
      'example/translations/de.yml': '{}\n',
      'example/translations/notes.txt': 'ours?\n',
      'example/Dockerfile': 'FROM scratch\n',
    });
    const { error } = await release(root, {
      stores: { stable: storeOf({ repository: shop.bare }) },
    });
    expect(error).toBeUndefined();
    expect((await shop.list()).filter((path) => path.startsWith('example/'))).toEqual([
      'example/CHANGELOG.md',
      'example/Dockerfile',
      'example/config.yaml',
      'example/icon.png',
      'example/translations/en.yaml',
      'example/translations/notes.txt',
    ]);
  });

  test('gets its commit on the new tip when the branch has moved', async () => {
    const [{ root }, shop] = [await makeSources(), await makeShop()];
    let theirs = '';
    const { error, results } = await release(root, {
      stores: { stable: storeOf({ repository: shop.bare, folder: 'sub/example' }) },
      meanwhile: async () => {
        theirs = await shop.push({ 'other/config.yaml': 'name: Newer\nversion: 2\nslug: other\n' });
      },
    });
    expect(error).toBeUndefined();
    expect(await git(shop.bare, 'rev-parse', 'main^')).toBe(theirs);
    expect(await git(shop.bare, 'rev-parse', 'main')).toBe(results.store?.elsewhere?.commit);
    expect(await shop.read('sub/example/config.yaml')).toContain('version: "1.1.0"');
    expect(await shop.read('other/config.yaml')).toContain('Newer');
  });

  test('gets what was released, whatever happens to the files meanwhile', async () => {
    const [{ root }, shop] = [await makeSources(), await makeShop()];
    await release(root, {
      stores: { stable: storeOf({ repository: shop.bare }) },
      meanwhile: () => write(join(root, 'addon/CHANGELOG.md'), 'Unfinished\n'),
    });
    expect(await shop.read('example/CHANGELOG.md')).toContain('Louder');
  });

  test('tells in its own words why it refuses, and stays as it was', async () => {
    const [{ root }, shop] = [await makeSources(), await makeShop()];
    await addHook(shop.bare, 'pre-receive', 'echo "GH006: Protected branch update" >&2; exit 1');
    const before = await refsOf(shop.bare);
    const { error } = await release(root, {
      stores: { stable: storeOf({ repository: shop.bare }) },
    });
    expect(error?.failure).toBe('store');
    expect(error?.output).toContain('GH006: Protected branch update');
    expect(error?.hint).toMatch(/by pull request .*addon-release resume/);
    expect(await refsOf(shop.bare)).toBe(before);
  });

  test('never goes back to an older version by itself', async () => {
    const [{ root }, shop] = [await makeSources(), await makeShop()];
    const config = (version: string) => `name: Example\nversion: ${version}\nslug: example\n`;
    await shop.push({ 'example/config.yaml': config('1.2.0') });
    const stores = { stable: storeOf({ repository: shop.bare }) };
    const { error, results } = await release(root, { stores });
    expect(error).toBeUndefined();
    expect(results.sources?.elsewhere).toEqual({
      nowhere: 'the store stays at 1.2.0: 1.1.0 is older',
    });
    expect(await shop.read('example/config.yaml')).toContain('1.2.0');

    const other = await makeShop();
    const raced = await release(root, {
      stores: { stable: storeOf({ repository: other.bare }) },
      meanwhile: () => other.push({ 'example/config.yaml': config('1.3.0') }),
    });
    expect(raced.error).toBeUndefined();
    expect(raced.notices).toContain('the store stays at 1.3.0: 1.1.0 is older');
    expect(await other.read('example/config.yaml')).toContain('1.3.0');
  });

  test.each([
    ['a repository that is not there', { repository: '/nowhere/at/all' }, /does not answer/],
    ['a branch that is not there', { branch: 'next' }, /the branch next does not exist/],
    ['the folder of another add-on', { folder: 'other' }, /other of .* is the add-on "other"/],
  ] as const)('refuses %s before anything is built', async (_, changes, expected) => {
    const [{ root }, shop] = [await makeSources(), await makeShop()];
    const { error, results } = await release(root, {
      stores: { stable: storeOf({ repository: shop.bare, ...changes }) },
    });
    const said = [error?.message, ...(error?.problems ?? []).map(({ message }) => message)];
    expect(said.join('\n')).toMatch(expected);
    expect(results.plan).toBeUndefined();
  });

  test('is asked for nothing but reading by a preview', async () => {
    const [{ root, bare }, shop] = [await makeSources(), await makeShop()];
    const before = [await refsOf(bare), await refsOf(shop.bare)];
    const { error, planned, runFolder } = await release(root, {
      stores: { stable: storeOf({ repository: shop.bare, by: 'pull-request' }) },
      options: { dryRun: true },
    });
    expect(error).toBeUndefined();
    expect(planned).toEqual(['git-tag', 'git-push', 'commit', 'git-push', 'pull-request']);
    expect([await refsOf(bare), await refsOf(shop.bare)]).toEqual(before);
    expect(await readdir(runFolder)).toEqual([]);
  });
});

describe.runIf(requireTool('git'))('channels', () => {
  test('have stores of their own; one without is offered nowhere', async () => {
    const [{ root, bare }, shop] = [await makeSources(), await makeShop()];
    await shop.push({ 'readme.txt': 'For the brave\n' }, 'next');
    const stores = { beta: storeOf({ repository: shop.bare, branch: 'next' }) };
    const main = await git(bare, 'rev-parse', 'main');
    const beta = await release(root, { stores, version: '1.1.0-beta.1' });
    expect(beta.error).toBeUndefined();
    expect(await shop.read('example/config.yaml', 'next')).toContain('1.1.0-beta.1');
    expect(await shop.list('main')).not.toContain('example/config.yaml');

    const edge = await release(root, { stores, version: '1.1.0-dev.1' });
    expect(edge.error).toBeUndefined();
    expect(edge.results.sources?.elsewhere).toEqual({
      nowhere: 'addon-release.yaml names no store for edge versions',
    });
    expect(await git(bare, 'tag')).toBe('v1.1.0-beta.1\nv1.1.0-dev.1');
    expect(await git(bare, 'rev-parse', 'main')).toBe(main);

    const stable = await release(root, { stores, version: '1.1.0' });
    expect(stable.results.sources?.elsewhere).toBeUndefined();
    expect(await git(bare, 'show', 'main:addon/config.yaml')).toContain('1.1.0');
  });

  test('may share a repository, in folders with slugs of their own', async () => {
    const { root, bare } = await makeSources();
    const same = await release(root, {
      stores: { beta: storeOf({ folder: 'addon-beta' }) },
      version: '1.1.0b1',
    });
    expect(same.error?.problems.map(({ message }) => message)).toEqual([
      expect.stringContaining('two folders of one store would have the add-on "example"'),
    ]);
    const beta = storeOf({ folder: 'addon-beta', slug: 'example_beta', name: 'Example (beta)' });
    const { error } = await release(root, { stores: { beta }, version: '1.1.0b1' });
    expect(error).toBeUndefined();
    const config = await git(bare, 'show', 'main:addon-beta/config.yaml');
    expect(config).toContain('name: Example (beta)\nversion: "1.1.0b1"');
    expect(config).toContain('slug: example_beta');
    expect(await git(bare, 'show', 'main:addon/config.yaml')).toContain('version: "1.0.0"');
    // The working tree follows.
    expect(await git(root, 'rev-parse', 'HEAD')).toBe(await git(bare, 'rev-parse', 'main'));
    expect(await readdir(join(root, 'addon-beta'))).toContain('translations');
  });

  test('write to no store with --no-git', async () => {
    const [{ root, bare }, shop] = [await makeSources(), await makeShop()];
    const before = [await refsOf(bare), await refsOf(shop.bare)];
    const { error, skipped } = await release(root, {
      stores: { stable: storeOf({ repository: shop.bare }) },
      options: { git: false },
    });
    expect(error).toBeUndefined();
    expect(skipped).toEqual(['--no-git']);
    expect([await refsOf(bare), await refsOf(shop.bare)]).toEqual(before);
  });

  test('release a commit without a tag', async () => {
    const [{ root, bare }, shop] = [await makeSources(), await makeShop()];
    const before = await refsOf(bare);
    const request = {
      stores: { edge: storeOf({ repository: shop.bare }) },
      version: '1.0.1-edge.20261123101112.gabc1234',
      options: { edge: true, channel: 'edge' },
    };
    const { error, planned } = await release(root, request);
    expect(error).toBeUndefined();
    expect(planned).toEqual(['commit', 'git-push']);
    expect(await shop.read('example/config.yaml')).toContain(request.version);
    expect(await refsOf(bare)).toBe(before);
    await write(join(root, 'addon/new'), '');
    const dirty = await release(root, request);
    expect(dirty.error?.message).toBe('there are uncommitted changes: addon/new');
  });

  test('refuse a version that has a tag of another form', async () => {
    const { root, bare } = await makeSources();
    await git(root, 'tag', 'v1.0.0');
    await git(root, 'tag', '1.1.0');
    const before = await refsOf(bare);
    const { error } = await release(root, { stores: {} });
    expect(error?.message).toBe(
      'version 1.1.0 has the tag 1.1.0 already, but tags are named like v1.1.0 here',
    );
    expect(await refsOf(bare)).toBe(before);
  });
});

test.runIf(requireTool('git'))('what a store offers is not pruned', async () => {
  const [{ root }, shop] = [await makeSources(), await makeShop()];
  await shop.push({ 'example/config.yaml': 'name: Example\nversion: 1.0.0b1\nslug: example\n' });
  const image = 'registry.example/owner/example';
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const { client, seed } = createMemoryRegistry();
  for (const tag of ['1.0.0b1', '1.0.0b2', '1.0.0b3']) {
    const config = { mediaType, digest: `sha256:${'c'.repeat(64)}`, size: 2 };
    const content = { schemaVersion: 2, mediaType, config, layers: [], annotations: { tag } };
    seed(image, Buffer.from(JSON.stringify(content)), mediaType, tag);
  }
  const folder = join(root, 'addon');
  const prune = async (repository: string) => {
    const beta = storeOf({ repository });
    const configFile = join(folder, 'config.yaml');
    return runPipeline(
      [
        givenStep('addon', sampleAddon({ folder, configFile, image, repository: undefined })),
        givenStep('settings', sampleSettings({ stores: { beta } })),
        planPruneStep({ keep: 1, history: undefined }),
      ],
      sampleContext({ registry: client, runFolder: await makeFolder('run') }),
    );
  };
  const { results, error } = await prune(shop.bare);
  expect(error).toBeUndefined();
  const deleted = results.retention?.repositories[0]?.retention.deleted ?? [];
  expect(deleted.flatMap(({ tags }) => tags)).toEqual(['1.0.0b2']);
  // Rather nothing than something that a silent store may offer.
  const silent = await prune(join(shop.bare, 'nowhere'));
  expect(silent.error).toMatchObject({ failure: 'environment' });
});

/** The address on GitHub, which git finds on this machine. */
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
