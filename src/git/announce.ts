import { AddonReleaseError } from '../errors.js';
import { bringIn, type FileChange } from './bring-in.js';
import { gitOutput, readBlob } from './git.js';
import { findIdentity } from './identity.js';
import {
  findCommittedFile,
  readSourceRevision,
  sourceRevisionTrailer,
  writeBlob,
  writeCommit,
  writeTag,
  writeTree,
  type NewFile,
  type NewTag,
} from './objects.js';
import { pushOrAsk, RESUME } from './push-or-ask.js';
import {
  fetchOne,
  readLocalRefs,
  readRemoteRefs,
  type Patience,
  type Refs,
  type TagTarget,
} from './remote.js';
import { hasCommit, isAncestor } from './repository.js';

/** Something that is told to the users of a store: one commit, and maybe a tag. */
export interface Announcement {
  /** The working tree. */
  readonly root: string;
  /** Where it is pushed; undefined = commit and tag stay in this repository. */
  readonly remote: string | undefined;
  /** The branch that gets the commit; undefined = only a tag may be needed. */
  readonly branch: string | undefined;
  /** The commit that it is about. What the files are in it, they must still be on the branch. */
  readonly revision: string;
  readonly changes: readonly FileChange[];
  /** The commit's first line. */
  readonly subject: string;
  readonly tag?: NewTag | undefined;
}

export interface AnnounceOptions extends Patience {
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export interface Announced {
  /** Whether anything was written now; false when an earlier run had done it all. */
  readonly isNew: boolean;
  /** The commit that has the changes. */
  readonly commit: string;
  /** What the user should know about the own working tree. */
  readonly notices: readonly string[];
}

/** What is made before anything has a name. */
interface Draft {
  /** The commit that the announcement ends with. */
  readonly commit: string;
  /** The tag's object, made now or found. */
  readonly tagObject: string | undefined;
  /** What the place of the announcement does not have yet. */
  readonly branch: { readonly name: string; readonly commit: string } | undefined;
  readonly tag: { readonly name: string; readonly object: string } | undefined;
}

/** How often a branch may move while the release commit is made. */
const MAX_MOVES = 5;

function fail(message: string, hint: string, output?: string): never {
  throw new AddonReleaseError('store', message, { hint, output });
}

async function readCommitted(
  root: string,
  commit: string,
  path: string,
): Promise<{ readonly text: string | undefined; readonly mode: string }> {
  const file = await findCommittedFile(root, commit, path);
  if (file === undefined) return { text: undefined, mode: '100644' };
  if (file.mode === '120000') fail(`${path} is a symbolic link`, 'Replace it by the file.');
  return { text: await readBlob(root, file.blob), mode: file.mode };
}

/** The branch's newest commit that the release commit can follow. */
async function chooseParent(a: Announcement, refs: Refs): Promise<string> {
  const { root, remote, branch, revision } = a;
  const tip = branch === undefined ? undefined : refs.branches.get(branch);
  if (tip === undefined) return revision;
  if (!(await hasCommit(root, tip)) && remote !== undefined && branch !== undefined) {
    await fetchOne(root, remote, 'branch', branch);
  }
  if (await isAncestor(root, revision, tip)) return tip;
  // Commits that were there before the release began, and are not pushed yet, go with it.
  if (await isAncestor(root, tip, revision)) return revision;
  return fail(
    `${branch ?? ''} went another way than the commit that was released (${revision.slice(0, 12)})`,
    `\`git pull --rebase\`, then set the version by hand; the images are published.`,
  );
}

/** Whether the released commit says already what is announced. */
async function isAnnouncedIn(a: Announcement, commit: string): Promise<boolean> {
  for (const { path, edit } of a.changes) {
    const { text } = await readCommitted(a.root, commit, path);
    if (edit(text) !== text) return false;
  }
  return true;
}

async function draftFiles(a: Announcement, parent: string): Promise<readonly NewFile[]> {
  const files: NewFile[] = [];
  for (const { path, edit } of a.changes) {
    const base = await readCommitted(a.root, a.revision, path);
    const before = parent === a.revision ? base : await readCommitted(a.root, parent, path);
    const after = edit(before.text);
    if (after === before.text) continue;
    if (before.text !== base.text) {
      fail(
        `${path} was changed on ${a.branch ?? 'the branch'} while the release ran`,
        'Look at the change, then set the version by hand or release anew; the images are published.',
      );
    }
    files.push({ path, mode: before.mode, blob: await writeBlob(a.root, after) });
  }
  return files;
}

/** Whether a tag that is there is this announcement's: on the released commit, or on the commit that announced it. */
async function checkTag(a: Announcement, tag: TagTarget, name: string): Promise<void> {
  if (tag.commit === a.revision) return;
  if (!(await hasCommit(a.root, tag.commit)) && a.remote !== undefined && a.branch !== undefined) {
    await fetchOne(a.root, a.remote, 'branch', a.branch);
  }
  if ((await readSourceRevision(a.root, tag.commit)) === a.revision) return;
  fail(
    `the tag ${name} names another commit (${tag.commit.slice(0, 12)})`,
    'Tags of releases are not moved. Remove it if it is wrong, then `addon-release resume`.',
  );
}

/** The tag, if it is there already. One of an earlier attempt that nobody else has seen is taken away. */
async function findTag(a: Announcement, refs: Refs, local: Refs): Promise<TagTarget | undefined> {
  const { root, tag, revision } = a;
  if (tag === undefined) return undefined;
  const there = refs.tags.get(tag.name);
  const own = local.tags.get(tag.name);
  const found = there ?? own;
  if (found === undefined) return undefined;
  await checkTag(a, found, tag.name);
  if (there !== undefined || found.commit === revision) return found;
  const ref = `refs/tags/${tag.name}`;
  await gitOutput(root, ['update-ref', '-d', ref, found.object], 'take an unfinished tag away');
  return undefined;
}

async function draftCommit(a: Announcement, parent: string): Promise<readonly NewFile[]> {
  const files = await draftFiles(a, parent);
  if (files.length > 0 && a.branch === undefined) {
    fail('no branch is checked out', 'Check out the branch that the store is read from.');
  }
  return files;
}

async function makeDraft(
  a: Announcement,
  refs: Refs,
  local: Refs,
  environment: AnnounceOptions['environment'],
): Promise<Draft> {
  const { root, revision, branch, tag } = a;
  const parent = await chooseParent(a, refs);
  const existing = await findTag(a, refs, local);
  const isAnnounced = await isAnnouncedIn(a, revision);
  const files = isAnnounced ? [] : await draftCommit(a, parent);
  const needsTag = tag !== undefined && existing === undefined;
  const identity = files.length > 0 || needsTag ? await findIdentity(root, environment) : {};
  const trailer = sourceRevisionTrailer(revision);
  const made =
    files.length === 0
      ? undefined
      : await writeCommit(
          root,
          {
            tree: await writeTree(root, parent, files),
            parent,
            message: `${a.subject}\n\n${trailer}\n`,
          },
          identity,
        );
  const announced = made ?? (isAnnounced ? revision : (existing?.commit ?? parent));
  const message = `${tag?.message.trim() ?? ''}\n\n${trailer}\n`;
  const tagObject = needsTag
    ? await writeTag(root, { name: tag.name, message }, announced, identity)
    : existing?.object;
  // Commits that are not pushed yet go with the tag that names them.
  const unpushed = isAnnounced && parent === revision ? revision : undefined;
  const newTip = made ?? unpushed;
  return {
    commit: announced,
    tagObject,
    branch:
      branch === undefined || newTip === undefined || refs.branches.get(branch) === newTip
        ? undefined
        : { name: branch, commit: newTip },
    tag:
      tag === undefined || tagObject === undefined || refs.tags.has(tag.name)
        ? undefined
        : { name: tag.name, object: tagObject },
  };
}

async function announceOnce(a: Announcement, options: AnnounceOptions): Promise<Announced> {
  for (let moves = 0; moves <= MAX_MOVES; moves++) {
    const local = await readLocalRefs(a.root);
    const refs = a.remote === undefined ? local : await readRemoteRefs(a.root, a.remote, options);
    const draft = await makeDraft(a, refs, local, options.environment);
    const { commit, branch, tag, tagObject } = draft;
    if (a.remote !== undefined) {
      const push = { remote: a.remote, branch, tag };
      if ((await pushOrAsk(a.root, push, refs, options)) === 'moved') continue;
    }
    const named =
      a.tag === undefined || tagObject === undefined
        ? undefined
        : { name: a.tag.name, object: tagObject };
    const notices = await bringIn({ ...a, commit, tag: named });
    return { isNew: branch !== undefined || tag !== undefined, commit, notices };
  }
  return fail(
    `${a.branch ?? 'the branch'} moved ${MAX_MOVES + 1} times while the release commit was made`,
    'Try again when it is quiet: `addon-release resume`.',
  );
}

/**
 * Tells the users of a store: makes one commit with the changes on top of the branch, tags it, and pushes both as a
 * whole or not at all. Until then nothing in the repository has changed, so that a refusal, or the end of the process,
 * leaves it as it was; what was pushed is brought into this working tree afterwards, by the next run if need be.
 *
 * A branch that moved meanwhile gets the commit on its new tip, provided that the files are there what they were.
 * What is announced already is not announced again.
 *
 * @throws AddonReleaseError `store` with the remote's own words when it refuses
 */
export async function announce(
  announcement: Announcement,
  options: AnnounceOptions,
): Promise<Announced> {
  try {
    return await announceOnce(announcement, options);
  } catch (error) {
    if (!(error instanceof AddonReleaseError) || error.failure === 'store') throw error;
    if (error.failure === 'interrupted') throw error;
    throw new AddonReleaseError('store', error.message, {
      problems: error.problems,
      output: error.output,
      hint: error.hint === undefined ? RESUME : `${error.hint} ${RESUME}`,
      cause: error,
    });
  }
}
