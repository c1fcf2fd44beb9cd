import { AddonReleaseError } from '../errors.js';
import type { Results } from '../pipeline/results.js';
import { defineStep, type StepContext } from '../pipeline/step.js';
import { decideMove } from '../plan/moving-tags.js';
import { listRepositories } from '../plan/release-repositories.js';
import { parseVersion } from '../plan/version.js';
import { parseImageReference } from '../registry/reference.js';
import { tagImage } from '../registry/tag-image.js';
import { readTag } from '../registry/tag-state.js';

type Images = Pick<Results, 'plan' | 'pushed' | 'index'>;

/** Tags the repositories of single architectures first, where there are any, and the index last. */
async function tagEverything(
  name: string,
  { plan, pushed, index }: Images,
  { registry, journal }: StepContext,
): Promise<readonly string[]> {
  const references: string[] = [];
  for (const { repository, arch } of listRepositories(plan.architectures, index.repository)) {
    const image = pushed.find((one) => one.arch === arch);
    const digest = arch === undefined ? index.digest : image?.manifestDigest;
    // An optional architecture may have been left out.
    if (digest === undefined) continue;
    const target = `${repository}:${name}`;
    const moved = await tagImage(registry, parseImageReference(repository, 'addon'), digest, name);
    if (moved) await journal.wrote({ kind: 'tag', target, detail: digest });
    references.push(target);
  }
  return references;
}

/**
 * Looks once more whether the version is what it was when the run began: that may be hours ago, and the lock keeps
 * nobody away who releases on another machine.
 */
async function refuseNewcomer(
  { plan, existing, index }: Pick<Results, 'plan' | 'existing' | 'index'>,
  { registry }: StepContext,
): Promise<void> {
  const name = parseImageReference(index.repository, 'addon');
  const there = (await registry.headManifest(name, plan.version))?.digest;
  if (there === undefined || [index.digest, existing.indexDigest].includes(there)) return;
  throw new AddonReleaseError(
    'registry',
    `${index.repository}:${plan.version} was published by somebody else meanwhile`,
    {
      output: `there: ${there}\nnew:   ${index.digest}`,
      hint: 'Nothing was tagged. Look at what was published; release a new version if it is not this one.',
    },
  );
}

/** Names the pushed digests by the version. From here on the version can be pulled. */
export const tagVersionStep = defineStep({
  id: 'versioned',
  title: 'Tag the version',
  needs: ['plan', 'existing', 'pushed', 'index'],
  tools: ['registry'],
  run: async (images, context) => {
    await refuseNewcomer(images, context);
    const references: string[] = [];
    for (const name of images.plan.versionTags) {
      references.push(...(await tagEverything(name, images, context)));
    }
    return { references };
  },
  summarize: ({ references }) => references.join(', '),
});

/** Lets the channel's tags follow a verified version. None goes back to an older one. */
export const moveTagsStep = defineStep({
  id: 'moved',
  title: 'Move the tags that follow',
  needs: ['plan', 'pushed', 'index', 'verified'],
  tools: ['registry'],
  run: async (images, context) => {
    const { plan } = images;
    const { repository, digest } = images.index;
    const version = parseVersion(plan.version);
    const references: string[] = [];
    for (const tag of plan.movingTags) {
      const name = parseImageReference(repository, 'addon');
      const current = await readTag(context.registry, name, tag);
      const decision = decideMove(current, { tag, version, digest });
      if (!decision.move && !decision.isThere) {
        const message = `${repository}:${tag} ${decision.reason}`;
        context.emit({ type: 'notice', level: 'info', message });
        continue;
      }
      references.push(...(await tagEverything(tag, images, context)));
    }
    return { references };
  },
  summarize: ({ references }) =>
    references.length === 0 ? 'none: they name newer versions' : references.join(', '),
});
