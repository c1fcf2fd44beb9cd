import { planChannelStore, type ChannelStore, type Elsewhere } from './channel-store.js';
import type { Channel } from './channel.js';
import {
  decideMove,
  movingTags,
  type MoveDecision,
  type MoveRequest,
  type TagState,
} from './moving-tags.js';
import type { PlannedWrite } from './release-plan.js';
import { compareVersions, readVersion, type ReleaseVersion } from './version.js';

/** A repository that has the version, and what its tags name. */
export interface TaggedRepository {
  /** Registry and path. */
  readonly repository: string;
  /** What the version's tag names there. */
  readonly digest: string;
  /** The moving tags of the version; undefined for one that names nothing. */
  readonly tags: ReadonlyMap<string, TagState | undefined>;
}

/** A tag that will name another image. */
interface TagMove {
  readonly repository: string;
  readonly tag: string;
  /** What it names now; undefined when it is new. */
  readonly from: string | undefined;
  readonly to: string;
  readonly reason: string;
}

/** A tag that is left as it is, and why. */
interface TagStay {
  readonly repository: string;
  readonly tag: string;
  readonly reason: string;
}

/** The branch that a store is read from, ready for a commit. */
export interface StoreBranch {
  /** The repository's working tree. */
  readonly root: string;
  /** The config in it, from the root, with `/`. */
  readonly path: string;
  /** The commit that is checked out. */
  readonly revision: string;
  /** The branch's name where it is pushed to. */
  readonly branch: string;
  /** Undefined = it stays in this repository. */
  readonly remote: { readonly name: string; readonly address: string } | undefined;
}

/** Releases on GitHub, by their tags. */
export interface RetagOnGithub {
  /** "owner/name" */
  readonly repository: string;
  /** The sources' remote as a web page. */
  readonly url: string | undefined;
  /** Of the version that the store offered; undefined when it is the same. */
  readonly from: string | undefined;
  /** Of the version that it offers from then on. */
  readonly to: string;
}

/** Tags and store led to a version that is published already. No image is made and no layer is sent. */
export interface Retag {
  readonly schemaVersion: 1;
  readonly kind: 'rollback' | 'promote';
  readonly slug: string;
  readonly name: string;
  readonly channel: Channel;
  /** The version whose images are named. */
  readonly version: string;
  /** The name that they get, when it is another. */
  readonly alias: string | undefined;
  /** The first line of the commit that leads the store to the version. */
  readonly subject: string;
  /** The version that the store offers now. */
  readonly configVersion: string;
  readonly configFile: string;
  readonly images: readonly Pick<TaggedRepository, 'repository' | 'digest'>[];
  readonly moves: readonly TagMove[];
  readonly stays: readonly TagStay[];
  /** The version that the store will offer; undefined when it is left as it is. */
  readonly storeVersion: string | undefined;
  /** Why the store is left as it is, for people. */
  readonly storeReason: string | undefined;
  /** Where the store's change is committed; undefined = the file alone is written. */
  readonly storeBranch: StoreBranch | undefined;
  /** The releases on GitHub that tell of it; undefined = none do. */
  readonly github: RetagOnGithub | undefined;
  /** The channel's store, when that is not the config of the sources. */
  readonly elsewhere: ChannelStore | undefined;
  /** In the order in which they happen. */
  readonly writes: readonly PlannedWrite[];
}

export interface RetagInput {
  readonly kind: Retag['kind'];
  readonly slug: string;
  readonly name: string;
  readonly channel: Channel;
  readonly version: ReleaseVersion;
  readonly alias?: ReleaseVersion | undefined;
  readonly configVersion: string;
  readonly configFile: string;
  /** Where the channel is offered when not by the config of the sources. */
  readonly elsewhere?: Elsewhere | undefined;
  /** In the order in which their tags move: the index last, where there is one. */
  readonly repositories: readonly TaggedRepository[];
}

/** The tags that going back, or up, is about: those that follow the version by the name that it gets. */
export function listTagsToMove(
  version: ReleaseVersion,
  channel: Channel,
  alias?: ReleaseVersion,
): readonly string[] {
  const named = alias ?? version;
  return [...(alias === undefined ? [] : [alias.text]), ...movingTags(named, channel)];
}

/** Going back is asked for, so a newer version gives way; nothing gets a tag that it never had. */
function decideBack(current: TagState | undefined, next: MoveRequest): MoveDecision {
  if (current === undefined) {
    return { move: false, reason: 'is not in use', isThere: false };
  }
  const forward = decideMove(current, next);
  const named = current.version === undefined ? undefined : readVersion(current.version);
  const isNewer = named !== undefined && compareVersions(named, next.version) > 0;
  if (isNewer && current.version !== next.tag) {
    return { move: true, reason: `back from ${named.text}` };
  }
  // An older version is not to be replaced by going back.
  if (named !== undefined && compareVersions(named, next.version) < 0) {
    return { move: false, reason: `stays at ${named.text}, which is older`, isThere: false };
  }
  return forward;
}

function subjectOf({ kind, name, version, alias }: RetagInput): string {
  const text = `${name.replace(/\s+/g, ' ').trim()} ${(alias ?? version).text}`;
  return kind === 'rollback' ? `Go back to ${text}` : `Release ${text}`;
}

function decideStore(
  input: RetagInput,
  stays: readonly TagStay[],
): { readonly version?: string; readonly reason?: string } {
  const { kind, channel, configVersion, elsewhere } = input;
  const target = input.alias ?? input.version;
  if (elsewhere !== undefined) {
    if ('nowhere' in elsewhere) return { reason: elsewhere.nowhere };
    return elsewhere.isThere
      ? { reason: `it says ${target.text} already` }
      : { version: target.text };
  }
  if (configVersion === target.text) return { reason: `it says ${configVersion} already` };
  if (kind === 'rollback') return { version: target.text };
  if (channel !== 'stable') return { reason: `${channel} versions are not offered by it` };
  const configured = readVersion(configVersion);
  const isOlder = configured !== undefined && compareVersions(target, configured) < 0;
  const isBehind = stays.some(({ tag, reason }) => tag === 'latest' && reason.startsWith('stays'));
  return isOlder || isBehind
    ? { reason: `it stays at ${configVersion}: ${target.text} is older` }
    : { version: target.text };
}

/** Decides which tags go to a published version. Pure: the same input gives the same plan. */
export function planRetag(input: RetagInput): Retag {
  const { kind, slug, name, channel, version, alias, configFile } = input;
  const elsewhere =
    input.elsewhere === undefined || 'nowhere' in input.elsewhere ? undefined : input.elsewhere;
  const configVersion =
    elsewhere === undefined ? input.configVersion : (elsewhere.offered ?? 'nothing');
  const target = alias ?? version;
  const moves: TagMove[] = [];
  const stays: TagStay[] = [];
  const decide = kind === 'rollback' ? decideBack : decideMove;
  for (const tag of listTagsToMove(version, channel, alias)) {
    for (const { repository, digest, tags } of input.repositories) {
      const current = tags.get(tag);
      const decision = decide(current, { tag, version: target, digest });
      if (decision.move) {
        moves.push({ repository, tag, from: current?.digest, to: digest, reason: decision.reason });
      } else {
        stays.push({ repository, tag, reason: decision.reason });
      }
    }
  }
  const store = decideStore(input, stays);
  const writes: Retag['writes'][number][] = moves.map(({ repository, tag, to, reason }) => ({
    kind: 'tag',
    target: `${repository}:${tag}`,
    detail: `${reason}, to ${target.text} (${to})`,
  }));
  if (elsewhere !== undefined && store.version !== undefined) {
    writes.push(...planChannelStore(elsewhere, subjectOf(input)));
  } else if (store.version !== undefined) {
    const detail = `version: ${configVersion} → ${store.version}`;
    writes.push({ kind: 'file', target: configFile, detail });
  }
  return {
    schemaVersion: 1,
    kind,
    slug,
    name,
    channel,
    version: version.text,
    alias: alias?.text,
    subject: subjectOf(input),
    configVersion,
    configFile,
    images: input.repositories.map(({ repository, digest }) => ({ repository, digest })),
    moves,
    stays,
    storeVersion: store.version,
    storeReason: store.reason,
    storeBranch: undefined,
    github: undefined,
    elsewhere,
    writes,
  };
}

/** The same plan with the store's change committed and pushed. */
export function withStoreBranch(retag: Retag, branch: StoreBranch | undefined): Retag {
  if (branch === undefined || retag.storeVersion === undefined) return retag;
  const writes: Retag['writes'][number][] = [
    ...retag.writes,
    { kind: 'commit', target: branch.branch, detail: retag.subject },
  ];
  if (branch.remote !== undefined) {
    const detail = `${branch.branch} to ${branch.remote.address}`;
    writes.push({ kind: 'git-push', target: branch.remote.name, detail });
  }
  return { ...retag, storeBranch: branch, writes };
}

/** The same plan with the releases on GitHub told of it, last of all. */
export function withGithub(retag: Retag, github: RetagOnGithub): Retag {
  const { kind, channel, writes } = retag;
  if (kind === 'promote' && channel !== 'stable') return retag;
  const to =
    kind === 'promote' ? `${github.to} is no pre-release any more` : `${github.to} is latest`;
  const from = kind === 'promote' ? undefined : github.from;
  const detail = [...(from === undefined ? [] : [`${from} is marked as rolled back`]), to].join(
    ', ',
  );
  return {
    ...retag,
    github: { ...github, from },
    writes: [...writes, { kind: 'github', target: github.repository, detail }],
  };
}

/**
 * The version before another one: the newest that is older, a stable one before a stable one.
 *
 * @param offered what the store has offered, in any order; when it names none that is published, all published ones count
 */
export function choosePrevious(
  current: ReleaseVersion,
  published: readonly ReleaseVersion[],
  offered: readonly string[],
): ReleaseVersion | undefined {
  const older = published
    .filter((version) => compareVersions(version, current) < 0)
    .filter(({ stable }) => stable || !current.stable)
    .sort(compareVersions);
  return older.findLast(({ text }) => offered.includes(text)) ?? older.at(-1);
}
