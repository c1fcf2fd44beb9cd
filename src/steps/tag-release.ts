import type { Results } from '../pipeline/results.js';
import { defineStep } from '../pipeline/step.js';
import type { RegistryClient } from '../registry/client.js';
import { parseImageReference } from '../registry/reference.js';
import { tagImage } from '../registry/tag-image.js';

/** Tags the per-architecture repositories first, where there are any, and the index last. */
async function tagEverything(
  tags: readonly string[],
  { pushed, index }: Pick<Results, 'pushed' | 'index'>,
  registry: RegistryClient,
): Promise<{ readonly references: readonly string[] }> {
  const references: string[] = [];
  for (const tag of tags) {
    for (const { repository, manifestDigest } of pushed) {
      if (repository === index.repository) continue;
      await tagImage(registry, parseImageReference(repository, 'addon'), manifestDigest, tag);
      references.push(`${repository}:${tag}`);
    }
    await tagImage(registry, parseImageReference(index.repository, 'addon'), index.digest, tag);
    references.push(`${index.repository}:${tag}`);
  }
  return { references };
}

/** Names the pushed digests by the version. From here on the version can be pulled. */
export const tagVersionStep = defineStep({
  id: 'versioned',
  title: 'Tag the version',
  needs: ['plan', 'pushed', 'index'],
  tools: ['registry'],
  run: ({ plan, ...images }, { registry }) => tagEverything(plan.versionTags, images, registry),
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
  run: ({ plan, ...images }, { registry }) => tagEverything(plan.movingTags, images, registry),
  summarize: ({ references }) => references.join(', '),
});
