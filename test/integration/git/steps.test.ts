import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import type { ReleaseOptions } from '../../../src/pipeline/options.js';
import { runPipeline } from '../../../src/pipeline/run.js';
import { PyDict } from '../../../src/addon/python-value.js';
import { checkSourcesStep } from '../../../src/steps/check-sources.js';
import { updateStoreStep } from '../../../src/steps/update-store.js';
import { sampleAddon } from '../../helpers/sample-addon.js';
import { givenStep, recordingContext } from '../../helpers/sample-context.js';
import { sampleOptions } from '../../helpers/sample-options.js';
import { samplePlan } from '../../helpers/sample-plan.js';
import { sampleSettings } from '../../helpers/sample-settings.js';
import { requireTool } from '../../helpers/tools.js';
import {
  addHook,
  CONFIG,
  git,
  isolateGit,
  makeFolder,
  makeStore,
  refsOf,
  write,
} from './support.js';

const NEW_CONFIG = CONFIG.replace('1.0.0', '1.1.0');

beforeEach(async () => {
  await isolateGit();
});

/** The first and the last step of a release, with everything between them done. */
async function release(root: string, options: Partial<ReleaseOptions> = {}, severalAddons = false) {
  const folder = join(root, 'addon');
  const configFile = join(folder, 'config.yaml');
  const repository = {
    folder: root,
    file: join(root, 'repository.yaml'),
    name: 'Add-ons',
    url: undefined,
    maintainer: undefined,
  };
  const addon = sampleAddon({
    folder,
    configFile,
    version: '1.0.0',
    normalized: new PyDict(),
    repository: severalAddons ? repository : undefined,
  });
  const plan = { ...samplePlan({ version: '1.1.0' }), configFile, configVersion: '1.0.0' };
  const { context, events, writes } = recordingContext({
    options: sampleOptions({ version: '1.1.0', ...options }),
  });
  const { results, error } = await runPipeline(
    [
      givenStep('addon', addon),
      givenStep('settings', sampleSettings()),
      checkSourcesStep,
      givenStep('plan', plan),
      givenStep('pushed', []),
      givenStep('index', {
        repository: 'ghcr.io/owner/example',
        digest: `sha256:${'1'.repeat(64)}`,
      }),
      givenStep('verified', { references: [] }),
      updateStoreStep,
    ],
    context,
  );
  const notices = events.flatMap((event) => (event.type === 'notice' ? [event.message] : []));
  return { results, error, writes, notices, configFile };
}

describe.runIf(requireTool('git'))('the store', () => {
  test('is told by commit, tag and push, all written down', async () => {
    const { root, bare } = await makeStore();
    const { results, error, writes } = await release(root);
    expect(error).toBeUndefined();
    const commit = await git(bare, 'rev-parse', 'main');
    expect(results.store).toMatchObject({ commit, tag: 'v1.1.0', pushedTo: bare });
    expect(writes.map(({ kind }) => kind)).toEqual(['file', 'commit', 'git-tag', 'git-push']);
    const again = await release(root);
    expect(again.results.store).toMatchObject({ commit });
    expect(again.writes).toEqual([]);
  });

  test('is the file alone without a repository', async () => {
    const root = await makeFolder();
    await write(join(root, 'addon/config.yaml'), CONFIG);
    const { results, notices, writes, configFile } = await release(root);
    expect(results.store).toEqual({ file: configFile });
    expect(await readFile(configFile, 'utf8')).toBe(NEW_CONFIG);
    expect(notices).toEqual([expect.stringContaining('no git repository')]);
    expect(writes.map(({ kind }) => kind)).toEqual(['file']);
  });

  test('is the file alone with --no-git, whatever the repository is like', async () => {
    const { root, bare } = await makeStore();
    await write(join(root, 'addon/new'), '');
    const remote = await refsOf(bare);
    const { results, configFile } = await release(root, { git: false });
    expect(results).toMatchObject({ sources: { store: undefined }, store: { file: configFile } });
    expect(await readFile(configFile, 'utf8')).toBe(NEW_CONFIG);
    expect(await git(root, 'tag')).toBe('');
    expect(await refsOf(bare)).toBe(remote);
  });

  test('is not asked for by commands that publish nothing', async () => {
    const { root } = await makeStore();
    await write(join(root, 'addon/new'), '');
    expect(await release(root, { publish: false })).toMatchObject({
      results: { sources: { store: undefined } },
      error: undefined,
      notices: [],
    });
  });

  test('has tags with the slug where there are several add-ons', async () => {
    const { root } = await makeStore();
    await write(join(root, 'repository.yaml'), 'name: Add-ons\n');
    for (const slug of ['second', 'third']) {
      await write(
        join(root, slug, 'config.yaml'),
        CONFIG.replace('slug: example', `slug: ${slug}`),
      );
    }
    expect((await release(root, {}, true)).results.store?.tag).toBe('example-1.1.0');
  });

  test('what stands against a release ends it at the first step, and is only told in a dry run', async () => {
    const { root } = await makeStore();
    await write(join(root, 'addon/new'), '');
    const refused = await release(root);
    expect(refused.error).toMatchObject({
      failure: 'usage',
      exitCode: 2,
      problems: [{ message: 'there are uncommitted changes: addon/new (untracked)' }],
    });
    expect(refused.results.plan).toBeUndefined();
    const shown = await release(root, { dryRun: true });
    expect(shown.notices).toEqual([
      'would be refused: there are uncommitted changes: addon/new (untracked). Commit or stash them, or release them with --allow-dirty.',
    ]);
    const allowed = await release(root, { allowDirty: true });
    expect(allowed.error).toBeUndefined();
    expect(await git(root, 'status', '--porcelain')).toBe('?? addon/new');
  });

  test('a config whose version cannot be set is refused before anything is built', async () => {
    const { root } = await makeStore();
    await writeFile(join(root, 'addon/config.yaml'), 'name: Example\nslug: example\n');
    await git(root, 'commit', '--quiet', '--all', '--message=No version');
    expect((await release(root)).error).toMatchObject({ failure: 'addon' });
  });

  test('a remote that refuses makes a failure of its own', async () => {
    const { root, bare } = await makeStore();
    await addHook(bare, 'pre-receive', 'echo "not today" >&2; exit 1');
    expect((await release(root)).error).toMatchObject({
      failure: 'store',
      exitCode: 9,
      message: 'origin refuses main and v1.1.0; nothing was changed there',
      output: expect.stringContaining('not today') as string,
      hint: expect.stringContaining('addon-release resume') as string,
    });
  });
});
