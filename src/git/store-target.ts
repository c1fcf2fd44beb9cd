import { realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AddonReleaseError } from '../errors.js';
import type { StoreTarget } from '../plan/announcement.js';
import type { Problem } from '../problem.js';
import { GitError, readBlob } from './git.js';
import { findIdentity } from './identity.js';
import { readSourceRevision, trySigning } from './objects.js';
import { listReleaseChanges, pathInRepository, type ReleaseEdit } from './release-changes.js';
import {
  checkPushRight,
  fetchOne,
  readDefaultBranch,
  readLocalRefs,
  readRemoteRefs,
  type Patience,
  type Refs,
} from './remote.js';
import {
  findRemote,
  hasCommit,
  isAncestor,
  openRepository,
  readRemoteAddress,
  type ChangedFile,
  type Repository,
} from './repository.js';

export interface StoreQuestion extends Patience {
  readonly release: ReleaseEdit;
  /** Files and folders that the images are made from, absolute. */
  readonly watched: readonly string[];
  /** Uncommitted changes are told, and released. */
  readonly allowDirty: boolean;
  /** Nothing will be written: the right to write need not be proved, and a silent remote is only told. */
  readonly preview: boolean;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The name of the release's tag, given the names of those that are there. */
  readonly chooseTag: (existing: Iterable<string>) => string;
}

export interface StoreFinding {
  /** Undefined when there is no repository to announce the release in, or a problem hides which. */
  readonly target: StoreTarget | undefined;
  /** What stands against the release. */
  readonly problems: readonly Problem[];
  readonly notices: readonly string[];
}

/** Enough to recognize what was forgotten. */
const MAX_LISTED = 20;

type Findings = { readonly problems: Problem[]; readonly notices: string[] };

function addProblem({ problems }: Findings, message: string, hint: string, file?: string): void {
  problems.push({ severity: 'error', message, hint, file });
}

function listFiles(changes: readonly ChangedFile[]): string {
  const shown = changes.slice(0, MAX_LISTED).map(({ path, state }) => `${path} (${state})`);
  const rest = changes.length - shown.length;
  return [...shown, ...(rest > 0 ? [`and ${rest} more`] : [])].join(', ');
}

async function checkChanges(
  repository: Repository,
  question: StoreQuestion,
  findings: Findings,
): Promise<void> {
  const changes = await listReleaseChanges(repository, question.watched, question.release);
  const unmerged = changes.filter(({ state }) => state === 'unmerged');
  if (unmerged.length > 0) {
    addProblem(findings, `a merge is not finished: ${listFiles(unmerged)}`, 'Finish it first.');
  } else if (changes.length > 0 && question.allowDirty) {
    findings.notices.push(`released with uncommitted changes: ${listFiles(changes)}`);
  } else if (changes.length > 0) {
    addProblem(
      findings,
      `there are uncommitted changes: ${listFiles(changes)}`,
      'Commit or stash them, or release them with --allow-dirty.',
    );
  }
}

interface Place {
  readonly refs: Refs;
  readonly remote: StoreTarget['remote'];
  /** The branch at that place, and its newest commit. */
  readonly branch: string | undefined;
  readonly tip: string | undefined;
}

async function findPlace(
  { root, branch }: Repository,
  hasVersion: boolean,
  question: StoreQuestion,
  findings: Findings,
): Promise<Place> {
  const local = await readLocalRefs(root);
  const found = await findRemote(root, branch);
  if (found === undefined) {
    if (branch === undefined && !hasVersion) {
      addProblem(
        findings,
        'no branch is checked out that could get the release commit',
        'Check out the branch that the store is read from: `git switch BRANCH`.',
      );
    }
    const tip = branch === undefined ? undefined : local.branches.get(branch);
    return { refs: local, remote: undefined, branch, tip };
  }
  const name = found.remote;
  const address = await readRemoteAddress(root, name);
  const refs = await readRemoteRefs(root, name, question).catch((error: unknown) => {
    if (!question.preview || !(error instanceof GitError)) throw error;
    findings.notices.push(`${name} does not answer: what it has is not known`);
    return undefined;
  });
  if (refs === undefined) {
    const remote = { name, address };
    return { refs: local, remote, branch: found.branch ?? branch, tip: undefined };
  }
  // With a tag checked out whose config has the version already, no branch is written to.
  const there =
    found.branch ??
    branch ??
    (hasVersion ? undefined : await readDefaultBranch(root, name, question));
  const tip = there === undefined ? undefined : refs.branches.get(there);
  if (tip === undefined && (branch !== undefined || !hasVersion)) {
    addProblem(
      findings,
      there === undefined
        ? `${name} does not say which branch is its default one`
        : `the branch ${there} does not exist at ${name}`,
      there === undefined
        ? 'Check out the branch that the store is read from: `git switch BRANCH`.'
        : `\`git push --set-upstream ${name} ${there}\`, or check out the branch that the store is read from.`,
    );
  }
  return { refs, remote: { name, address }, branch: there, tip };
}

/** Whether an earlier attempt has announced this very commit. */
async function isAnnouncement(root: string, commit: string, head: string): Promise<boolean> {
  return (await readSourceRevision(root, commit)) === head;
}

async function checkBranch(
  { root, branch, head = '' }: Repository,
  place: Place,
  isAnnounced: boolean,
  findings: Findings,
): Promise<void> {
  const { remote, tip } = place;
  if (remote === undefined || tip === undefined || tip === head) return;
  const name = `${remote.name}/${place.branch ?? ''}`;
  const [isBehind, isAhead] = [
    await isAncestor(root, head, tip),
    await isAncestor(root, tip, head),
  ];
  if (branch === undefined) {
    if (isBehind) return;
    addProblem(
      findings,
      `the commit that is checked out is not part of ${name}, which gets the release commit`,
      'Release from that branch, or from a commit of it.',
    );
  } else if (isAhead) {
    findings.notices.push(`commits that ${name} does not have are pushed with the release`);
  } else if (isBehind && !isAnnounced) {
    addProblem(findings, `${branch} is behind ${name}`, '`git pull --ff-only` first.');
  } else if (!isBehind) {
    addProblem(findings, `${branch} and ${name} have diverged`, '`git pull --rebase` first.');
  }
}

/** What somebody changed on the branch meanwhile is not overwritten; better told now than after hours. */
async function checkConfig(
  { root }: Repository,
  place: Place,
  path: string,
  release: ReleaseEdit,
  committed: string,
  findings: Findings,
): Promise<void> {
  if (place.tip === undefined) return;
  const there = await readBlob(root, `${place.tip}:${path}`);
  if (there === committed || (there !== undefined && release.edit(there) === there)) return;
  addProblem(
    findings,
    `${path} on ${place.branch ?? ''} is not what it is in the commit that is checked out`,
    'Release from the newest commit of the branch.',
    release.file,
  );
}

interface TagState {
  readonly name: string;
  readonly hasTag: boolean;
  readonly isAnnounced: boolean;
}

async function checkTag(
  { root, head = '' }: Repository,
  { refs, remote }: Place,
  question: StoreQuestion,
  findings: Findings,
): Promise<TagState> {
  const local = await readLocalRefs(root);
  const name = question.chooseTag(new Set([...refs.tags.keys(), ...local.tags.keys()]));
  const [there, own] = [refs.tags.get(name), local.tags.get(name)];
  const found = there ?? own;
  if (found === undefined) return { name, hasTag: false, isAnnounced: false };
  const isAnnounced = await isAnnouncement(root, found.commit, head);
  if (found.commit !== head && !isAnnounced) {
    const where = there === undefined || remote === undefined ? 'here' : `at ${remote.name}`;
    addProblem(
      findings,
      `the tag ${name} exists ${where}, for another commit (${found.commit.slice(0, 12)})`,
      there === undefined
        ? `Release another version, or remove the tag if it is wrong: \`git tag -d ${name}\`.`
        : 'Release another version. Tags of releases are not moved.',
    );
  }
  return { name, hasTag: there !== undefined, isAnnounced: isAnnounced && there !== undefined };
}

/** Proves that commit and tag can be made and pushed. */
async function checkWriting(
  { root, head = '' }: Repository,
  place: Place,
  target: StoreTarget,
  question: StoreQuestion,
): Promise<void> {
  const { hasVersion, hasTag, tag, branch } = target;
  const needsPush = !hasVersion || (place.tip !== undefined && place.tip !== head);
  if (hasTag && !needsPush) return;
  await trySigning(root, head, await findIdentity(root, question.environment));
  if (target.remote === undefined) return;
  await checkPushRight(
    root,
    {
      remote: target.remote.name,
      // Nothing would change: the branch stays where it is, and the tag is only tried.
      branch:
        branch !== undefined && place.tip !== undefined && needsPush
          ? { name: branch, commit: place.tip }
          : undefined,
      tag: hasTag ? undefined : { name: tag, object: head },
    },
    question,
  );
}

/**
 * Finds out where a release can be announced, and everything that stands against it, before hours are spent.
 *
 * @throws AddonReleaseError `environment` when git, the remote or the right to write is missing
 * @throws AddonReleaseError `usage` when there are several remotes and none is chosen
 */
export async function findStoreTarget(question: StoreQuestion): Promise<StoreFinding> {
  const { release } = question;
  const findings: Findings = { problems: [], notices: [] };
  const none = { target: undefined, ...findings };
  const file = await realpath(release.file);
  const repository = await openRepository(dirname(file), question.signal);
  if (repository === undefined) {
    findings.notices.push(
      'there is no git repository: no commit and no tag are made, only the file is written',
    );
    return none;
  }
  const { root, head } = repository;
  if (head === undefined) {
    addProblem(findings, `${root} has no commit yet`, 'Commit the add-on first, or pass --no-git.');
    return none;
  }
  await checkChanges(repository, question, findings);
  const path = (await pathInRepository(root, file)) ?? '';
  const committed = await readBlob(root, `HEAD:${path}`);
  if (committed === undefined) {
    if (question.allowDirty) {
      findings.notices.push(`${path} is not committed: no commit and no tag are made`);
    } else if (findings.problems.length === 0) {
      addProblem(findings, `${path} is not in git`, 'Commit it, or pass --no-git.', file);
    }
    return none;
  }
  const hasVersion = release.edit(committed) === committed;
  const place = await findPlace(repository, hasVersion, question, findings);
  if (place.remote !== undefined && place.branch !== undefined && place.tip !== undefined) {
    const isThere = await hasCommit(root, place.tip);
    if (!isThere) await fetchOne(root, place.remote.name, 'branch', place.branch, question);
  }
  const tag = await checkTag(repository, place, question, findings);
  await checkBranch(repository, place, tag.isAnnounced, findings);
  if (findings.problems.length === 0 && !hasVersion) {
    await checkConfig(repository, place, path, release, committed, findings);
  }
  const target: StoreTarget = {
    root,
    path,
    revision: head,
    branch: repository.branch === undefined && hasVersion ? undefined : place.branch,
    remote: place.remote,
    tag: tag.name,
    hasTag: tag.hasTag,
    hasVersion: hasVersion || tag.isAnnounced,
  };
  if (!question.preview && findings.problems.length === 0)
    await checkWriting(repository, place, target, question);
  return { target, ...findings };
}

/** The findings as one failure. */
export function refuseSources({ problems }: StoreFinding): AddonReleaseError {
  return new AddonReleaseError('usage', 'the sources are not ready to be released', { problems });
}
