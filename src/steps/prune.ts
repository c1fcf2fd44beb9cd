import type { Addon } from '../addon/types.js';
import { AddonReleaseError } from '../errors.js';
import { acquireLock } from '../journal/lock.js';
import { defineStep, type Step, type StepContext } from '../pipeline/step.js';
import { decideRetention, readAttachmentTag } from '../plan/retention.js';
import { readInventory } from '../registry/inventory.js';
import { packagePages } from '../registry/package-page.js';
import { parseImageReference } from '../registry/reference.js';
import { RegistryError } from '../registry/registry-error.js';
import { readOffered, requireNames } from './published-addon.js';

/** What the command line asks for. */
export interface PruneRequest {
  /** How many of the newest versions are kept. */
  readonly keep: number;
  /** How many of the versions that the store offered are kept; undefined = all. */
  readonly history: number | undefined;
}

function listRepositories(addon: Addon, context: StepContext): readonly string[] {
  const names = requireNames(addon, context);
  const perArch = names.perArch === undefined ? [] : addon.arches.map(names.perArch);
  return [...perArch, names.index];
}

/** Decides what can go, without deleting anything. */
export function planPruneStep({ keep, history }: PruneRequest): Step {
  return defineStep({
    id: 'retention',
    title: 'Look for what nobody needs any more',
    needs: ['addon'],
    tools: ['registry', 'git'],
    run: async ({ addon }, context) => {
      const offered = (await readOffered(addon, context)).slice(0, history);
      const repositories = [];
      for (const repository of listRepositories(addon, context)) {
        const name = parseImageReference(repository, 'addon');
        const items = await readInventory(context.registry, name, readAttachmentTag);
        repositories.push({ repository, retention: decideRetention(items, { keep, offered }) });
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
  needs: ['addon'],
  tools: [],
  run: async ({ addon }, context) => {
    const target = listRepositories(addon, context).at(-1) ?? addon.slug;
    return { held: await acquireLock(context.locksFolder, target, `prune of ${addon.slug}`) };
  },
});

/** ghcr.io deletes by GitHub's own API only, never by the registry's. */
function refuseGithub(repository: string): void {
  const pages = packagePages(parseImageReference(repository, 'addon'), 'versions');
  if (pages === undefined) return;
  throw new AddonReleaseError('registry', `ghcr.io does not delete what is in ${repository}`, {
    hint: `Delete the versions that are listed at ${pages.user} (of an organisation: ${pages.organisation}), or by GitHub's API: https://docs.github.com/rest/packages/packages`,
  });
}

/** Deletes what the plan names. An index goes before what it names, so that none is ever half. */
export const pruneStep = defineStep({
  id: 'pruned',
  title: 'Delete it',
  needs: ['retention', 'lock'],
  tools: ['registry'],
  recall: ({ retention }) =>
    retention.repositories.every((one) => one.retention.deleted.length === 0)
      ? { result: { digests: [] }, reason: 'there is nothing to delete' }
      : undefined,
  run: async ({ retention }, { registry, journal, signal }) => {
    const wanted = retention.repositories.filter((one) => one.retention.deleted.length > 0);
    for (const { repository } of wanted) refuseGithub(repository);
    const digests: string[] = [];
    for (const { repository, retention: plan } of wanted) {
      const name = parseImageReference(repository, 'addon');
      for (const { digest, tags } of plan.deleted) {
        signal.throwIfAborted();
        const place = `${repository}@${digest}`;
        try {
          await registry.deleteManifest(name, digest);
        } catch (error) {
          if (!(error instanceof RegistryError) || error.kind !== 'unsupported') throw error;
          throw new AddonReleaseError('registry', `${name.registry} does not delete images`, {
            hint: 'Its operator can allow it: the reference registry by `storage.delete.enabled`. Others have a page or an API of their own for it.',
            cause: error,
          });
        }
        await journal.wrote({ kind: 'delete', target: place, detail: tags.join(', ') });
        digests.push(place);
      }
    }
    return { digests };
  },
  summarize: ({ digests }) => `${digests.length} manifests`,
});
