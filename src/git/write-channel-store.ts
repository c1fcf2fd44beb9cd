import { AddonReleaseError } from '../errors.js';
import type { ChannelStore } from '../plan/channel-store.js';
import { git, gitOutput } from './git.js';
import { carryIdentity } from './identity.js';
import { sourceRevisionTrailer, writeCommit, writeTree, type NewFile } from './objects.js';
import { pushOrAsk, RESUME } from './push-or-ask.js';
import { fetchOne, fetchTip, readRemoteRefs, type Patience, type Refs } from './remote.js';
import { findRemote, hasCommit, openRepository } from './repository.js';
import { listStoreChanges } from './store-changes.js';
import { readStoreState } from './store-state.js';

export interface StoreWriting extends Patience {
  /** The commit's first line. */
  readonly subject: string;
  /** A repository whose settings say who makes the commit. */
  readonly identityRoot: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Why the store is to stay at the version that it offers by now; undefined = it is to be changed. */
  readonly findObstacle: (offered: string | undefined) => string | undefined;
}

export interface WrittenStore {
  /** The commit that offers the version: on the store's branch, or on that of the pull request. */
  readonly commit: string;
  /** Whether anything was written now. */
  readonly isNew: boolean;
  /** The branch offers the version already, so that there is nothing to propose. */
  readonly isOffered: boolean;
  readonly notices: readonly string[];
}

/** How often a branch may move while the commit is made. */
const MAX_MOVES = 5;

/** Gets a branch's newest commit; false when the branch moved between asking and fetching. */
export async function ensureTip(
  { root, remote, isOwn }: Pick<ChannelStore, 'root' | 'remote' | 'isOwn'>,
  branch: string,
  tip: string,
  patience: Patience,
): Promise<boolean> {
  if (await hasCommit(root, tip)) return true;
  if (isOwn) await fetchOne(root, remote, 'branch', branch, patience);
  else await fetchTip(root, remote, branch, patience);
  return hasCommit(root, tip);
}

async function makeCommit(
  { root, revision }: ChannelStore,
  tip: string,
  changes: readonly NewFile[],
  { subject, identityRoot, environment }: StoreWriting,
): Promise<string> {
  const trailer = revision === undefined ? '' : `\n${sourceRevisionTrailer(revision)}\n`;
  const commit = {
    tree: await writeTree(root, tip, changes),
    parent: tip,
    message: `${subject}\n${trailer}`,
  };
  return writeCommit(root, commit, await carryIdentity(identityRoot, environment));
}

/** What stands on the branch of the pull request, if it is to stay. */
async function findProposed(
  store: ChannelStore,
  existing: string,
  commit: string,
  { subject }: StoreWriting,
): Promise<{ readonly commit: string; readonly notice: string | undefined } | undefined> {
  const { root, proposal } = store;
  const [trees, message] = await Promise.all([
    Promise.all(
      [existing, commit].map((one) =>
        gitOutput(root, ['rev-parse', '--verify', `${one}^{tree}`], 'compare commits'),
      ),
    ),
    gitOutput(root, ['log', '-1', '--format=%s', existing], 'read a commit'),
  ]);
  if (trees[0] === trees[1]) return { commit: existing, notice: undefined };
  if (message === subject) return undefined;
  const notice = `somebody has changed the branch ${proposal ?? ''}: it is left as it is`;
  return { commit: existing, notice };
}

/** The own working tree follows when it stands on the store's branch. */
async function bringHome(store: ChannelStore, commit: string): Promise<readonly string[]> {
  const { root, isOwn, remote, branch, proposal } = store;
  const repository = isOwn && proposal === undefined ? await openRepository(root) : undefined;
  if (repository?.branch === undefined) return [];
  const upstream = await findRemote(root, repository.branch);
  const isSame = upstream?.remote === remote && (upstream.branch ?? repository.branch) === branch;
  if (!isSame) return [];
  const merged = await git(root, ['merge', '--ff-only', '--quiet', '--no-autostash', commit]);
  if (merged.exitCode === 0) return [];
  return [`your branch ${repository.branch} does not have the store's commit yet: \`git pull\``];
}

async function writeOnce(
  store: ChannelStore,
  refs: Refs,
  writing: StoreWriting,
): Promise<WrittenStore | 'moved'> {
  const { root, remote, branch, proposal, address } = store;
  const tip = refs.branches.get(branch);
  if (tip === undefined) {
    throw new AddonReleaseError('store', `${address} has no branch ${branch} any more`, {
      hint: `Make it again, or choose another one in addon-release.yaml. ${RESUME}`,
    });
  }
  if (!(await ensureTip(store, branch, tip, writing))) return 'moved';
  const { offered } = await readStoreState(root, tip, store.folder);
  const obstacle = writing.findObstacle(offered);
  if (obstacle !== undefined) {
    return { commit: tip, isNew: false, isOffered: true, notices: [obstacle] };
  }
  const changes = await listStoreChanges(store, tip);
  if (changes.length === 0) return { commit: tip, isNew: false, isOffered: true, notices: [] };
  const commit = await makeCommit(store, tip, changes, writing);
  const existing = proposal === undefined ? undefined : refs.branches.get(proposal);
  if (proposal !== undefined && existing !== undefined) {
    if (!(await ensureTip(store, proposal, existing, writing))) return 'moved';
    const kept = await findProposed(store, existing, commit, writing);
    if (kept !== undefined) {
      const notices = kept.notice === undefined ? [] : [kept.notice];
      return { commit: kept.commit, isNew: false, isOffered: false, notices };
    }
  }
  const push = {
    remote,
    branch: { name: proposal ?? branch, commit },
    replaced: proposal === undefined ? undefined : (existing ?? ''),
  };
  if ((await pushOrAsk(root, push, refs, writing)) === 'moved') return 'moved';
  const notices = await bringHome(store, commit);
  return { commit, isNew: true, isOffered: proposal === undefined, notices };
}

/**
 * Writes a version to a store: one commit on its branch, or on the branch of a pull request, of the add-on's own files
 * alone. When the branch moves meanwhile the commit is made anew on its new tip. What is there already is not written
 * again.
 *
 * @throws AddonReleaseError `store` with the remote's own words when it refuses
 */
export async function writeChannelStore(
  store: ChannelStore,
  writing: StoreWriting,
): Promise<WrittenStore> {
  try {
    for (let moves = 0; moves <= MAX_MOVES; moves++) {
      const refs = await readRemoteRefs(store.root, store.remote, writing);
      const written = await writeOnce(store, refs, writing);
      if (written !== 'moved') return written;
    }
  } catch (error) {
    writing.signal?.throwIfAborted();
    if (!(error instanceof AddonReleaseError) || error.failure === 'store') throw error;
    throw new AddonReleaseError('store', error.message, {
      output: error.output,
      hint: error.hint === undefined ? RESUME : `${error.hint} ${RESUME}`,
      cause: error,
    });
  }
  throw new AddonReleaseError(
    'store',
    `${store.branch} of ${store.address} moved ${MAX_MOVES + 1} times while the commit was made`,
    { hint: 'Try again when it is quiet: `addon-release resume`.' },
  );
}
