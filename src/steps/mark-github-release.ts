import { markPromoted, markRolledBack } from '../github/release.js';
import { defineStep } from '../pipeline/step.js';
import { openGithub } from './github-release.js';

/** Tells the readers of the releases on GitHub which version is offered now, after everything else. */
export const markGithubReleaseStep = defineStep({
  id: 'marked',
  title: 'Mark the GitHub Releases',
  needs: ['retag', 'retagged'],
  tools: ['github'],
  skip: ({ retag }) =>
    retag.github === undefined ? 'the plan names no release on GitHub' : undefined,
  run: async ({ retag: { kind, github } }, context) => {
    if (github === undefined) throw new Error('there is no place on GitHub');
    const { repository, url, from, to } = github;
    const client = await openGithub(url, 'store', context);
    const tags =
      kind === 'promote'
        ? await markPromoted(client, to)
        : await markRolledBack(client, { tag: from, replacement: to });
    for (const tag of tags) {
      const detail = tag === from ? `${tag} marked as rolled back` : `${tag} marked as latest`;
      await context.journal.wrote({ kind: 'github', target: repository, detail });
    }
    return { tags };
  },
  summarize: ({ tags }) => (tags.length === 0 ? 'none is there' : tags.join(', ')),
});
