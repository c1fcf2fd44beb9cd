import type { ReleaseSettings } from '../addon/settings.js';
import type { Addon } from '../addon/types.js';
import { findStoreTarget, refuseSources } from '../git/store-target.js';
import type { StoreTarget } from '../plan/announcement.js';
import { chooseVersion } from '../plan/version.js';
import { defineStep, type StepContext } from '../pipeline/step.js';
import { releaseEdit } from './release-edit.js';
import { tagNaming } from './release-tags.js';

async function findTarget(
  addon: Addon,
  settings: ReleaseSettings,
  { options, emit, signal }: StepContext,
): Promise<StoreTarget | undefined> {
  const version = chooseVersion(options.version, addon.version).text;
  const { buildConfig } = addon;
  const nameTag = await tagNaming(addon, settings.tag);
  const notice = (level: 'info' | 'warning', message: string): void => {
    emit({ type: 'notice', level, message });
  };
  const finding = await findStoreTarget({
    release: releaseEdit(addon, version),
    watched: [
      addon.folder,
      ...(buildConfig.file === undefined ? [] : [buildConfig.file]),
      ...settings.shared,
    ],
    allowDirty: options.allowDirty,
    preview: options.dryRun,
    environment: options.environment,
    chooseTag: (existing) => nameTag(version, existing),
    signal,
    onRetry: (cause, delayMs) => {
      notice('warning', `git: ${cause}; trying again in ${Math.ceil(delayMs / 1000)} s`);
    },
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
    const { publish, git } = context.options;
    if (!publish || !git) return { store: undefined };
    return { store: await findTarget(addon, settings, context) };
  },
  summarize: ({ store }) => {
    if (store === undefined) return 'nothing is announced in git';
    const where = store.remote === undefined ? 'this repository' : store.remote.address;
    return `${store.tag} in ${where}`;
  },
});
