import { listSlugs } from '../addon/list-slugs.js';
import type { Addon } from '../addon/types.js';
import { chooseTagPattern, formatTag } from '../plan/release-tag.js';

/**
 * How the git tags of an add-on's versions are called.
 *
 * @param configured `tag` of addon-release.yaml
 * @returns the tag of a version, given the tags that are there
 */
export async function tagNaming(
  { slug, repository }: Addon,
  configured: string | undefined,
): Promise<(version: string, existing: Iterable<string>) => string> {
  const slugs = repository === undefined ? [slug] : await listSlugs(repository.folder);
  const addonCount = new Set([...slugs, slug]).size;
  return (version, existing) =>
    formatTag(chooseTagPattern({ configured, slug, addonCount, existing }), { slug, version });
}
