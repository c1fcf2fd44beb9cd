import type { Addon } from '../addon/types.js';
import { AddonReleaseError } from '../errors.js';
import { requireWholeHistory } from '../git/release-history.js';
import { openRepository } from '../git/repository.js';
import { readSourceFacts } from '../git/source-facts.js';
import { readPackageVersions, type PackageVersions } from '../github/package-versions.js';
import { acquireLock } from '../journal/lock.js';
import type { Results } from '../pipeline/results.js';
import { defineStep, type Step, type StepContext } from '../pipeline/step.js';
import { CHANNELS } from '../plan/channel.js';
import { listRepositories, nameRepositories } from '../plan/release-repositories.js';
import { decideRetention, readAttachmentTag } from '../plan/retention.js';
import { readInventory } from '../registry/inventory.js';
import { packagePages } from '../registry/package-page.js';
import { parseImageReference } from '../registry/reference.js';
import { RegistryError } from '../registry/registry-error.js';
import { findGithubPlace, openGithub } from './github-release.js';
import { readOfferedElsewhere } from './channel-store.js';
import { readOffered, requireNames } from './published-addon.js';

/** What the command line asks for. */
export interface PruneRequest {
  /** How many of the newest versions are kept. */
  readonly keep: number;
  /** How many of the versions that the store offered are kept; undefined = all. */
  readonly history: number | undefined;
}

type Inputs = Pick<Results, 'addon' | 'settings'>;

/** Old names are cleaned up as well: what a release adds to them nobody else removes. */
function listNamed({ addon, settings }: Inputs, context: StepContext): readonly string[] {
  const names = requireNames(addon, settings, context);
  return listRepositories(nameRepositories(names, addon.arches), names.index).map(
    ({ repository }) => repository,
  );
}

/** A release pushes before it names: hours may be between them, on a machine that builds under emulation. */
const RECENT_MS = 7 * 24 * 60 * 60 * 1000;

/** ghcr.io lists and deletes what it holds by GitHub's own API only, for who has a token. */
async function openPackage(
  repository: string,
  { folder }: Addon,
  context: StepContext,
): Promise<PackageVersions | undefined> {
  if (packagePages(parseImageReference(repository, 'addon'), 'versions') === undefined) {
    return undefined;
  }
  const { url } = await readSourceFacts(folder, context.options.environment, 0);
  if ('reason' in findGithubPlace(url, context)) return undefined;
  return readPackageVersions(await openGithub(url, 'environment', context), repository);
}

/** What the config offers and has offered; of a clone that does not know it nothing may be deleted. */
async function listOfferedHere(
  addon: Addon,
  history: number | undefined,
  { signal }: StepContext,
): Promise<readonly string[]> {
  const offered = (await readOffered(addon, { signal })).slice(0, history);
  if (offered.length === history) return offered;
  const repository = await openRepository(addon.folder, signal);
  if (repository?.head !== undefined) {
    await requireWholeHistory(repository.root, 'which versions the store has offered');
  }
  return offered;
}

/** What the stores of the channels offer now; one that can't be asked ends it, as what it offers would be deleted. */
async function listOfferedElsewhere(
  inputs: Inputs,
  context: StepContext,
): Promise<readonly string[]> {
  const found: string[] = [];
  for (const channel of CHANNELS) {
    const version = await readOfferedElsewhere(inputs, channel, context);
    if (version !== undefined) found.push(version);
  }
  return found;
}

/** Decides what can go, without deleting anything. */
export function planPruneStep({ keep, history }: PruneRequest): Step {
  return defineStep({
    id: 'retention',
    title: 'Look for what nobody needs any more',
    needs: ['addon', 'settings'],
    tools: ['registry', 'git'],
    run: async ({ addon, settings }, context) => {
      const offered = [
        ...(await listOfferedHere(addon, history, context)),
        ...(await listOfferedElsewhere({ addon, settings }, context)),
      ];
      const repositories = [];
      for (const repository of listNamed({ addon, settings }, context)) {
        const name = parseImageReference(repository, 'addon');
        const versions = (await openPackage(repository, addon, context))?.list ?? [];
        const digests = versions.map(({ digest }) => digest);
        const items = await readInventory(context.registry, name, readAttachmentTag, digests);
        const recent = new Set(
          versions
            .filter(({ createdAt }) => Date.now() - Date.parse(createdAt) < RECENT_MS)
            .map(({ digest }) => digest),
        );
        const dated = items.map((item) => ({ ...item, isRecent: recent.has(item.digest) }));
        repositories.push({ repository, retention: decideRetention(dated, { keep, offered }) });
      }
      return { slug: addon.slug, keep, repositories };
    },
    summarize: ({ repositories }) => {
      const count = repositories.reduce((sum, { retention }) => sum + retention.deleted.length, 0);
      return count === 0 ? 'nothing' : `${count} manifests`;
    },
  });
}

/** Keeps a release from tagging what is about to be deleted. The command gives the lock back. */
export const lockPruneStep = defineStep({
  id: 'lock',
  title: 'Lock the release',
  needs: ['addon', 'settings'],
  tools: [],
  run: async ({ addon, settings }, context) => {
    const target = requireNames(addon, settings, context).index;
    return { held: await acquireLock(context.locksFolder, target, `prune of ${addon.slug}`) };
  },
});

type Remove = (digest: string) => Promise<unknown>;

/** How a repository's manifests are deleted: by the registry, or where it does not do that, by GitHub. */
async function openRemoval(
  repository: string,
  addon: Addon,
  context: StepContext,
): Promise<Remove> {
  const name = parseImageReference(repository, 'addon');
  const pages = packagePages(name, 'versions');
  if (pages === undefined) {
    return async (digest) => {
      try {
        return await context.registry.deleteManifest(name, digest);
      } catch (error) {
        if (!(error instanceof RegistryError) || error.kind !== 'unsupported') throw error;
        throw new AddonReleaseError('registry', `${name.registry} does not delete images`, {
          hint: 'Its operator can allow it: the reference registry by `storage.delete.enabled`. Others have a page or an API of their own for it.',
          cause: error,
        });
      }
    };
  }
  const versions = await openPackage(repository, addon, context);
  if (versions !== undefined) return versions.remove;
  throw new AddonReleaseError(
    'registry',
    `ghcr.io deletes nothing from ${repository} without a token of GitHub`,
    {
      hint: `Set GITHUB_TOKEN to one with the scope delete:packages, or delete what is listed at ${pages.user} (of an organisation: ${pages.organisation}) by hand.`,
    },
  );
}

/** Deletes what the plan names. An index goes before what it names, so that none is ever half. */
export const pruneStep = defineStep({
  id: 'pruned',
  title: 'Delete it',
  needs: ['addon', 'retention', 'lock'],
  tools: ['registry'],
  recall: ({ retention }) =>
    retention.repositories.every((one) => one.retention.deleted.length === 0)
      ? { result: { digests: [] }, reason: 'there is nothing to delete' }
      : undefined,
  run: async ({ addon, retention }, context) => {
    const { journal, signal } = context;
    const wanted = retention.repositories.filter((one) => one.retention.deleted.length > 0);
    const removals = new Map<string, Remove>();
    for (const { repository } of wanted) {
      removals.set(repository, await openRemoval(repository, addon, context));
    }
    const digests: string[] = [];
    for (const { repository, retention: plan } of wanted) {
      for (const { digest, tags } of plan.deleted) {
        signal.throwIfAborted();
        const place = `${repository}@${digest}`;
        await removals.get(repository)?.(digest);
        await journal.wrote({ kind: 'delete', target: place, detail: tags.join(', ') });
        digests.push(place);
      }
    }
    return { digests };
  },
  summarize: ({ digests }) => `${digests.length} manifests`,
});
