import { readFile } from 'node:fs/promises';
import { platformOf } from '../addon/arch.js';
import { replaceVersion } from '../addon/set-version.js';
import { AddonReleaseError } from '../errors.js';
import { announce } from '../git/announce.js';
import { replaceFile } from '../addon/replace-file.js';
import { acquireLock } from '../journal/lock.js';
import type { Results } from '../pipeline/results.js';
import { defineStep, type StepContext } from '../pipeline/step.js';
import type { Retag } from '../plan/retag.js';
import type { InstallationTarget } from '../registry/installation.js';
import { installationTarget, requireInstallable } from '../registry/judge-installation.js';
import { parseManifest } from '../registry/manifests.js';
import { formatImageReference, parseImageReference } from '../registry/reference.js';
import { tagImage } from '../registry/tag-image.js';
import { verifyInstallation } from '../registry/verify-installation.js';
import { listPulled, nameRepositories } from '../plan/release-repositories.js';
import { tellWaits } from '../report/retry-notice.js';
import { summarizeStoreCommit, writeElsewhere } from './channel-store.js';
import { requireNames } from './published-addon.js';

/** Keeps a release, and another way back, from writing to the same place. The command gives the lock back. */
export const lockRetagStep = defineStep({
  id: 'lock',
  title: 'Lock the release',
  needs: ['retag'],
  tools: [],
  run: async ({ retag }, { locksFolder }) => {
    const target = retag.images.at(-1)?.repository ?? retag.slug;
    const what = `${retag.kind} of ${retag.slug} to ${retag.version}`;
    return { held: await acquireLock(locksFolder, target, what) };
  },
});

type Inputs = Pick<Results, 'addon' | 'settings' | 'retag'>;

function listTargets({ addon, settings, retag }: Inputs, context: StepContext) {
  const names = requireNames(addon, settings, context);
  const { current, old } = listPulled(nameRepositories(names, addon.arches));
  const describe = (named: typeof current): readonly InstallationTarget[] =>
    named.map(({ arch, repository }) => ({
      ...installationTarget(repository, retag.version, arch, platformOf(arch)),
      isOptional: settings.optionalArches.includes(arch),
    }));
  // The tags of an old name that lacks the version are left alone.
  const isMoved = (one: (typeof old)[number]) =>
    retag.images.some(({ repository }) => repository === one.repository);
  return { targets: describe(current), others: describe(old.filter(isMoved)) };
}

/** An index is taken under another tag only if everything in it is there, also what no installation asks for. */
async function proveIndexes(
  { images }: Retag,
  { registry }: StepContext,
): Promise<readonly string[]> {
  const proven: string[] = [];
  for (const { repository, digest } of images) {
    const name = parseImageReference(repository, 'addon');
    const content = parseManifest(name, await registry.getManifest(name, digest));
    for (const entry of content.kind === 'index' ? content.index.manifests : []) {
      if ((await registry.headManifest(name, entry.digest)) !== undefined) continue;
      throw new AddonReleaseError(
        'verification',
        `${repository}@${digest} names ${entry.digest}, which is not there`,
        { hint: 'Something deleted a part of the version. Go back to another one.' },
      );
    }
    proven.push(formatImageReference({ ...name, digest }));
  }
  return proven;
}

/** Proves, before anything is written, that all of the version is still there and may be named. */
export const proveRetagStep = defineStep({
  id: 'proven',
  title: 'Prove that the version is still there',
  needs: ['addon', 'settings', 'retag'],
  tools: ['registry'],
  run: async (inputs, context) => {
    const { retag, settings } = inputs;
    const { registry, options } = context;
    const report = await verifyInstallation({
      client: settings.private ? registry : registry.withoutLogin(),
      insider: settings.private ? undefined : registry,
      ...listTargets(inputs, context),
    });
    requireInstallable(
      report,
      `${retag.slug} ${retag.version} can't be installed any more`,
      'No tag and nothing in the store was changed.',
    );
    const references = await proveIndexes(retag, context);
    // Whoever looks only needs no right to write.
    const moves = options.dryRun ? [] : retag.moves;
    const written = new Set(moves.map(({ repository }) => repository));
    for (const repository of written) {
      await registry.checkPush(parseImageReference(repository, 'addon'));
    }
    return { references };
  },
  summarize: ({ references }) => references.join(', '),
});

/** Lets the tags name the version. Only manifests are sent, which the registry has already. */
export const moveRetagStep = defineStep({
  id: 'retagged',
  title: 'Move the tags',
  needs: ['retag', 'proven'],
  tools: ['registry'],
  recall: ({ retag }) =>
    retag.moves.length === 0
      ? { result: { references: [] }, reason: 'every tag is where it should be' }
      : undefined,
  run: async ({ retag }, { registry, journal }) => {
    const references: string[] = [];
    for (const { repository, tag, from, to } of retag.moves) {
      const target = `${repository}:${tag}`;
      const name = parseImageReference(repository, 'addon');
      const moved = await tagImage(registry, name, to, tag);
      if (moved) await journal.wrote({ kind: 'tag', target, detail: `${from ?? 'new'} → ${to}` });
      references.push(target);
    }
    return { references };
  },
  summarize: ({ references }) => references.join(', '),
});

async function writeStore(
  retag: Retag,
  storeVersion: string,
  { options, signal, emit, journal }: StepContext,
): Promise<Results['restored']> {
  const { configFile: file, storeBranch, configVersion } = retag;
  const detail = `version: ${configVersion} → ${storeVersion}`;
  if (storeBranch === undefined) {
    await replaceFile(file, replaceVersion(file, await readFile(file, 'utf8'), storeVersion));
    await journal.wrote({ kind: 'file', target: file, detail });
    return { file, commit: undefined, pushedTo: undefined };
  }
  const { root, path, revision, branch, remote } = storeBranch;
  const { commit, notices } = await announce(
    {
      root,
      remote: remote?.name,
      branch,
      revision,
      changes: [{ path, edit: (text = '') => replaceVersion(file, text, storeVersion) }],
      subject: retag.subject,
    },
    {
      environment: options.environment,
      signal,
      onRetry: tellWaits(emit, 'git'),
    },
  );
  for (const message of notices) emit({ type: 'notice', level: 'warning', message });
  await journal.wrote({ kind: 'commit', target: branch, detail: `${commit}, ${detail}` });
  return { file, commit, pushedTo: remote?.address };
}

/** Leads the store to the version, last of all: installations are offered any version that differs from theirs. */
export const restoreStoreStep = defineStep({
  id: 'restored',
  title: 'Lead the store to the version',
  needs: ['retag', 'retagged'],
  tools: ['git'],
  recall: (_results, { journal: { previous } }) => {
    const restored = previous?.results.restored;
    return restored === undefined ? undefined : { result: restored, reason: 'done before' };
  },
  skip: ({ retag }) => retag.storeReason,
  run: async ({ retag }, context) => {
    const { storeVersion, configFile, elsewhere } = retag;
    if (storeVersion === undefined) throw new Error('the store is led to no version');
    if (elsewhere !== undefined) {
      const isWayBack = retag.kind === 'rollback';
      const text = { notes: undefined, images: [] };
      const what = { configFile, subject: retag.subject, isWayBack, text };
      return { file: undefined, elsewhere: await writeElsewhere(elsewhere, what, context) };
    }
    try {
      return await writeStore(retag, storeVersion, context);
    } catch (error) {
      if (error instanceof AddonReleaseError) throw error;
      throw new AddonReleaseError('store', `${configFile} can't be written`, {
        hint: `The tags were moved. Mend it, then \`addon-release resume\`.`,
        cause: error,
      });
    }
  },
  summarize: ({ file = '', commit, pushedTo, elsewhere }) => {
    if (elsewhere !== undefined) return summarizeStoreCommit(elsewhere);
    if (commit === undefined) return file;
    return `commit ${commit.slice(0, 12)}${pushedTo === undefined ? '' : ` at ${pushedTo}`}`;
  },
});
