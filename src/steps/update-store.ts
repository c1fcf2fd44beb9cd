import { readFile } from 'node:fs/promises';
import { readChangelogSection } from '../addon/changelog.js';
import { replaceVersion } from '../addon/set-version.js';
import { AddonReleaseError } from '../errors.js';
import { announce } from '../git/announce.js';
import { replaceFile } from '../addon/replace-file.js';
import { planAnnouncement, releaseSubject, type StoreTarget } from '../plan/announcement.js';
import type { ReleasePlan } from '../plan/release-plan.js';
import type { Results, StoreUpdate } from '../pipeline/results.js';
import { defineStep, type StepContext } from '../pipeline/step.js';
import { tellWaits } from '../report/retry-notice.js';
import { summarizeStoreCommit, writeElsewhere } from './channel-store.js';
import { listImages } from './github-release.js';

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

/** @param isOffered whether the config here gets the version; else the tag alone is made */
async function announceVersion(
  plan: ReleasePlan,
  target: StoreTarget,
  isOffered: boolean,
  { options, emit, signal, journal }: StepContext,
): Promise<StoreUpdate> {
  const { configFile, version } = plan;
  const { root, path, revision, branch, remote, tag } = target;
  const subject = releaseSubject(plan);
  const change = { path, edit: (text = '') => replaceVersion(configFile, text, version) };
  const { commit, notices, isNew } = await announce(
    {
      root,
      remote: remote?.name,
      branch,
      revision,
      changes: isOffered ? [change] : [],
      subject,
      tag: { name: tag, message: subject },
    },
    {
      environment: options.environment,
      signal,
      onRetry: tellWaits(emit, 'git'),
    },
  );
  for (const message of notices) emit({ type: 'notice', level: 'warning', message });
  const writes = planAnnouncement(target, plan, isOffered ? undefined : { nowhere: 'elsewhere' });
  for (const write of isNew ? writes : []) await journal.wrote(write);
  const file = isOffered ? configFile : undefined;
  return { file, commit, tag, pushedTo: remote?.address };
}

async function writeHere(
  plan: ReleasePlan,
  { store, elsewhere }: Results['sources'],
  context: StepContext,
): Promise<StoreUpdate> {
  const isOffered = elsewhere === undefined;
  if (store !== undefined) return announceVersion(plan, store, isOffered, context);
  return isOffered ? writeVersion(plan, context) : { file: undefined };
}

/** Tells the store, last of all: from then on installations are offered the version. */
export const updateStoreStep = defineStep({
  id: 'store',
  title: 'Announce the version in the store',
  needs: ['addon', 'plan', 'sources', 'pushed', 'index', 'verified'],
  tools: ['git'],
  skip: ({ plan, sources: { store, elsewhere } }) => {
    if (store !== undefined) return undefined;
    if (elsewhere !== undefined) return 'nowhere' in elsewhere ? elsewhere.nowhere : undefined;
    return plan.configVersion === plan.version ? `it says ${plan.version} already` : undefined;
  },
  run: async ({ addon, plan, sources, pushed, index }, context) => {
    const here = await writeHere(plan, sources, context);
    const { elsewhere } = sources;
    if (elsewhere === undefined || 'nowhere' in elsewhere) return here;
    const written = await writeElsewhere(
      elsewhere,
      {
        configFile: plan.configFile,
        subject: releaseSubject(plan),
        isWayBack: false,
        text: {
          notes: readChangelogSection(addon.folder, plan.version),
          images: listImages({ plan, pushed, index }),
        },
      },
      context,
    );
    return { ...here, elsewhere: written };
  },
  summarize: ({ file, commit, tag, pushedTo, elsewhere }) => {
    const there = elsewhere === undefined ? undefined : summarizeStoreCommit(elsewhere);
    if (commit === undefined || tag === undefined) return there ?? file ?? '';
    const place = pushedTo === undefined ? '' : ` at ${pushedTo}`;
    const here = `${tag}, commit ${commit.slice(0, 12)}${place}`;
    return there === undefined ? here : `${here}; ${there}`;
  },
});
