import { retry } from '../exec/retry.js';
import type { GithubAsset, GithubClient, GithubRelease } from './api.js';
import { GithubError } from './failures.js';
import {
  hasOwnNotes,
  withImages,
  withNotes,
  withoutRollback,
  withRollback,
  type ReleasedImage,
} from './release-body.js';

/** What a release on GitHub says, whether it is a draft or published. */
export interface ReleaseContent {
  readonly tag: string;
  readonly title: string;
  readonly prerelease: boolean;
  /** The changelog's section; undefined = GitHub lists commits and pull requests since the release before. */
  readonly notes: string | undefined;
  /** Where the tag is set if it does not exist at publishing. */
  readonly commit: string | undefined;
  /** Is this the tag of an older version of the same add-on? */
  readonly isOlder: (tag: string) => boolean;
}

export interface PublishedContent extends ReleaseContent {
  readonly images: readonly ReleasedImage[];
  /** Opens the add-on in Home Assistant. */
  readonly storeLink: string | undefined;
  readonly assets: readonly ReleaseAsset[];
  /** Is this the tag of a newer stable version of the same add-on? Then this one does not become "latest". */
  readonly isNewer: (tag: string) => boolean;
}

export interface ReleaseAsset {
  readonly name: string;
  readonly contentType: string;
  readonly content: string;
}

/** A release that is there now. */
export interface AnnouncedRelease {
  readonly tag: string;
  readonly url: string;
  readonly outcome: 'created' | 'updated' | 'unchanged';
}

export interface GithubDraft extends AnnouncedRelease {
  /** Somebody published it before: it stays as it is until its images are there. */
  readonly published: boolean;
}

export interface PublishedRelease extends AnnouncedRelease {
  /** What could not be attached, with the reason. */
  readonly missingAssets: readonly string[];
}

interface Survey {
  /** Published, or a draft. */
  readonly release: GithubRelease | undefined;
  /** Published ones, newest first. */
  readonly others: readonly GithubRelease[];
}

/** After these nobody knows whether it was done: one has to look. */
function isOpen(error: unknown): boolean {
  return (
    error instanceof GithubError && (error.kind === 'unreachable' || error.kind === 'server-error')
  );
}

async function lookAround(client: GithubClient, tag: string): Promise<Survey> {
  const published = await client.findPublished(tag);
  const others: GithubRelease[] = [];
  let draft: GithubRelease | undefined;
  for await (const page of client.listReleases()) {
    draft ??= page.find((release) => release.draft && release.tag === tag);
    others.push(...page.filter((release) => !release.draft && release.tag !== tag));
  }
  return { release: published ?? draft, others };
}

async function writeNotes(
  client: GithubClient,
  content: ReleaseContent,
  others: readonly GithubRelease[],
): Promise<string> {
  if (content.notes !== undefined) return content.notes;
  const previous = others.find(({ tag }) => content.isOlder(tag))?.tag;
  return client.generateNotes(content.tag, content.commit, previous);
}

/** Creates the draft unless an attempt whose answer was lost has done it. */
async function createDraft(
  client: GithubClient,
  content: ReleaseContent,
  body: string,
): Promise<GithubRelease> {
  const { tag, title, prerelease, commit } = content;
  return retry(
    async (attempt) => {
      const made = attempt === 1 ? undefined : (await lookAround(client, tag)).release;
      const fields = { name: title, body, draft: true, prerelease, commit };
      return made ?? client.createRelease(tag, fields);
    },
    (error) => (isOpen(error) ? { cause: (error as GithubError).message } : undefined),
    client.repeating,
  );
}

/** The release of the tag, made as a draft where there is none, and what else is there. */
async function findOrCreate(
  client: GithubClient,
  content: ReleaseContent,
): Promise<Survey & { readonly release: GithubRelease; readonly created: boolean }> {
  const survey = await lookAround(client, content.tag);
  if (survey.release !== undefined) {
    return { ...survey, release: survey.release, created: false };
  }
  const body = withNotes('', await writeNotes(client, content, survey.others));
  const release = await createDraft(client, content, body);
  return { ...survey, release, created: true };
}

/**
 * Makes the draft of a release, or brings the one that is there up to date. Proves early that the token may do it.
 * Notes that somebody wrote stay.
 *
 * @throws GithubError
 */
export async function prepareDraft(
  client: GithubClient,
  content: ReleaseContent,
): Promise<GithubDraft> {
  const { release, others, created } = await findOrCreate(client, content);
  const { tag, htmlUrl: url, draft } = release;
  if (created) return { tag, url, outcome: 'created', published: false };
  if (!draft) return { tag, url, outcome: 'unchanged', published: true };
  const { title, prerelease, commit } = content;
  const body = hasOwnNotes(release.body)
    ? release.body
    : withNotes(release.body, await writeNotes(client, content, others));
  await client.updateRelease(release, { name: title, body, prerelease, commit });
  return { tag, url, outcome: 'updated', published: false };
}

/** Replaces an asset of the same name, also the rest of an upload that broke off. */
async function attach(
  client: GithubClient,
  release: GithubRelease,
  asset: ReleaseAsset,
): Promise<void> {
  const remove = async (assets: readonly GithubAsset[]): Promise<void> => {
    for (const old of assets.filter(({ name }) => name === asset.name)) {
      await client.deleteAsset(old);
    }
  };
  await retry(
    async (attempt) => {
      const now =
        attempt === 1 ? release : ((await lookAround(client, release.tag)).release ?? release);
      await remove(now.assets);
      await client.uploadAsset(release, asset);
    },
    (error) =>
      isOpen(error) || (error instanceof GithubError && error.codes.includes('already_exists'))
        ? { cause: (error as GithubError).message }
        : undefined,
    client.repeating,
  );
}

async function attachAll(
  client: GithubClient,
  release: GithubRelease,
  assets: readonly ReleaseAsset[],
): Promise<readonly string[]> {
  if (release.immutable) return assets.map(({ name }) => `${name}: the release is immutable`);
  const missing: string[] = [];
  for (const asset of assets) {
    try {
      await attach(client, release, asset);
    } catch (error) {
      // The release is complete without its report.
      if (!(error instanceof GithubError)) throw error;
      missing.push(`${asset.name}: ${error.message}`);
    }
  }
  return missing;
}

/**
 * Publishes the release of a version whose images are there: digests and link to the store below the notes, assets,
 * then out of draft. Finds what an earlier run or a person made; a release that is published stays so, as pre-release
 * or "latest" as it is.
 *
 * @throws GithubError
 */
export async function publishRelease(
  client: GithubClient,
  content: PublishedContent,
): Promise<PublishedRelease> {
  const { release, others, created } = await findOrCreate(client, content);
  const missingAssets = await attachAll(client, release, content.assets);
  const notes = hasOwnNotes(release.body) ? '' : await writeNotes(client, content, others);
  const body = withImages(
    withoutRollback(withNotes(release.body, notes)),
    content.images,
    content.storeLink,
  );
  const { tag } = release;
  if (!release.draft) {
    const prerelease = release.prerelease || content.prerelease;
    if (body === release.body && prerelease === release.prerelease) {
      return { tag, url: release.htmlUrl, outcome: 'unchanged', missingAssets };
    }
    const { htmlUrl: url } = await client.updateRelease(release, { body, prerelease });
    return { tag, url, outcome: 'updated', missingAssets };
  }
  const isSuperseded = others.some((other) => !other.prerelease && content.isNewer(other.tag));
  const { htmlUrl: url } = await client.updateRelease(release, {
    name: content.title,
    body,
    draft: false,
    prerelease: content.prerelease,
    latest: !content.prerelease && !isSuperseded,
    commit: content.commit,
  });
  return { tag, url, outcome: created ? 'created' : 'updated', missingAssets };
}

/**
 * Marks a release whose version is not offered any more: a warning at its top, a pre-release from now on; the one that
 * is offered instead becomes "latest". Releases that are not there are left out.
 *
 * @param tag undefined when the other version was offered already
 * @returns the tags of the releases that were changed
 * @throws GithubError
 */
export async function markRolledBack(
  client: GithubClient,
  { tag, replacement }: { readonly tag: string | undefined; readonly replacement: string },
): Promise<readonly string[]> {
  const [bad, good] = await Promise.all([
    tag === undefined ? undefined : client.findPublished(tag),
    client.findPublished(replacement),
  ]);
  const changed: string[] = [];
  if (bad !== undefined) {
    const body = withRollback(bad.body, replacement);
    await client.updateRelease(bad, { body, prerelease: true, latest: false });
    changed.push(bad.tag);
  }
  if (good !== undefined) {
    // What was rolled back before is offered again: its mark goes, and with it the mark's pre-release.
    const body = withoutRollback(good.body);
    const wasMarked = body !== good.body;
    if (wasMarked || !good.prerelease) {
      const prerelease = good.prerelease && !wasMarked;
      await client.updateRelease(good, { body, prerelease, latest: !prerelease });
      changed.push(replacement);
    }
  }
  return changed;
}

/**
 * Tells of a pre-release that its version is for everybody now.
 *
 * @returns the tags of the releases that were changed
 * @throws GithubError
 */
export async function markPromoted(client: GithubClient, tag: string): Promise<readonly string[]> {
  const release = await client.findPublished(tag);
  if (release?.prerelease !== true) return [];
  await client.updateRelease(release, { prerelease: false, latest: true });
  return [tag];
}
