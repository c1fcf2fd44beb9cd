import { pushCandidates } from '../engine/push.js';
import { AddonReleaseError } from '../errors.js';
import type { PushedImage } from '../pipeline/results.js';
import { defineStep } from '../pipeline/step.js';
import { parseManifest } from '../registry/manifests.js';
import { parseImageReference } from '../registry/reference.js';

/** Pushes every tested image by its digest. Nothing has a name yet, so nobody sees anything. */
export const pushImagesStep = defineStep({
  id: 'pushed',
  title: 'Push the images by digest',
  needs: ['plan', 'approved'],
  tools: ['docker', 'registry'],
  run: async ({ plan, approved }, context): Promise<readonly PushedImage[]> => {
    const digests = await pushCandidates({ plan, candidates: approved, ...context });
    return Promise.all(
      approved.map(async ({ arch, plan: { repository = '' }, configDigest }) => {
        const name = parseImageReference(repository, 'addon');
        const stored = await context.registry.getManifest(name, digests.get(arch) ?? '');
        const content = parseManifest(name, stored);
        const pushed = content.kind === 'manifest' ? content.manifest : undefined;
        if (pushed?.config.digest !== configDigest) {
          throw new AddonReleaseError(
            'verification',
            `${arch}: another image than the tested one was pushed`,
            {
              output: `tested: ${configDigest}\npushed: ${pushed?.config.digest ?? content.kind}`,
              hint: 'Run the release again; nothing has been tagged.',
            },
          );
        }
        return {
          arch,
          repository,
          manifestDigest: stored.digest,
          mediaType: stored.mediaType,
          configDigest,
          manifestBytes: stored.bytes.length,
          compressedBytes: pushed.layers.reduce((sum, { size }) => sum + size, pushed.config.size),
        };
      }),
    );
  },
  summarize: (pushed) => `${pushed.length} images`,
});
