import { AddonReleaseError } from '../errors.js';
import { parseVersion } from './version.js';

/** How a repository names the git tags of its releases: `v{version}`, `{slug}/v{version}`. */
export interface TagPattern {
  readonly text: string;
  readonly hasSlug: boolean;
}

export interface TaggedRelease {
  readonly slug: string;
  /** Without a leading "v"; config.yaml's versions decide whether the release has one. */
  readonly version: string;
}

const SLUG = '{slug}';
const VERSION = '{version}';

/** Forms that are understood without being declared. Those without the slug are for a single add-on. */
const KNOWN_FORMS = [
  'v{version}',
  '{version}',
  '{slug}-{version}',
  '{slug}-v{version}',
  '{slug}/{version}',
  '{slug}/v{version}',
] as const;

function refuse(message: string, hint: string): never {
  throw new AddonReleaseError('usage', message, { hint });
}

/**
 * What git accepts as the name of a tag.
 * https://git-scm.com/docs/git-check-ref-format
 */
export function isTagName(name: string): boolean {
  return (
    name !== '' &&
    name !== '@' &&
    !name.startsWith('-') &&
    !name.endsWith('.') &&
    !/[\p{Cc} ~^:?*[\\]|\.\.|@\{/u.test(name) &&
    name.split('/').every((part) => /^(?!\.).+(?<!\.lock)$/.test(part))
  );
}

/** @throws AddonReleaseError `usage` when tags of that form would be no tags, or could not be told apart */
export function parseTagPattern(text: string): TagPattern {
  const count = (placeholder: string): number => text.split(placeholder).length - 1;
  const hint = 'For example "v{version}" or "{slug}-{version}".';
  if (count(VERSION) !== 1) refuse(`the tag form "${text}" must have {version} once`, hint);
  if (count(SLUG) > 1) refuse(`the tag form "${text}" has {slug} more than once`, hint);
  if (/\{(?:slug|version)\}\{(?:slug|version)\}/.test(text)) {
    refuse(`the tag form "${text}" needs something between {slug} and {version}`, hint);
  }
  const sample = text.replace(SLUG, 'slug').replace(VERSION, '1.2.3');
  if (/[{}]/.test(sample) || !isTagName(sample)) {
    refuse(`the tag form "${text}" makes no valid git tags ("${sample}")`, hint);
  }
  return { text, hasSlug: count(SLUG) === 1 };
}

function withoutV(version: string): string {
  return version.replace(/^[vV](?=\d)/, '');
}

/**
 * The name of a release's tag. A version with its own "v" does not get a second one.
 *
 * @throws AddonReleaseError `usage` when git would refuse it
 */
export function formatTag(pattern: TagPattern, { slug, version }: TaggedRelease): string {
  const hasV = /(?:^|[^A-Za-z])[vV]\{version\}/.test(pattern.text);
  const name = pattern.text
    .split(SLUG)
    .map((part) => part.split(VERSION).join(hasV ? withoutV(version) : version))
    .join(slug);
  if (isTagName(name)) return name;
  return refuse(
    `"${name}" can't be a git tag`,
    'Choose another form with `tag` in addon-release.yaml.',
  );
}

function isVersion(text: string): boolean {
  try {
    parseVersion(text);
    return true;
  } catch (error) {
    if (error instanceof AddonReleaseError) return false;
    throw error;
  }
}

/** What the tag says by one pattern, for one add-on. */
function matchTag(pattern: TagPattern, tag: string, slug: string): string | undefined {
  const [before = '', after = ''] = pattern.text
    .split(VERSION)
    .map((part) => part.replace(SLUG, slug));
  if (!tag.startsWith(before) || !tag.endsWith(after)) return undefined;
  if (tag.length <= before.length + after.length) return undefined;
  const version = tag.slice(before.length, tag.length - after.length);
  return isVersion(version) ? version : undefined;
}

export interface TagChoice {
  /** `tag` of addon-release.yaml. */
  readonly configured: string | undefined;
  readonly slug: string;
  /** Add-ons in the repository. */
  readonly addonCount: number;
  /** Names of the tags that are there. */
  readonly existing: Iterable<string>;
}

/**
 * The form of a release's tag: the declared one, else that of the add-on's earlier tags if they all have the same,
 * else `v{version}`, with several add-ons `{slug}-{version}`.
 *
 * @throws AddonReleaseError `usage`
 */
export function chooseTagPattern(choice: TagChoice): TagPattern {
  const { configured, slug, addonCount } = choice;
  if (configured !== undefined) {
    const pattern = parseTagPattern(configured);
    if (addonCount > 1 && !pattern.hasSlug) {
      refuse(
        `the tag form "${configured}" does not tell ${addonCount} add-ons apart`,
        'Use one with {slug}, for example "{slug}-{version}".',
      );
    }
    return pattern;
  }
  const forms = KNOWN_FORMS.map(parseTagPattern).filter(
    ({ hasSlug }) => hasSlug || addonCount === 1,
  );
  const used = new Set<TagPattern>();
  for (const tag of choice.existing) {
    for (const form of forms) {
      const version = matchTag(form, tag, slug);
      // "v1.2.3" is of the form with the "v".
      if (version !== undefined && !/^[vV]/.test(version)) used.add(form);
    }
  }
  const [only, ...others] = used;
  if (only !== undefined && others.length === 0) return only;
  return parseTagPattern(addonCount > 1 ? '{slug}-{version}' : 'v{version}');
}

/** The versions of an add-on that tags name; tags of other kinds and of other add-ons are left out. */
export function listTaggedVersions(
  tags: readonly string[],
  configured: string | undefined,
  { slug, slugs }: { readonly slug: string; readonly slugs: readonly string[] },
): readonly string[] {
  const forms = configured === undefined ? KNOWN_FORMS : [configured];
  const patterns = forms
    .map(parseTagPattern)
    .filter(({ hasSlug }) => hasSlug || slugs.length === 1);
  return tags.flatMap((tag) => {
    const found = patterns.map((pattern) => matchTag(pattern, tag, slug));
    const version = found.find((one) => one !== undefined);
    return version === undefined ? [] : [withoutV(version)];
  });
}

/**
 * Refuses a release whose version has a tag of another form already: there would be two names for one release, and the
 * next tag that is pushed could mean either.
 *
 * @param release the tag that it will get, and the tags that are there
 * @throws AddonReleaseError `usage`
 */
export function checkTagForm(
  release: TaggedRelease & {
    readonly name: string;
    /** `tag` of addon-release.yaml: whoever has declared the form may have other tags. */
    readonly configured: string | undefined;
    readonly slugs: readonly string[];
    readonly existing: readonly string[];
  },
): void {
  const { name, configured, slugs, existing, slug, version } = release;
  if (configured !== undefined || existing.includes(name)) return;
  for (const pattern of KNOWN_FORMS.map(parseTagPattern)) {
    if (!pattern.hasSlug && slugs.length > 1) continue;
    const other = formatTag(pattern, { slug, version: withoutV(version) });
    if (!existing.includes(other)) continue;
    refuse(
      `version ${version} has the tag ${other} already, but tags are named like ${name} here`,
      `Remove the tag (\`git tag -d ${other}\`, \`git push --delete origin ${other}\`) and use ${name}, or declare the form with \`tag\` in addon-release.yaml: tag: "${pattern.text}"`,
    );
  }
}

/**
 * The add-on and version that a tag names.
 *
 * @param configured `tag` of addon-release.yaml; without it every known form is understood
 * @param slugs those of all add-ons of the repository
 * @throws AddonReleaseError `usage` when it names none, or could mean several
 */
export function readReleaseTag(
  tag: string,
  configured: string | undefined,
  slugs: readonly string[],
): TaggedRelease {
  const forms = configured === undefined ? KNOWN_FORMS : [configured];
  const found = new Map<string, TaggedRelease>();
  for (const pattern of forms.map(parseTagPattern)) {
    if (!pattern.hasSlug && slugs.length > 1) continue;
    for (const slug of slugs) {
      const text = matchTag(pattern, tag, slug);
      if (text === undefined) continue;
      const version = withoutV(text);
      found.set(`${slug} ${version}`, { slug, version });
    }
  }
  const [only, ...others] = found.values();
  if (only === undefined) {
    const example = formatTag(
      parseTagPattern(slugs.length > 1 ? '{slug}-{version}' : 'v{version}'),
      {
        slug: slugs[0] ?? 'slug',
        version: '1.2.3',
      },
    );
    return refuse(
      `the tag "${tag}" names no version of ${slugs.join(', ')}`,
      `Name it like ${configured ?? example}.`,
    );
  }
  if (others.length > 0) {
    const meanings = [only, ...others]
      .map(({ slug, version }) => `${slug} ${version}`)
      .join(' or ');
    return refuse(
      `the tag "${tag}" can mean ${meanings}`,
      'Declare the form of your tags with `tag` in addon-release.yaml, for example "{slug}/v{version}".',
    );
  }
  return only;
}

/** The same, for tags of which many are of other kinds: undefined where the tag names no release, or several. */
export function tryReadReleaseTag(
  tag: string,
  configured: string | undefined,
  slugs: readonly string[],
): TaggedRelease | undefined {
  try {
    return readReleaseTag(tag, configured, slugs);
  } catch (error) {
    if (error instanceof AddonReleaseError) return undefined;
    throw error;
  }
}
