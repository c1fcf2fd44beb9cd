import type { AnnouncementWrite } from './announcement.js';
import type { Channel } from './channel.js';

/** A file that a store gets, with its content as git has it already. */
export interface StoreEntry {
  /** From the store's root, with `/`. */
  readonly path: string;
  /** "100644" */
  readonly mode: string;
  readonly blob: string;
}

/** What of a store is changed. */
export type StoreContent =
  /** The version in a config that is there. */
  | { readonly kind: 'version'; readonly path: string }
  /** Everything that Home Assistant reads of the add-on; what it has no more is removed. */
  | { readonly kind: 'files'; readonly files: readonly StoreEntry[] };

/** A store that is written to by a commit of its own: another repository, branch or folder, or a pull request. */
export interface ChannelStore {
  readonly channel: Channel;
  /** The repository that git works in: the sources' own, or an empty one in the run's folder. */
  readonly root: string;
  /** What git calls the store: the name of a remote, or an address. */
  readonly remote: string;
  /** For people: without credentials. */
  readonly address: string;
  /** It is the repository of the sources. */
  readonly isOwn: boolean;
  /** The branch that Home Assistant reads. */
  readonly branch: string;
  /** What users add to Home Assistant: the address, with the branch if it is not the default one. */
  readonly url: string | undefined;
  /** The add-on's folder, with `/`; "" is the root. */
  readonly folder: string;
  /** The slug that the add-on has there. */
  readonly slug: string;
  readonly version: string;
  /** What it offers so far; undefined when the add-on is new there. */
  readonly offered: string | undefined;
  readonly content: StoreContent;
  /** The branch of the pull request; undefined = pushed to the store's branch. */
  readonly proposal: string | undefined;
  /** The commit that the images were built from. */
  readonly revision: string | undefined;
  /** All of it is there already. */
  readonly isThere: boolean;
}

/** Where a version is offered when the config of the sources is not what tells. */
export type Elsewhere = ChannelStore | { readonly nowhere: string };

/** What writing to a store will write. */
export function planChannelStore(
  store: ChannelStore,
  subject: string,
): readonly AnnouncementWrite[] {
  const { address, branch, folder, version, offered, proposal, isThere } = store;
  if (isThere) return [];
  const target = proposal ?? branch;
  const change = `${folder === '' ? 'the add-on' : folder}: ${offered ?? 'new'} → ${version}`;
  const writes: AnnouncementWrite[] = [
    { kind: 'commit', target, detail: `${subject} (${change})` },
    { kind: 'git-push', target: address, detail: target },
  ];
  if (proposal === undefined) return writes;
  return [
    ...writes,
    { kind: 'pull-request', target: address, detail: `${proposal} into ${branch}` },
  ];
}
