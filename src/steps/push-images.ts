import type { Candidate } from '../engine/build.js';
import { pushCandidate } from '../engine/push.js';
import { AddonReleaseError } from '../errors.js';
import type { PushedImage, Results } from '../pipeline/results.js';
import { defineStep, type StepContext } from '../pipeline/step.js';
import { isPushed } from '../registry/is-pushed.js';
import { parseManifest } from '../registry/manifests.js';
import { parseImageReference } from '../registry/reference.js';

/** What an earlier attempt pushed, if it is this very image and still there. */
async function findPushed(
  { arch, configDigest, plan: { repository } }: Candidate,
  { journal, registry }: StepContext,
): Promise<PushedImage | undefined> {
  const before = journal.previous?.pushed.find((image) => image.arch === arch);
  const isSame = before?.configDigest === configDigest && before.repository === repository;
  return isSame && (await isPushed(registry, before)) ? before : undefined;
}

async function pushAndCheck(
  { plan, preflight }: Pick<Results, 'plan' | 'preflight'>,
  candidate: Candidate,
  context: StepContext,
): Promise<PushedImage> {
  const { arch, configDigest } = candidate;
  const { repository = '' } = candidate.plan;
  const name = parseImageReference(repository, 'addon');
  const digest = await pushCandidate(
    { plan, base: preflight.bases.get(arch), ...context },
    candidate,
  );
  const stored = await context.registry.getManifest(name, digest);
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
  const image = {
    arch,
    repository,
    manifestDigest: stored.digest,
    mediaType: stored.mediaType,
    configDigest,
    manifestBytes: stored.bytes.length,
    compressedBytes: pushed.layers.reduce((sum, { size }) => sum + size, pushed.config.size),
  };
  const target = `${repository}@${stored.digest}`;
  await context.journal.wrote({ kind: 'push', target, detail: candidate.plan.platform });
  await context.journal.pushed(image);
  return image;
}

/** Pushes every tested image by its digest. Nothing has a name yet, so nobody sees anything. */
export const pushImagesStep = defineStep({
  id: 'pushed',
  title: 'Push the images by digest',
  needs: ['plan', 'existing', 'preflight', 'approved'],
  tools: ['docker', 'registry'],
  recall: ({ existing }) =>
    existing.published && { result: existing.published.pushed, reason: 'published already' },
  run: async ({ plan, preflight, approved }, context): Promise<readonly PushedImage[]> => {
    const pushes = approved.map(
      async (candidate) =>
        (await findPushed(candidate, context)) ??
        (await pushAndCheck({ plan, preflight }, candidate, context)),
    );
    // All have ended before a failure is shown: what they push is written down.
    await Promise.allSettled(pushes);
    return Promise.all(pushes);
  },
  summarize: (pushed) => `${pushed.length} images`,
});
