import type { Problem } from '../problem.js';
import { bumpVersion, compareVersions, parseVersion, type VersionPart } from '../plan/version.js';

/** The last version of an add-on that git knows to be released. */
export interface LastRelease {
  readonly version: string;
  /** Short hash of the commit. */
  readonly commit: string;
  /** `tag`: a release tag says so; `config`: the commit that gave the config its version. */
  readonly by: 'tag' | 'config';
}

/** What is known of an add-on before it is decided whether it gets a release. */
export interface AddonFacts {
  readonly slug: string;
  /** The config's version, and where it stands. */
  readonly version: string;
  readonly versionAt: Required<Pick<Problem, 'file' | 'line' | 'column'>>;
  /** Undefined: there is none, or nobody asked. */
  readonly lastRelease: LastRelease | undefined;
  /** Files that matter and that differ from the last release, for people. */
  readonly changes: readonly string[];
  /** Whether the registry has the config's version; undefined: nobody asked. */
  readonly isPublished: boolean | undefined;
  /** False when installations build it themselves. */
  readonly hasImage: boolean;
}

export interface DecisionWish {
  /** `--changed`: by what git knows; else by what the registry has. */
  readonly changed: boolean;
  /** It is to be tested only, as the version that the config says. */
  readonly isTest: boolean;
  /** `--bump`: what a new version differs in from the last one. */
  readonly bump: VersionPart | undefined;
  /** Decides the month of calendar versions. */
  readonly today: Date;
}

/** Whether an add-on gets a release, and why, in words. */
export type Decision =
  | { readonly outcome: 'release'; readonly version: string; readonly reason: string }
  | { readonly outcome: 'skip'; readonly reason: string }
  /** It should have one, and nobody has said which version. */
  | { readonly outcome: 'refuse'; readonly reason: string; readonly problem: Problem };

const SHOWN_FILES = 3;

/** "Dockerfile, rootfs/run.sh and 3 more" */
export function listFiles(files: readonly string[]): string {
  const more = files.length - SHOWN_FILES;
  if (more <= 1) return files.join(', ');
  return `${files.slice(0, SHOWN_FILES).join(', ')} and ${more} more`;
}

function isNewer(version: string, other: string): boolean {
  return compareVersions(parseVersion(version), parseVersion(other)) > 0;
}

function bumped(facts: AddonFacts, part: VersionPart, today: Date): string {
  const { version, lastRelease } = facts;
  const isBehind = lastRelease !== undefined && isNewer(lastRelease.version, version);
  const base = parseVersion(isBehind ? lastRelease.version : version);
  return bumpVersion(base, part, today).text;
}

/** The config's version is taken: another one is chosen, or asked for. */
function withNewVersion(facts: AddonFacts, reason: string, wish: DecisionWish): Decision {
  if (wish.isTest) return { outcome: 'release', version: facts.version, reason };
  if (wish.bump !== undefined) {
    return { outcome: 'release', version: bumped(facts, wish.bump, wish.today), reason };
  }
  const problem: Problem = {
    severity: 'error',
    ...facts.versionAt,
    message: `${facts.slug} ${reason}, but its version is still ${facts.version}`,
    hint: 'Give it a new version here, or let --bump patch (minor, major) do it.',
  };
  return { outcome: 'refuse', reason, problem };
}

function decideByRegistry(facts: AddonFacts, wish: DecisionWish): Decision {
  const { version, isPublished } = facts;
  if (isPublished !== true) {
    return { outcome: 'release', version, reason: `${version} is not in the registry` };
  }
  if (wish.bump === undefined) return { outcome: 'skip', reason: `${version} is published` };
  return withNewVersion(facts, `every add-on is asked for; ${version} is published`, wish);
}

function decideByChanges(facts: AddonFacts, wish: DecisionWish): Decision {
  const { version, lastRelease: last, changes, isPublished } = facts;
  if (last === undefined || (last.by === 'config' && isPublished === false)) {
    return {
      outcome: 'release',
      version,
      reason: wish.isTest
        ? 'there is no tag of a release'
        : `never released: there is no tag, and ${version} is not in the registry`,
    };
  }
  const since = `since ${last.version} (${last.commit})`;
  const changed = `changed ${since}: ${listFiles(changes)}`;
  if (isNewer(version, last.version)) {
    const newer = `${version} is newer than the last release, ${last.version} (${last.commit})`;
    return { outcome: 'release', version, reason: changes.length > 0 ? changed : newer };
  }
  if (changes.length === 0) return { outcome: 'skip', reason: `unchanged ${since}` };
  return withNewVersion(facts, changed, wish);
}

/** Whether an add-on gets a release, or is tested. */
export function decide(facts: AddonFacts, wish: DecisionWish): Decision {
  if (wish.isTest && !wish.changed) {
    return { outcome: 'release', version: facts.version, reason: 'every add-on is asked for' };
  }
  if (!facts.hasImage && !wish.isTest) {
    const reason = 'it has no `image`: installations build it themselves';
    return { outcome: 'skip', reason };
  }
  return wish.changed ? decideByChanges(facts, wish) : decideByRegistry(facts, wish);
}
