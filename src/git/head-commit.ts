import { gitOutput } from './git.js';
import { readTags } from './release-history.js';
import { openRepository } from './repository.js';

/** The commit that is checked out, and what its history says of releases. */
export interface HeadCommit {
  readonly commit: string;
  /** When it was committed. */
  readonly epochSeconds: number;
  /** Names of the tags on the commits before it; those on itself name what it is, not what was before. */
  readonly earlierTags: readonly string[];
}

/** @returns undefined outside of a repository, and in one without a commit */
export async function readHeadCommit(
  folder: string,
  signal?: AbortSignal,
): Promise<HeadCommit | undefined> {
  const repository = await openRepository(folder, signal);
  if (repository?.head === undefined) return undefined;
  const { root, head } = repository;
  const args = ['log', '-1', '--no-show-signature', '--format=%ct', head];
  const time = await gitOutput(root, args, 'read the date of the commit', { signal });
  const tags = await readTags(root, signal);
  const earlierTags = tags.filter((tag) => tag.commit !== head).map(({ name }) => name);
  return { commit: head, epochSeconds: Number(time), earlierTags };
}
