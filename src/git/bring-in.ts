import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AddonReleaseError } from '../errors.js';
import { git, gitOutput, readBlob } from './git.js';
import { findCommittedFile, indexLines, writeBlob, type NewFile } from './objects.js';
import { fetchOne, readLocalRefs } from './remote.js';
import { replaceFile } from '../addon/replace-file.js';
import { findRemote, isAncestor, openRepository } from './repository.js';

/** A file, and what it is changed to. */
export interface FileChange {
  /** From the repository's root, with `/`. */
  readonly path: string;
  /**
   * The new text; applied to the branch's, the index's and the working tree's text of the file, so that what else differs
   * between them stays as it is. Changing a text twice must be the same as changing it once.
   *
   * @param before undefined when there is no such file
   */
  readonly edit: (before: string | undefined) => string;
}

export interface BringIn {
  readonly root: string;
  /** Where branch and tag were pushed; undefined = this repository is where they are announced. */
  readonly remote: string | undefined;
  /** The branch that has the commit, by its name at the remote. */
  readonly branch: string | undefined;
  readonly commit: string;
  readonly changes: readonly FileChange[];
  readonly tag: { readonly name: string; readonly object: string } | undefined;
}

interface FileText {
  readonly file: string;
  /** Undefined = there is no such file. */
  readonly before: string | undefined;
  readonly after: string;
}

interface LocalEdits {
  readonly files: readonly FileText[];
  readonly indexBefore: readonly NewFile[];
  readonly indexAfter: readonly NewFile[];
}

async function readText(file: string): Promise<string | undefined> {
  const bytes = await readFile(file).catch(() => undefined);
  if (bytes === undefined) return undefined;
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
}

async function readIndexed(root: string, path: string): Promise<NewFile | undefined> {
  const output = await gitOutput(root, ['ls-files', '-s', '-z', '--', path], 'read the index');
  const match = /^(\d+) ([0-9a-f]+) 0\t/.exec(output);
  return match === null ? undefined : { path, mode: match[1] ?? '', blob: match[2] ?? '' };
}

/** Undefined when the file is not new, or something is in its place already. */
async function planNewFile(
  { root, commit }: BringIn,
  head: string,
  { path }: FileChange,
): Promise<{ readonly text: FileText; readonly indexed: NewFile } | undefined> {
  const committed = await findCommittedFile(root, commit, path);
  if (committed === undefined) return undefined;
  const isKnown = (await findCommittedFile(root, head, path)) !== undefined;
  const file = join(root, path);
  if (isKnown || (await readText(file)) !== undefined) return undefined;
  if ((await readIndexed(root, path)) !== undefined) return undefined;
  const after = (await readBlob(root, committed.blob)) ?? '';
  return { text: { file, before: undefined, after }, indexed: { ...committed, path } };
}

/** What has to change in working tree and index; read as a whole before anything is written. */
async function planEdits(a: BringIn, head: string): Promise<LocalEdits> {
  const { root, changes } = a;
  const files: FileText[] = [];
  const indexBefore: NewFile[] = [];
  const indexAfter: NewFile[] = [];
  for (const change of changes) {
    const { path, edit } = change;
    const added = await planNewFile(a, head, change);
    if (added !== undefined) {
      files.push(added.text);
      indexBefore.push({ path, mode: '0', blob: added.indexed.blob.replace(/./g, '0') });
      indexAfter.push(added.indexed);
      continue;
    }
    const file = join(root, path);
    const before = await readText(file);
    const after = before === undefined ? undefined : edit(before);
    if (before !== undefined && after !== undefined && after !== before) {
      files.push({ file, before, after });
    }
    const indexed = await readIndexed(root, path);
    const staged = indexed === undefined ? undefined : await readBlob(root, indexed.blob);
    if (indexed === undefined || staged === undefined || edit(staged) === staged) continue;
    indexBefore.push(indexed);
    indexAfter.push({ ...indexed, blob: await writeBlob(root, edit(staged)) });
  }
  return { files, indexBefore, indexAfter };
}

async function setIndex(root: string, files: readonly NewFile[]): Promise<void> {
  if (files.length === 0) return;
  await gitOutput(root, ['update-index', '-z', '--index-info'], 'set files in the index', {
    input: indexLines(files),
  });
  // Fails when other files are changed, which is none of our business.
  await git(root, ['update-index', '-q', '--refresh']);
}

interface RefUpdate {
  readonly ref: string;
  readonly to: string;
  /** Undefined = the reference must not exist. */
  readonly from: string | undefined;
}

/** All of them, or none. */
async function updateRefs(root: string, updates: readonly RefUpdate[]): Promise<void> {
  if (updates.length === 0) return;
  const input = updates.map(({ ref, to, from }) =>
    from === undefined ? `create ${ref}\0${to}\0` : `update ${ref}\0${to}\0${from}\0`,
  );
  const args = ['update-ref', '-m', 'addon-release: announce', '-z', '--stdin'];
  await gitOutput(root, args, 'set branch and tag', { input: input.join('') });
}

/**
 * In this order, so that an interruption leaves nothing but an uncommitted version in the file, which is what the next
 * run is going to commit or finds committed.
 */
async function advance(
  a: BringIn,
  branch: { readonly name: string; readonly head: string },
  tags: readonly RefUpdate[],
): Promise<void> {
  const { root, commit } = a;
  const edits = await planEdits(a, branch.head);
  try {
    for (const { file, after } of edits.files) await replaceFile(file, after);
    await setIndex(root, edits.indexAfter);
    const ref = `refs/heads/${branch.name}`;
    await updateRefs(root, [...tags, { ref, to: commit, from: branch.head }]);
  } catch (error) {
    for (const { file, before } of edits.files) {
      await (before === undefined ? rm(file, { force: true }) : replaceFile(file, before));
    }
    await setIndex(root, edits.indexBefore);
    throw error;
  }
}

/** The local branch that is checked out, if it is the announced one. */
async function findLocalBranch(
  a: BringIn,
): Promise<{ readonly name: string; readonly head: string } | undefined> {
  const repository = await openRepository(a.root);
  const { branch, head } = repository ?? {};
  if (branch === undefined || head === undefined) return undefined;
  if (a.remote === undefined) return branch === a.branch ? { name: branch, head } : undefined;
  const upstream = await findRemote(a.root, branch);
  const isSame = upstream?.remote === a.remote && (upstream.branch ?? branch) === a.branch;
  return isSame ? { name: branch, head } : undefined;
}

async function isParent(root: string, parent: string, commit: string): Promise<boolean> {
  const content = await gitOutput(root, ['cat-file', 'commit', commit], 'read a commit');
  return content.split('\n\n')[0]?.split('\n').includes(`parent ${parent}`) === true;
}

/** A tag that an earlier attempt pushed may be known by its name only. */
async function fetchTag({ root, remote, tag }: BringIn): Promise<void> {
  if (tag === undefined || remote === undefined) return;
  if ((await git(root, ['cat-file', '-e', tag.object])).exitCode === 0) return;
  await fetchOne(root, remote, 'tag', tag.name);
}

async function bringInBranch(a: BringIn, tags: readonly RefUpdate[]): Promise<string | undefined> {
  const { root, commit } = a;
  const local = await findLocalBranch(a);
  if (local === undefined || (await isAncestor(root, commit, local.head))) {
    await updateRefs(root, tags);
    return undefined;
  }
  if (await isParent(root, local.head, commit)) {
    await advance(a, local, tags);
    return undefined;
  }
  await updateRefs(root, tags);
  if (await isAncestor(root, local.head, commit)) {
    const merged = await git(root, ['merge', '--ff-only', '--quiet', '--no-autostash', commit]);
    if (merged.exitCode === 0) return undefined;
  }
  return `your branch ${local.name} does not have the release commit yet: \`git pull --rebase\``;
}

/**
 * Brings what was announced into this working tree: tag, branch, index and files. Uncommitted changes stay, in the
 * changed files too. Done again it finishes what was interrupted.
 *
 * @returns what could not be brought in; nothing of that is lost, it is at the remote
 * @throws AddonReleaseError without a remote, when nothing could be written; then all is as it was
 */
export async function bringIn(a: BringIn): Promise<readonly string[]> {
  const notices: string[] = [];
  const existing =
    a.tag === undefined ? undefined : (await readLocalRefs(a.root)).tags.get(a.tag.name);
  const tags: RefUpdate[] = [];
  if (a.tag !== undefined && existing === undefined) {
    tags.push({ ref: `refs/tags/${a.tag.name}`, to: a.tag.object, from: undefined });
  } else if (a.tag !== undefined && existing?.object !== a.tag.object) {
    notices.push(
      `your tag ${a.tag.name} differs from the remote's: \`git fetch --tags --force ${a.remote ?? ''}\``,
    );
  }
  try {
    await fetchTag(a);
    const notice = await bringInBranch(a, tags);
    return notice === undefined ? notices : [...notices, notice];
  } catch (error) {
    if (a.remote === undefined || !(error instanceof AddonReleaseError)) throw error;
    const why = [error.message, error.output].filter((text) => text !== undefined).join(': ');
    return [
      ...notices,
      `the release is announced, but not in this working tree (${why}): \`git pull\``,
    ];
  }
}
