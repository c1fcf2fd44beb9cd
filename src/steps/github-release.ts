import { listSlugs } from '../addon/list-slugs.js';
import { readChangelogSection } from '../addon/changelog.js';
import type { GithubClient } from '../github/api.js';
import type { GithubErrorClass } from '../github/failures.js';
import type { ReleaseContent } from '../github/release.js';
import type { ReleasedImage } from '../github/release-body.js';
import { findGithubTarget, type GithubTarget } from '../github/target.js';
import type { Results } from '../pipeline/results.js';
import type { StepContext } from '../pipeline/step.js';
import { tryReadReleaseTag } from '../plan/release-tag.js';
import { compareVersions, parseVersion, readVersion } from '../plan/version.js';
import { AddonReleaseError } from '../errors.js';
import { formatBytes } from '../report/format.js';
import { tellWaits } from '../report/retry-notice.js';

type Inputs = Pick<Results, 'addon' | 'settings' | 'sources' | 'plan'>;

/**
 * Where releases are on GitHub: "owner/name", or why there is no place for them.
 *
 * @param url the sources' remote as a web page
 */
export function findGithubPlace(
  url: string | undefined,
  { options }: Pick<StepContext, 'options'>,
): { readonly name: string } | { readonly reason: string } {
  if (!options.github) return { reason: '--no-github' };
  const target = findGithubTarget(url, options.environment);
  if ('reason' in target) return target;
  return { name: `${target.repository.owner}/${target.repository.name}` };
}

/** Why a release has no place on GitHub; undefined when it has. */
export function findObstacle(
  { sources, plan }: Pick<Results, 'sources' | 'plan'>,
  context: StepContext,
): string | undefined {
  const place = findGithubPlace(plan.source.url, context);
  if ('reason' in place) return place.reason;
  if (sources.store === undefined) return 'the release has no git tag';
  return undefined;
}

/** @param failure the class of what GitHub refuses: `store` once the images are published */
export async function openClient(
  target: GithubTarget,
  failure: GithubErrorClass,
  { signal, emit }: StepContext,
): Promise<GithubClient> {
  const { createGithubClient } = await import('../github/client.js');
  return createGithubClient({
    ...target,
    failure,
    signal,
    onRetry: tellWaits(emit, 'GitHub'),
  });
}

/**
 * `openClient` for the repository of the sources.
 *
 * @param url the sources' remote as a web page
 */
export async function openGithub(
  url: string | undefined,
  failure: GithubErrorClass,
  context: StepContext,
): Promise<GithubClient> {
  const target = findGithubTarget(url, context.options.environment);
  if ('reason' in target) throw new AddonReleaseError(failure, target.reason);
  return openClient(target, failure, context);
}

function readOwnVersion(
  tag: string,
  form: string | undefined,
  slugs: readonly string[],
  slug: string,
): ReturnType<typeof readVersion> {
  const named = tryReadReleaseTag(tag, form, slugs);
  return named?.slug === slug ? readVersion(named.version) : undefined;
}

/** The images of a release, the index first. */
export function listImages({
  plan,
  pushed,
  index,
}: Pick<Results, 'plan' | 'pushed' | 'index'>): readonly ReleasedImage[] {
  const images = pushed.map(({ arch, repository, manifestDigest, compressedBytes }) => ({
    arch,
    download: formatBytes(compressedBytes),
    reference: `${repository}:${plan.version}`,
    digest: manifestDigest,
  }));
  const all = {
    arch: 'all',
    reference: `${index.repository}:${plan.version}`,
    digest: index.digest,
  };
  return [all, ...images];
}

/** What the release says, and how tags of the same add-on compare with its own. */
export async function describeRelease({
  addon,
  settings,
  sources,
  plan,
}: Inputs): Promise<ReleaseContent & { readonly isNewer: (tag: string) => boolean }> {
  const { slug, version, name } = plan;
  const slugs = addon.repository === undefined ? [] : await listSlugs(addon.repository.folder);
  const all = [...new Set([...slugs, slug])];
  const own = parseVersion(version);
  const compare = (tag: string): number => {
    const other = readOwnVersion(tag, settings.tag, all, slug);
    return other === undefined ? 0 : compareVersions(other, own);
  };
  return {
    tag: sources.store?.tag ?? version,
    title: `${name} ${version}`,
    prerelease: !plan.stable,
    notes: readChangelogSection(addon.folder, version),
    commit: sources.store?.revision,
    isOlder: (tag) => compare(tag) < 0,
    isNewer: (tag) =>
      compare(tag) > 0 && readOwnVersion(tag, settings.tag, all, slug)?.stable === true,
  };
}
