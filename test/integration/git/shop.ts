import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PyDict } from '../../../src/addon/python-value.js';
import type { StoreSettings, Stores } from '../../../src/addon/store-settings.js';
import type { AddonReleaseError } from '../../../src/errors.js';
import type { ReleaseOptions } from '../../../src/pipeline/options.js';
import { runPipeline } from '../../../src/pipeline/run.js';
import { planAnnouncement } from '../../../src/plan/announcement.js';
import { checkSourcesStep } from '../../../src/steps/check-sources.js';
import { updateStoreStep } from '../../../src/steps/update-store.js';
import { sampleAddon } from '../../helpers/sample-addon.js';
import { givenStep, recordingContext } from '../../helpers/sample-context.js';
import { sampleOptions } from '../../helpers/sample-options.js';
import { samplePlan } from '../../helpers/sample-plan.js';
import { sampleSettings } from '../../helpers/sample-settings.js';
import { git, makeFolder, makeStore, write } from './support.js';

/** No text: a null byte, and bytes that are no UTF-8. */
export const ICON = Buffer.from([0x89, 0x50, 0, 0xff, 0xfe, 0x0a]);

export interface Shop {
  readonly bare: string;
  /** A file of the newest commit, as it is. */
  readonly read: (path: string, branch?: string) => Promise<string>;
  readonly list: (branch?: string) => Promise<readonly string[]>;
  /** Somebody else's commit. */
  readonly push: (files: Readonly<Record<string, string>>, branch?: string) => Promise<string>;
}

/** A store in a repository of its own, with another add-on in it. */
export async function makeShop(): Promise<Shop> {
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
export async function makeSources() {
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

export function storeOf(changes: Partial<StoreSettings>): StoreSettings {
  return {
    ...{ repository: undefined, branch: undefined, folder: undefined },
    ...{ name: undefined, slug: undefined, by: 'push' },
    ...changes,
  };
}

export interface Request {
  readonly stores: Stores;
  readonly version?: string;
  readonly options?: Partial<ReleaseOptions>;
  /** What happens between the first and the last step. */
  readonly meanwhile?: () => Promise<unknown>;
}

/** The first and the last step of a release, with everything between them done. */
export async function release(root: string, request: Request) {
  const { stores, version = '1.1.0', options, meanwhile } = request;
  const folder = join(root, 'addon');
  const configFile = join(folder, 'config.yaml');
  const runFolder = await makeFolder('run');
  const plan = { ...samplePlan({ version }), configFile, configVersion: '1.0.0' };
  const { context, events, writes } = recordingContext({
    options: sampleOptions({ version, ...options }),
    runFolder,
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
