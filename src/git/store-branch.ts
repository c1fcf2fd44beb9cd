import { realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AddonReleaseError } from '../errors.js';
import type { StoreBranch } from '../plan/retag.js';
import { readBlob } from './git.js';
import { findIdentity } from './identity.js';
import { listReleaseChanges, pathInRepository, type ReleaseEdit } from './release-changes.js';
import { checkPushRight, fetchOne, readRemoteRefs, type Patience } from './remote.js';
import { findRemote, hasCommit, openRepository, readRemoteAddress } from './repository.js';

function refuse(message: string, hint: string): never {
  throw new AddonReleaseError('usage', message, { hint });
}

/**
 * Finds where a change of a config file alone can be committed and pushed, and proves the right to.
 *
 * @returns undefined when the file is in no git repository: then the file is all there is
 * @throws AddonReleaseError `usage` for what stands against it, `environment` when git or the right to write is missing
 */
export async function findStoreBranch(
  change: ReleaseEdit,
  {
    environment,
    ...patience
  }: Patience & {
    readonly environment: Readonly<Record<string, string | undefined>>;
  },
): Promise<StoreBranch | undefined> {
  const file = await realpath(change.file);
  const repository = await openRepository(dirname(file), patience.signal);
  if (repository === undefined) return undefined;
  const { root, head, branch: own } = repository;
  const path = await pathInRepository(root, file);
  const committed =
    head === undefined || path === undefined ? undefined : await readBlob(root, `HEAD:${path}`);
  if (head === undefined || path === undefined || committed === undefined) {
    return refuse(`${file} is not in git`, 'Commit it, or pass --no-git.');
  }
  const changes = await listReleaseChanges(repository, [file], change);
  if (changes.length > 0) {
    refuse(`${path} has uncommitted changes`, 'Commit or revert them, or pass --no-git.');
  }
  if (own === undefined) {
    return refuse(
      'no branch is checked out',
      'Check out the branch that the store is read from: `git switch BRANCH`.',
    );
  }
  await findIdentity(root, environment);
  const found = await findRemote(root, own);
  if (found === undefined) return { root, path, revision: head, branch: own, remote: undefined };
  const branch = found.branch ?? own;
  const refs = await readRemoteRefs(root, found.remote, patience);
  const tip = refs.branches.get(branch);
  if (tip === undefined) {
    return refuse(
      `the branch ${branch} does not exist at ${found.remote}`,
      `\`git push --set-upstream ${found.remote} ${branch}\`, or pass --no-git.`,
    );
  }
  if (!(await hasCommit(root, tip))) await fetchOne(root, found.remote, 'branch', branch, patience);
  const push = { remote: found.remote, branch: { name: branch, commit: tip }, tag: undefined };
  await checkPushRight(root, push, patience);
  const address = await readRemoteAddress(root, found.remote);
  return { root, path, revision: head, branch, remote: { name: found.remote, address } };
}
