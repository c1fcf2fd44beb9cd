import { compareVersions, parseVersion, readVersion } from '../plan/version.js';
import { tryReadReleaseTag } from '../plan/release-tag.js';

/** A tag and the commit that it names. */
export interface TaggedCommit {
  readonly name: string;
  readonly commit: string;
}

export interface FoundRelease {
  readonly version: string;
  readonly commit: string;
}

/**
 * The newest version of each add-on that a tag names. Tags of other kinds, and those that could mean several add-ons,
 * are left out.
 *
 * @param formOf `tag` of each add-on's settings
 * @returns by slug
 */
export function findLastReleases(
  tags: readonly TaggedCommit[],
  slugs: readonly string[],
  formOf: (slug: string) => string | undefined,
): ReadonlyMap<string, FoundRelease> {
  const newest = new Map<string, FoundRelease>();
  const forms = new Set(slugs.map(formOf));
  for (const { name, commit } of tags) {
    for (const form of forms) {
      const named = tryReadReleaseTag(name, form, slugs);
      if (named === undefined || formOf(named.slug) !== form) continue;
      const version = readVersion(named.version);
      const before = newest.get(named.slug);
      const isNewer =
        version !== undefined &&
        (before === undefined || compareVersions(version, parseVersion(before.version)) > 0);
      if (isNewer) newest.set(named.slug, { version: named.version, commit });
    }
  }
  return newest;
}
