import { readFile } from 'node:fs/promises';
import { replaceVersion } from '../addon/set-version.js';
import { AddonReleaseError } from '../errors.js';
import { announce } from '../git/announce.js';
import { replaceFile } from '../addon/replace-file.js';
import { planAnnouncement, releaseSubject, type StoreTarget } from '../plan/announcement.js';
import type { ReleasePlan } from '../plan/release-plan.js';
import type { StoreUpdate } from '../pipeline/results.js';
import { defineStep, type StepContext } from '../pipeline/step.js';

async function writeVersion(
  { configFile, configVersion, version }: ReleasePlan,
  { journal }: StepContext,
): Promise<StoreUpdate> {
  const before = await readFile(configFile, 'utf8');
  const after = replaceVersion(configFile, before, version);
  try {
    if (after !== before) await replaceFile(configFile, after);
  } catch (cause) {
    throw new AddonReleaseError('store', `${configFile} can't be written`, {
      hint: `Set \`version: "${version}"\` by hand; the images are published.`,
      cause,
    });
  }
  await journal.wrote({
    kind: 'file',
    target: configFile,
    detail: `version: ${configVersion} → ${version}`,
  });
  return { file: configFile };
}

async function announceVersion(
  plan: ReleasePlan,
  target: StoreTarget,
  { options, emit, signal, journal }: StepContext,
): Promise<StoreUpdate> {
  const { configFile, version } = plan;
  const { root, path, revision, branch, remote, tag } = target;
  const subject = releaseSubject(plan);
  const { commit, notices, isNew } = await announce(
    {
      root,
      remote: remote?.name,
      branch,
      revision,
      changes: [{ path, edit: (text = '') => replaceVersion(configFile, text, version) }],
      subject,
      tag: { name: tag, message: subject },
    },
    {
      environment: options.environment,
      signal,
      onRetry: (cause, delayMs) => {
        const message = `git: ${cause}; trying again in ${Math.ceil(delayMs / 1000)} s`;
        emit({ type: 'notice', level: 'warning', message });
      },
    },
  );
  for (const message of notices) emit({ type: 'notice', level: 'warning', message });
  for (const write of isNew ? planAnnouncement(target, plan) : []) await journal.wrote(write);
  return { file: configFile, commit, tag, pushedTo: remote?.address };
}

/** Tells the store, last of all: from then on installations are offered the version. */
export const updateStoreStep = defineStep({
  id: 'store',
  title: 'Announce the version in the store',
  needs: ['plan', 'sources', 'verified'],
  tools: ['git'],
  skip: ({ plan, sources }) =>
    sources.store === undefined && plan.configVersion === plan.version
      ? `it says ${plan.version} already`
      : undefined,
  run: ({ plan, sources }, context) =>
    sources.store === undefined
      ? writeVersion(plan, context)
      : announceVersion(plan, sources.store, context),
  summarize: ({ file, commit, tag, pushedTo }) => {
    if (commit === undefined || tag === undefined) return file;
    return `${tag}, commit ${commit.slice(0, 12)}${pushedTo === undefined ? '' : ` at ${pushedTo}`}`;
  },
});
