import { AddonReleaseError } from '../errors.js';
import { retry } from '../exec/retry.js';
import { GitError } from './git.js';
import {
  classifyGitError,
  pushOnce,
  readRemoteRefs,
  type Patience,
  type Push,
  type Refs,
} from './remote.js';

/** The images are published; only the announcement is missing. */
export const RESUME = 'Then: `addon-release resume`.';

/**
 * Pushes; if that fails, asks the remote what is true now.
 *
 * @param before what the remote had when the push was made up
 * @returns `moved` when the branch or tag is another one by now
 * @throws AddonReleaseError `store` with the remote's words when it refuses
 */
export async function pushOrAsk(
  root: string,
  push: Push,
  before: Refs,
  patience: Patience,
): Promise<'done' | 'moved'> {
  const { remote, branch, tag } = push;
  if (branch === undefined && tag === undefined) return 'done';
  return retry(
    async () => {
      try {
        await pushOnce(root, push, patience);
        return 'done';
      } catch (error) {
        if (!(error instanceof GitError)) throw error;
        const now = await readRemoteRefs(root, remote, patience);
        const tip = branch === undefined ? undefined : now.branches.get(branch.name);
        const tagThere = tag === undefined ? undefined : now.tags.get(tag.name)?.object;
        // The answer was lost, not the push.
        if (tip === branch?.commit && tagThere === tag?.object) return 'done';
        // A tag that is there now is looked at in the next draft.
        if (tip !== (branch && before.branches.get(branch.name)) || tagThere !== undefined) {
          return 'moved';
        }
        if (error.transient !== undefined) throw error;
        const what = [branch?.name, tag?.name].filter((name) => name !== undefined).join(' and ');
        throw new AddonReleaseError(
          'store',
          `${remote} refuses ${what}; nothing was changed there`,
          {
            output: error.output,
            hint: `${error.hint ?? 'Mend what it complains about.'} ${RESUME}`,
          },
        );
      }
    },
    classifyGitError,
    patience,
  );
}
