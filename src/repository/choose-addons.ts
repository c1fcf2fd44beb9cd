import { basename } from 'node:path';
import { readAddon } from '../addon/read-addon.js';
import { readSettings } from '../addon/settings.js';
import { AddonReleaseError } from '../errors.js';
import type { Problem } from '../problem.js';
import type { Choice } from './choice.js';
import { decide, type DecisionWish } from './decision.js';
import { readFacts, type FactsRequest, type RepositoryAddon } from './read-facts.js';

type Reading =
  | { readonly folder: string; readonly read: RepositoryAddon }
  | { readonly folder: string; readonly problems: readonly Problem[] };

async function readOne(folder: string, root: string): Promise<Reading> {
  const { addon, problems } = await readAddon(folder, { repositoryRoot: root });
  const errors = problems.filter(({ severity }) => severity === 'error');
  if (addon === undefined || errors.length > 0) return { folder, problems: errors };
  const { settings, problems: wrong } = await readSettings(folder, root);
  return wrong.length > 0 ? { folder, problems: wrong } : { folder, read: { addon, settings } };
}

/** Tags, branches and reports know add-ons by their slugs. */
function requireUniqueSlugs(addons: readonly RepositoryAddon[]): void {
  const problems = addons.flatMap(({ addon: { slug, configFile } }, index): readonly Problem[] => {
    const first = addons.findIndex(({ addon }) => addon.slug === slug);
    if (first === index) return [];
    const message = `has the slug "${slug}" of ${addons[first]?.addon.folder ?? ''}`;
    return [{ severity: 'error', file: configFile, message, hint: 'Give it another one.' }];
  });
  if (problems.length === 0) return;
  throw new AddonReleaseError('addon', 'several add-ons have the same slug', { problems });
}

/**
 * Decides for every add-on of a repository whether it gets a release. Add-ons that can't be read are told, and stop
 * none of the others.
 *
 * @param folders those of all its add-ons, absolute
 * @throws AddonReleaseError when git or the registry can't tell
 */
export async function chooseAddons(
  folders: readonly string[],
  request: FactsRequest,
  wish: Omit<DecisionWish, 'changed' | 'isTest'>,
): Promise<readonly Choice[]> {
  const readings = await Promise.all(folders.map((folder) => readOne(folder, request.root)));
  const readable = readings.flatMap((reading) => ('read' in reading ? [reading.read] : []));
  requireUniqueSlugs(readable);
  const facts = await readFacts(readable, request);
  return readings.map((reading): Choice => {
    const { folder } = reading;
    if ('problems' in reading) {
      const { problems } = reading;
      const decision = { outcome: 'broken', reason: 'it has errors', problems } as const;
      return { slug: basename(folder), folder, version: undefined, decision };
    }
    const { addon } = reading.read;
    const known = facts.get(addon);
    if (known === undefined) throw new Error(`nothing is known of ${addon.slug}`);
    const decision = decide(known, { ...wish, changed: request.changed, isTest: request.isTest });
    return { slug: addon.slug, folder, version: addon.version, decision };
  });
}
