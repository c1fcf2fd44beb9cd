import { readFile, realpath } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { readConfigText } from '../addon/config-text.js';
import { listNames, readTextFile } from '../addon/files.js';
import { replaceVersion } from '../addon/set-version.js';
import type { ReleaseSettings } from '../addon/settings.js';
import { loadSourceFile } from '../addon/source-file.js';
import type { Addon } from '../addon/types.js';
import { AddonReleaseError } from '../errors.js';
import { pathInRepository } from '../git/release-changes.js';
import {
  listChangedSince,
  listReachableTags,
  readCommittedText,
  shortenCommit,
  type AddonPlace,
} from '../git/release-history.js';
import { listChanges, openRepository } from '../git/repository.js';
import { findVersionCommit } from '../git/version-history.js';
import { parseIgnorePatterns, type IgnorePattern } from '../plan/dockerignore.js';
import type { AddonFacts } from './decision.js';
import { findLastReleases, type FoundRelease } from './find-last-release.js';
import { Limiter } from './limiter.js';
import { matters } from './matters.js';

/** Questions to git and the registry at the same time. */
const AT_ONCE = 8;

/** An add-on of the repository that could be read. */
export interface RepositoryAddon {
  readonly addon: Addon;
  readonly settings: ReleaseSettings;
}

export interface FactsRequest {
  /** The repository's folder. */
  readonly root: string;
  /** Asks git what changed. Without, only the registry is asked. */
  readonly changed: boolean;
  /** Nothing is published: add-ons without `image` count too, and so does what only tests depend on. */
  readonly isTest: boolean;
  /** Whether the registry has an add-on's version. */
  readonly isPublished: (addon: Addon) => Promise<boolean>;
  readonly signal: AbortSignal;
}

/** What git knows of all add-ons. */
interface History {
  readonly gitRoot: string;
  readonly releases: ReadonlyMap<string, FoundRelease>;
  /** Files that are not committed as they are, from the repository's root. */
  readonly uncommitted: readonly string[];
}

async function readHistory(
  addons: readonly RepositoryAddon[],
  { root, signal }: FactsRequest,
): Promise<History> {
  const repository = await openRepository(root, signal);
  if (repository?.head === undefined) {
    throw new AddonReleaseError('usage', `${root} is in no git repository with a commit`, {
      hint: 'What changed is known to git only. `--all` alone asks the registry.',
    });
  }
  const gitRoot = repository.root;
  const tags = await listReachableTags(gitRoot, signal);
  const slugs = addons.map(({ addon }) => addon.slug);
  const forms = new Map(addons.map(({ addon, settings }) => [addon.slug, settings.tag]));
  const changes = await listChanges(gitRoot, [await realpath(root)], signal);
  return {
    gitRoot,
    releases: findLastReleases(tags, slugs, (slug) => forms.get(slug)),
    uncommitted: changes.map(({ path }) => path),
  };
}

async function locate(gitRoot: string, { addon, settings }: RepositoryAddon): Promise<AddonPlace> {
  const pathOf = async (file: string) => (await pathInRepository(gitRoot, file)) ?? '';
  const folder = await pathOf(addon.folder);
  const { file: buildFile } = addon.buildConfig;
  const sources = [
    ...(buildFile === undefined ? [] : [buildFile]),
    // Links may lead to what several add-ons share.
    ...addon.dockerfiles.values(),
    ...settings.shared,
  ];
  const paths = await Promise.all(sources.map(pathOf));
  return {
    slug: addon.slug,
    folder,
    config: join(folder, basename(addon.configFile)),
    others: [...new Set(paths)].filter((path) => path !== '' && !isBelow(path, folder)),
  };
}

function isBelow(path: string, folder: string): boolean {
  return folder === '' || path === folder || path.startsWith(`${folder}/`);
}

/** Nothing is taken for ignored where each Dockerfile may have a file of its own that says so. */
async function readIgnored(folder: string): Promise<readonly IgnorePattern[]> {
  const names = await listNames(folder);
  if (names.some((name) => /.\.dockerignore$/.test(name))) return [];
  const read = readTextFile(join(folder, '.dockerignore'), undefined);
  return parseIgnorePatterns(read.ok ? read.text : '');
}

/** Does the config differ from the released one in nothing but its version? */
async function isOnlyVersion(
  gitRoot: string,
  commit: string,
  { config }: AddonPlace,
  { configFile, version }: Addon,
): Promise<boolean> {
  const then = await readCommittedText(gitRoot, commit, config);
  if (then === undefined) return false;
  try {
    return replaceVersion(configFile, then, version) === (await readFile(configFile, 'utf8'));
  } catch (error) {
    if (error instanceof AddonReleaseError) return false;
    throw error;
  }
}

async function listRelevantChanges(
  { gitRoot, uncommitted }: History,
  one: RepositoryAddon,
  commit: string,
  { isTest, signal }: FactsRequest,
): Promise<readonly string[]> {
  const place = await locate(gitRoot, one);
  const { folder, config, others } = place;
  const committed = await listChangedSince(gitRoot, commit, place, signal);
  const open = uncommitted.filter(
    (path) => isBelow(path, folder) || others.some((other) => isBelow(path, other)),
  );
  const ignored = await readIgnored(one.addon.folder);
  const shown: string[] = [];
  for (const path of [...new Set([...committed, ...open])].sort()) {
    if (!isBelow(path, folder)) {
      shown.push(path);
      continue;
    }
    const inside = folder === '' ? path : path.slice(folder.length + 1);
    if (!matters(inside, ignored, isTest)) continue;
    if (path === config && (await isOnlyVersion(gitRoot, commit, place, one.addon))) continue;
    shown.push(inside);
  }
  return shown;
}

function readVersionPlace(addon: Addon): AddonFacts['versionAt'] {
  const loaded = loadSourceFile(addon.configFile, addon.repository?.folder ?? addon.folder);
  const { line, column } = loaded.ok
    ? loaded.source.document.keyPositionOf(['version'])
    : { line: 1, column: 1 };
  return { file: addon.configFile, line, column };
}

async function readGitFacts(
  history: History,
  one: RepositoryAddon,
  request: FactsRequest,
): Promise<Pick<AddonFacts, 'lastRelease' | 'changes' | 'isPublished'>> {
  const { addon } = one;
  const { gitRoot } = history;
  const { isPublished, signal } = request;
  const tagged = history.releases.get(addon.slug);
  const read = (text: string) => readConfigText(addon.configFile, text, 'version');
  const commit =
    tagged?.commit ?? (await findVersionCommit(addon.configFile, read, addon.version, signal));
  return {
    lastRelease:
      commit === undefined
        ? undefined
        : {
            version: tagged?.version ?? addon.version,
            commit: await shortenCommit(gitRoot, commit),
            by: tagged === undefined ? 'config' : 'tag',
          },
    changes: commit === undefined ? [] : await listRelevantChanges(history, one, commit, request),
    isPublished: tagged === undefined ? await isPublished(addon) : undefined,
  };
}

/**
 * Finds out what decides which add-ons get a release.
 *
 * @throws AddonReleaseError `usage` or `environment` when git can't tell; whatever `isPublished` throws
 */
export async function readFacts(
  addons: readonly RepositoryAddon[],
  request: FactsRequest,
): Promise<ReadonlyMap<Addon, AddonFacts>> {
  const history = request.changed ? await readHistory(addons, request) : undefined;
  const limiter = new Limiter(AT_ONCE);
  const readOne = async (one: RepositoryAddon): Promise<readonly [Addon, AddonFacts]> => {
    const { addon } = one;
    const common = {
      slug: addon.slug,
      version: addon.version,
      versionAt: readVersionPlace(addon),
      hasImage: addon.image !== undefined,
    };
    const none = { lastRelease: undefined, changes: [], isPublished: undefined };
    if (!common.hasImage && !request.isTest) return [addon, { ...common, ...none }];
    const found =
      history === undefined
        ? { ...none, isPublished: await request.isPublished(addon) }
        : await readGitFacts(history, one, request);
    return [addon, { ...common, ...found }];
  };
  return new Map(await Promise.all(addons.map((one) => limiter.run(() => readOne(one)))));
}
