import type { ReleaseSettings } from '../addon/settings.js';
import { readStoreFiles, type StoreFile } from '../addon/store-files.js';
import type { Addon } from '../addon/types.js';
import { AddonReleaseError } from '../errors.js';
import { readCommittedFiles } from '../git/committed-files.js';
import { listReleaseChanges, pathInRepository } from '../git/release-changes.js';
import { openRepository } from '../git/repository.js';
import { findStoreTarget, refuseSources } from '../git/store-target.js';
import type { StoreTarget } from '../plan/announcement.js';
import { chooseChannel } from '../plan/channel.js';
import type { Elsewhere } from '../plan/channel-store.js';
import { checkTagForm } from '../plan/release-tag.js';
import { chooseVersion } from '../plan/version.js';
import { defineStep, type StepContext } from '../pipeline/step.js';
import { tellWaits } from '../report/retry-notice.js';
import { findElsewhere, isOfferedHere } from './channel-store.js';
import { releaseEdit } from './release-edit.js';
import { listSlugsBeside, tagNaming } from './release-tags.js';

/** Files and folders that the images are made from. */
function watchedOf(
  { folder, buildConfig }: Addon,
  { shared }: Pick<ReleaseSettings, 'shared'>,
): readonly string[] {
  return [folder, ...(buildConfig.file === undefined ? [] : [buildConfig.file]), ...shared];
}

/** @param isOffered whether the config here gets the version; else a tag is made alone */
async function findTarget(
  addon: Addon,
  settings: ReleaseSettings,
  isOffered: boolean,
  { options, emit, signal }: StepContext,
): Promise<StoreTarget | undefined> {
  const version = chooseVersion(options.version, addon.version).text;
  const { slug, configFile } = addon;
  const nameTag = await tagNaming(addon, settings.tag);
  const slugs = await listSlugsBeside(addon);
  const notice = (level: 'info' | 'warning', message: string): void => {
    emit({ type: 'notice', level, message });
  };
  const finding = await findStoreTarget({
    release: isOffered ? releaseEdit(addon, version) : { file: configFile, edit: (text) => text },
    watched: watchedOf(addon, settings),
    allowDirty: options.allowDirty,
    preview: options.dryRun,
    environment: options.environment,
    chooseTag: (names) => {
      const existing = [...names];
      const name = nameTag(version, existing);
      checkTagForm({ name, configured: settings.tag, existing, slug, version, slugs });
      return name;
    },
    signal,
    onRetry: tellWaits(emit, 'git'),
  });
  signal.throwIfAborted();
  for (const message of finding.notices) notice('info', message);
  if (finding.problems.length === 0) return finding.target;
  // A preview shows what would be refused, and goes on.
  if (!options.dryRun) throw refuseSources(finding);
  for (const { message, hint } of finding.problems) {
    notice('warning', `would be refused: ${message}. ${hint ?? ''}`.trim());
  }
  return finding.target;
}

const NO_GIT = { nowhere: '--no-git' } as const;

/**
 * The commit that is checked out, for a release that is one of a commit.
 *
 * @throws AddonReleaseError `usage` when there is none, or the sources are not what it has
 */
async function findCommit(
  addon: Addon,
  settings: ReleaseSettings,
  { signal }: StepContext,
): Promise<string> {
  const repository = await openRepository(addon.folder, signal);
  if (repository?.head === undefined) {
    throw new AddonReleaseError('usage', `${addon.folder} is in no git repository with a commit`, {
      hint: 'Commit the add-on first, or release a version: `addon-release VERSION --multi`.',
    });
  }
  const changes = await listReleaseChanges(repository, watchedOf(addon, settings), undefined);
  if (changes.length === 0) return repository.head;
  const list = changes.map(({ path }) => path).join(', ');
  throw new AddonReleaseError('usage', `there are uncommitted changes: ${list}`, {
    hint: 'A commit is released: commit or stash them.',
  });
}

/** What a store elsewhere gets: of the commit, or what lies there where that is released. */
async function readFiles(
  addon: Addon,
  revision: string | undefined,
  { options, emit }: StepContext,
): Promise<readonly StoreFile[]> {
  const repository = await openRepository(addon.folder);
  const path =
    repository === undefined ? undefined : await pathInRepository(repository.root, addon.folder);
  const isCommitted = revision !== undefined && !options.allowDirty;
  const boundary = addon.repository?.folder ?? addon.folder;
  const { files, left } =
    repository !== undefined && path !== undefined && isCommitted
      ? await readCommittedFiles(repository.root, revision, path)
      : await readStoreFiles(addon.folder, boundary);
  for (const one of left) {
    emit({ type: 'notice', level: 'warning', message: `the store does not get ${one}` });
  }
  return files;
}

/** A branch that is changed by pull requests only is not pushed to; a tag brings its commits along. */
function keepToTag(store: StoreTarget, elsewhere: Elsewhere | undefined): StoreTarget {
  if (elsewhere === undefined || 'nowhere' in elsewhere) return store;
  const { isOwn, proposal, branch } = elsewhere;
  const isGuarded = isOwn && proposal !== undefined && branch === store.branch;
  return isGuarded ? { ...store, branch: undefined } : store;
}

/** Proves that the sources are what they seem, and that the release can be announced in git. */
export const checkSourcesStep = defineStep({
  id: 'sources',
  title: 'Check the sources',
  needs: ['addon', 'settings'],
  tools: ['git'],
  // What was published is announced as it was going to be, whatever has been committed since.
  recall: (_results, { journal: { previous } }) => {
    const { sources, verified } = previous?.results ?? {};
    if (sources === undefined || verified === undefined) return undefined;
    return { result: sources, reason: 'as they were: the images are published and verified' };
  },
  run: async ({ addon, settings }, context) => {
    const { publish, git, edge, channel: asked } = context.options;
    if (!publish) return { store: undefined };
    const version = chooseVersion(context.options.version, addon.version);
    const channel = chooseChannel(version, asked);
    const isOffered = !edge && isOfferedHere(settings, channel);
    if (!git) return { store: undefined, elsewhere: isOffered ? undefined : NO_GIT };
    const store = edge ? undefined : await findTarget(addon, settings, isOffered, context);
    if (isOffered) return { store };
    const revision = edge ? await findCommit(addon, settings, context) : store?.revision;
    const elsewhere = await findElsewhere(
      {
        ...{ addon, settings, channel, revision },
        version: version.text,
        files: await readFiles(addon, revision, context),
        isWayBack: false,
      },
      context,
    );
    return { store: store && keepToTag(store, elsewhere), elsewhere };
  },
  summarize: ({ store, elsewhere }) => {
    const where = store?.remote === undefined ? 'this repository' : store.remote.address;
    const tag = store === undefined ? [] : [`${store.tag} in ${where}`];
    if (elsewhere === undefined) return tag[0] ?? 'nothing is announced in git';
    const there =
      'nowhere' in elsewhere
        ? `no store: ${elsewhere.nowhere}`
        : `${elsewhere.channel} store: ${elsewhere.address}`;
    return [...tag, there].join('; ');
  },
});
