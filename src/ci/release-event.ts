import { AddonReleaseError } from '../errors.js';
import { readReleaseTag, type TaggedRelease } from '../plan/release-tag.js';
import { parseVersion, readVersion } from '../plan/version.js';

/** What a CI service says about the run that it started. */
export interface CiEvent {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The event as GitHub and Forgejo hand it over as JSON; undefined elsewhere. */
  readonly payload: unknown;
}

/** What is known of the repository's add-ons. */
export interface KnownAddons {
  readonly slugs: readonly string[];
  /** `tag` of addon-release.yaml. */
  readonly tagForm: string | undefined;
}

function refuse(message: string, hint: string): never {
  throw new AddonReleaseError('usage', message, { hint });
}

const HOW =
  'Run this for a pushed tag, a published release or by hand with a version; or name the version: `addon-release 1.2.3 --multi`.';

/** A text somewhere inside of the payload. */
function readText(payload: unknown, ...path: readonly string[]): string | undefined {
  let value = payload;
  for (const name of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[name];
  }
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** A version or a tag, as a person types it. */
function readRequest(
  version: string,
  addon: string | undefined,
  { slugs, tagForm }: KnownAddons,
): TaggedRelease {
  const isVersion = readVersion(version) !== undefined;
  if (addon !== undefined) {
    if (!slugs.includes(addon)) {
      refuse(`there is no add-on "${addon}"`, `Choose one of ${slugs.join(', ')}.`);
    }
    const text = isVersion ? version : readReleaseTag(version, tagForm, [addon]).version;
    return { slug: addon, version: parseVersion(text).text.replace(/^[vV](?=\d)/, '') };
  }
  const [only, ...others] = slugs;
  if (isVersion && only !== undefined && others.length === 0) {
    return { slug: only, version: version.replace(/^[vV](?=\d)/, '') };
  }
  if (isVersion) {
    return refuse(
      `version ${version} of which add-on?`,
      `Name one of ${slugs.join(', ')} beside the version.`,
    );
  }
  return readReleaseTag(version, tagForm, slugs);
}

/**
 * The add-on and version that a CI run is to release: those of the tag that was pushed, of the GitHub Release that was
 * published, or those that were typed in when it was started by hand (inputs `version` and `addon`).
 *
 * @throws AddonReleaseError `usage` for every other event
 * @see https://docs.github.com/en/actions/reference/workflows-and-actions/events-that-trigger-workflows
 * @see https://docs.gitlab.com/ci/variables/predefined_variables/
 */
export function readReleaseEvent(
  { environment, payload }: CiEvent,
  known: KnownAddons,
): TaggedRelease {
  const gitlabTag = environment['CI_COMMIT_TAG'];
  if (environment['GITLAB_CI'] !== undefined && gitlabTag !== undefined && gitlabTag !== '') {
    return readReleaseTag(gitlabTag, known.tagForm, known.slugs);
  }
  const name = environment['GITHUB_EVENT_NAME'];
  const ref = environment['GITHUB_REF'] ?? '';
  switch (name) {
    case 'push': {
      const tag = /^refs\/tags\/(.+)$/.exec(ref)?.[1];
      if (tag === undefined) return refuse(`${ref} is not a tag: nothing is released`, HOW);
      return readReleaseTag(tag, known.tagForm, known.slugs);
    }
    case 'release': {
      const action = readText(payload, 'action') ?? 'unknown';
      const tag = readText(payload, 'release', 'tag_name');
      if (action !== 'published' || tag === undefined) {
        return refuse(`a release that was ${action} is not released again`, HOW);
      }
      return readReleaseTag(tag, known.tagForm, known.slugs);
    }
    case 'workflow_dispatch': {
      const version = readText(payload, 'inputs', 'version');
      if (version === undefined) {
        return refuse('no version was given', 'Start the workflow again with a version.');
      }
      return readRequest(version, readText(payload, 'inputs', 'addon'), known);
    }
    case undefined:
    case '':
      return refuse('no CI service has started this', HOW);
    case 'pull_request':
    case 'pull_request_target':
      return refuse('a pull request releases nothing', 'Test it: `addon-release test`.');
    default:
      return refuse(`the event "${name}" releases nothing`, HOW);
  }
}
