import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { runPipeline } from '../../../src/pipeline/run.js';
import { planPruneStep } from '../../../src/steps/prune.js';
import { createMemoryRegistry } from '../../helpers/memory-registry.js';
import { sampleAddon } from '../../helpers/sample-addon.js';
import { givenStep, sampleContext } from '../../helpers/sample-context.js';
import { sampleSettings } from '../../helpers/sample-settings.js';
import { requireTool } from '../../helpers/tools.js';
import { addHook, git, isolateGit, makeFolder, refsOf, write } from './support.js';
import { makeShop, makeSources, release, storeOf } from './shop.js';

beforeEach(async () => {
  await isolateGit();
});

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
