import { retry } from '../exec/retry.js';
import type { GithubClient, PullRequest } from './api.js';
import { GithubError } from './failures.js';

/** A pull request that is to be there. */
export interface Proposal {
  /** The branch that has the commit. */
  readonly head: string;
  /** The branch that is to get it. */
  readonly base: string;
  readonly title: string;
  /** What it says, given what the one that is there says; what people wrote is to stay. */
  readonly describe: (before: string) => string;
}

export interface OpenedProposal {
  readonly url: string;
  readonly outcome: 'created' | 'updated' | 'unchanged';
}

/**
 * Proves that the token may open pull requests, without opening one: a branch can't be proposed to itself, and GitHub
 * says so only to those who may propose.
 *
 * @throws GithubError
 */
export async function provePullRequests(client: GithubClient, base: string): Promise<void> {
  try {
    await client.createPullRequest({ head: base, base, title: 'Never opened', body: '' });
  } catch (error) {
    if (error instanceof GithubError && error.kind === 'refused') return;
    throw error;
  }
}

/**
 * Opens a pull request, or brings the one that is open up to date.
 *
 * @throws GithubError
 */
export async function openPullRequest(
  client: GithubClient,
  { head, base, title, describe }: Proposal,
): Promise<OpenedProposal> {
  const update = async (found: PullRequest): Promise<OpenedProposal> => {
    const body = describe(found.body);
    if (found.title === title && found.body === body) {
      return { url: found.url, outcome: 'unchanged' };
    }
    const { url } = await client.updatePullRequest(found.number, { title, body });
    return { url, outcome: 'updated' };
  };
  const isOpen = (error: unknown) =>
    error instanceof GithubError && (error.kind === 'unreachable' || error.kind === 'server-error');
  return retry(
    async () => {
      const found = await client.findPullRequest(head, base);
      if (found !== undefined) return update(found);
      const { url } = await client.createPullRequest({ head, base, title, body: describe('') });
      return { url, outcome: 'created' };
    },
    // After these nobody knows whether it was done: one has to look.
    (error) => (isOpen(error) ? { cause: (error as GithubError).message } : undefined),
    client.repeating,
  );
}
