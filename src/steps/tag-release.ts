import type { Results } from '../pipeline/results.js';
import { defineStep } from '../pipeline/step.js';
import type { StepContext } from '../pipeline/step.js';
import { parseImageReference } from '../registry/reference.js';
import { tagImage } from '../registry/tag-image.js';

/** Tags the per-architecture repositories first, where there are any, and the index last. */
async function tagEverything(
  tags: readonly string[],
  { pushed, index }: Pick<Results, 'pushed' | 'index'>,
  { registry, journal }: StepContext,
): Promise<{ readonly references: readonly string[] }> {
  const references: string[] = [];
  const tag = async (repository: string, digest: string, name: string): Promise<void> => {
    const target = `${repository}:${name}`;
    const moved = await tagImage(registry, parseImageReference(repository, 'addon'), digest, name);
    if (moved) await journal.wrote({ kind: 'tag', target, detail: digest });
    references.push(target);
  };
  for (const name of tags) {
    for (const { repository, manifestDigest } of pushed) {
      if (repository === index.repository) continue;
      await tag(repository, manifestDigest, name);
    }
    await tag(index.repository, index.digest, name);
  }
  return { references };
}

/** Names the pushed digests by the version. From here on the version can be pulled. */
export const tagVersionStep = defineStep({
  id: 'versioned',
  title: 'Tag the version',
  needs: ['plan', 'pushed', 'index'],
  tools: ['registry'],
  run: ({ plan, ...images }, context) => tagEverything(plan.versionTags, images, context),
  summarize: ({ references }) => references.join(', '),
});

/** Lets `latest` follow a verified version. */
export const moveTagsStep = defineStep({
  id: 'moved',
  title: 'Move the tags that follow',
  needs: ['plan', 'pushed', 'index', 'verified'],
  tools: ['registry'],
  skip: ({ plan }) =>
    plan.movingTags.length === 0 ? `${plan.version} is not a stable version` : undefined,
  run: ({ plan, ...images }, context) => tagEverything(plan.movingTags, images, context),
  summarize: ({ references }) => references.join(', '),
});
