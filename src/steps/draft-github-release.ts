import { prepareDraft } from '../github/release.js';
import { defineStep } from '../pipeline/step.js';
import { describeRelease, findObstacle, openGithub } from './github-release.js';

/** Makes the GitHub Release as a draft, so that a token that may not do it is found out before anything is built. */
export const draftGithubReleaseStep = defineStep({
  id: 'githubDraft',
  title: 'Draft the GitHub Release',
  needs: ['addon', 'settings', 'sources', 'plan'],
  tools: ['github'],
  skip: findObstacle,
  run: async (inputs, context) => {
    const client = await openGithub(inputs.plan.source.url, 'environment', context);
    const draft = await prepareDraft(client, await describeRelease(inputs));
    if (draft.outcome !== 'unchanged') {
      const detail = `draft release ${draft.outcome}`;
      await context.journal.wrote({ kind: 'github', target: draft.url, detail });
    }
    return draft;
  },
  summarize: ({ tag, outcome, published }) =>
    published ? `${tag} is published already` : `${tag} ${outcome}`,
});
