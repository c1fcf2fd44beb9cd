import { platformOf } from '../addon/arch.js';
import { AddonReleaseError } from '../errors.js';
import { defineStep } from '../pipeline/step.js';
import { buildIndex } from '../registry/build-index.js';
import { copyImage } from '../registry/copy-image.js';
import { parsePlatform } from '../registry/platform.js';
import { parseImageReference } from '../registry/reference.js';

/**
 * Puts the multi-architecture index beside the images, by its digest. `docker buildx imagetools create` makes the
 * same index, but can only do so under a tag; here nothing may have a name before everything is in place.
 */
export const pushIndexStep = defineStep({
  id: 'index',
  title: 'Push the index by digest',
  needs: ['plan', 'existing', 'pushed'],
  tools: ['registry'],
  recall: ({ existing }) =>
    existing.published && { result: existing.published.index, reason: 'published already' },
  run: async ({ plan, existing, pushed }, { options, registry, emit, journal }) => {
    const repository = plan.indexRepository ?? '';
    const name = parseImageReference(repository, 'addon');
    for (const image of pushed) {
      if (image.repository === repository) continue;
      await copyImage(
        registry,
        parseImageReference(image.repository, 'addon'),
        image.manifestDigest,
        name,
      );
    }
    for (const { arch, repository: from, manifestDigest } of pushed) {
      for (const alias of plan.architectures.find((one) => one.arch === arch)?.aliases ?? []) {
        const to = parseImageReference(alias, 'addon');
        await copyImage(registry, parseImageReference(from, 'addon'), manifestDigest, to);
        const target = `${alias}@${manifestDigest}`;
        await journal.wrote({ kind: 'push', target, detail: 'under an old name' });
      }
    }
    const index = buildIndex(
      pushed.map(({ arch, manifestDigest, mediaType, manifestBytes }) => ({
        descriptor: { mediaType, digest: manifestDigest, size: manifestBytes },
        platform: parsePlatform(platformOf(arch)),
      })),
      plan.indexAnnotations,
    );
    const there = existing.indexDigest;
    if (there !== undefined && there !== index.digest) {
      const both = `there: ${there}\nnew:   ${index.digest}`;
      if (!options.replace) {
        throw new AddonReleaseError(
          'registry',
          `${repository}:${plan.version} exists with other content`,
          {
            output: both,
            hint: 'Release a new version. To overwrite the published one for everybody, pass --replace.',
          },
        );
      }
      const message = `${repository}:${plan.version} is replaced: ${there} → ${index.digest}`;
      emit({ type: 'notice', level: 'warning', message });
    }
    await registry.putManifest(name, index.digest, index);
    const detail = `index of ${pushed.map(({ arch }) => arch).join(', ')}`;
    await journal.wrote({ kind: 'push', target: `${repository}@${index.digest}`, detail });
    return { repository, digest: index.digest };
  },
  summarize: ({ digest }) => digest,
});
