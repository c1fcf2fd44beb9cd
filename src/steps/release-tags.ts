import { listSlugs } from '../addon/list-slugs.js';
import type { Addon } from '../addon/types.js';
import { chooseTagPattern, formatTag } from '../plan/release-tag.js';

/** The slugs of all add-ons of the repository, the add-on's own among them. */
export async function listSlugsBeside({ slug, repository }: Addon): Promise<readonly string[]> {
  const slugs = repository === undefined ? [] : await listSlugs(repository.folder);
  return [...new Set([...slugs, slug])];
}

/**
 * How the git tags of an add-on's versions are called.
 *
 * @param configured `tag` of addon-release.yaml
 * @returns the tag of a version, given the tags that are there
 */
export async function tagNaming(
  addon: Addon,
  configured: string | undefined,
): Promise<(version: string, existing: Iterable<string>) => string> {
  const { slug } = addon;
  const addonCount = (await listSlugsBeside(addon)).length;
  return (version, existing) =>
    formatTag(chooseTagPattern({ configured, slug, addonCount, existing }), { slug, version });
}
