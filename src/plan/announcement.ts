import { planChannelStore, type Elsewhere } from './channel-store.js';

/** Where a release is announced in git, and what is missing there. Decided before anything is built. */
export interface StoreTarget {
  /** The repository's working tree. */
  readonly root: string;
  /** The add-on's config in it, from the root, with `/`. */
  readonly path: string;
  /** The commit that the images are built from. */
  readonly revision: string;
  /** The branch that gets the release commit; undefined when no commit is needed and a tag is checked out. */
  readonly branch: string | undefined;
  /** Where branch and tag are pushed; undefined = they stay in this repository. */
  readonly remote: { readonly name: string; readonly address: string } | undefined;
  /** Name of the release's tag. */
  readonly tag: string;
  /** The tag is there already, at the right commit. */
  readonly hasTag: boolean;
  /** `revision` has the version already. */
  readonly hasVersion: boolean;
}

/** What is announced. */
export interface AnnouncedVersion {
  readonly configFile: string;
  /** The add-on's name. */
  readonly name: string;
  readonly version: string;
  /** What the config says so far. */
  readonly configVersion: string;
}

/** One write of an announcement, in the order in which they happen. */
export interface AnnouncementWrite {
  readonly kind: 'file' | 'commit' | 'git-tag' | 'git-push' | 'pull-request';
  readonly target: string;
  readonly detail: string;
}

/** The first line of a release commit: "Release Example 1.2.3". */
export function releaseSubject({
  name,
  version,
}: Pick<AnnouncedVersion, 'name' | 'version'>): string {
  return `Release ${name.replace(/\s+/g, ' ').trim()} ${version}`;
}

/**
 * What announcing a version will write.
 *
 * @param target undefined when there is no git repository, or git is not to be used: only the file is written then
 * @param elsewhere where the version is offered when not by the config here, which then stays as it is
 */
export function planAnnouncement(
  target: StoreTarget | undefined,
  announced: AnnouncedVersion,
  elsewhere?: Elsewhere,
): readonly AnnouncementWrite[] {
  const here = planHere(target, announced, elsewhere === undefined);
  if (elsewhere === undefined || 'nowhere' in elsewhere) return here;
  return [...here, ...planChannelStore(elsewhere, releaseSubject(announced))];
}

function planHere(
  target: StoreTarget | undefined,
  announced: AnnouncedVersion,
  isOfferedHere: boolean,
): readonly AnnouncementWrite[] {
  const { configFile, version, configVersion } = announced;
  const writes: AnnouncementWrite[] = [];
  if (isOfferedHere && configVersion !== version) {
    writes.push({
      kind: 'file',
      target: configFile,
      detail: `version: ${configVersion} → ${version}`,
    });
  }
  if (target === undefined) return writes;
  const { branch, remote, tag, hasTag, hasVersion } = target;
  const pushed: string[] = [];
  if (!hasVersion && branch !== undefined) {
    writes.push({ kind: 'commit', target: branch, detail: releaseSubject(announced) });
    pushed.push(branch);
  }
  if (!hasTag) {
    writes.push({ kind: 'git-tag', target: tag, detail: 'names the commit of the release' });
    pushed.push(tag);
  }
  if (remote !== undefined && pushed.length > 0) {
    const detail = `${pushed.join(' and ')} to ${remote.address}, as a whole or not at all`;
    writes.push({ kind: 'git-push', target: remote.name, detail });
  }
  return writes;
}
