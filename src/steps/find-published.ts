import { platformOf } from '../addon/arch.js';
import { AddonReleaseError } from '../errors.js';
import type { ExistingRelease, PushedImage } from '../pipeline/results.js';
import { defineStep, type StepContext } from '../pipeline/step.js';
import { FINGERPRINT_ANNOTATION, type ReleasePlan } from '../plan/release-plan.js';
import type { ImageIndex } from '../registry/image-types.js';
import { inspectImage } from '../registry/inspect.js';
import { parseManifest } from '../registry/manifests.js';
import { parsePlatform } from '../registry/platform.js';
import { parseImageReference } from '../registry/reference.js';

const REVISION = 'org.opencontainers.image.revision';

/** The images of a published index, as the run that pushed them knew them. */
async function readPublished(
  plan: ReleasePlan,
  index: ImageIndex,
  { registry }: StepContext,
): Promise<readonly PushedImage[]> {
  const wanted = plan.architectures.filter(({ optional, platform }) => {
    const { os, architecture, variant } = parsePlatform(platform);
    const isThere = index.manifests.some(
      (entry) =>
        entry.platform?.os === os &&
        entry.platform.architecture === architecture &&
        entry.platform.variant === variant,
    );
    return isThere || !optional;
  });
  return Promise.all(
    wanted.map(async ({ arch, repository = '' }) => {
      const reference = parseImageReference(`${repository}:${plan.version}`, 'addon');
      const platform = parsePlatform(platformOf(arch));
      const image = await inspectImage(registry, reference, platform);
      const name = parseImageReference(repository, 'addon');
      const stored = await registry.getManifest(name, image.manifestDigest);
      return {
        arch,
        repository,
        manifestDigest: image.manifestDigest,
        mediaType: stored.mediaType,
        configDigest: image.configDigest,
        manifestBytes: stored.bytes.length,
        compressedBytes: image.compressedBytes,
      };
    }),
  );
}

/** Sources without a commit, or with changes since, can be told apart by what is built from them only. */
function isKnownExactly({ source }: ReleasePlan): boolean {
  return source.revision !== undefined && !source.dirty;
}

function refuse(plan: ReleasePlan, digest: string, index: ImageIndex): AddonReleaseError {
  const theirs = index.annotations?.[REVISION] ?? 'an unknown revision';
  const ours = plan.source.revision ?? 'an unknown revision';
  const same = theirs === ours ? ', with other arguments, labels or architectures' : '';
  return new AddonReleaseError(
    'registry',
    `${plan.indexRepository ?? ''}:${plan.version} exists with other content`,
    {
      output: `there: ${digest} from ${theirs}\nnew:   from ${ours}${same}`,
      hint: 'Release a new version. To overwrite the published one for everybody, pass --replace.',
    },
  );
}

async function findPublished(plan: ReleasePlan, context: StepContext): Promise<ExistingRelease> {
  const { registry, options, journal } = context;
  const repository = plan.indexRepository ?? '';
  const name = parseImageReference(repository, 'addon');
  const head = await registry.headManifest(name, plan.version);
  if (head === undefined) return { indexDigest: undefined, published: undefined };
  const existing = { indexDigest: head.digest, published: undefined };
  // To be replaced: whatever it is, it is made anew.
  if (options.replace) return existing;
  const content = parseManifest(name, await registry.getManifest(name, head.digest));
  const index = content.kind === 'index' ? content.index : undefined;
  const own = journal.previous?.results.index;
  const isOwn = own?.repository === repository && own.digest === head.digest;
  const isSame = index?.annotations?.[FINGERPRINT_ANNOTATION] === plan.fingerprint;
  if (index !== undefined && (isOwn || (isSame && isKnownExactly(plan)))) {
    const pushed = await readPublished(plan, index, context);
    return { ...existing, published: { pushed, index: { repository, digest: head.digest } } };
  }
  if (isKnownExactly(plan)) {
    throw refuse(plan, head.digest, index ?? { schemaVersion: 2, manifests: [] });
  }
  return existing;
}

/** Looks whether the version is free. A published one is never overwritten unless that is asked for. */
export const findPublishedStep = defineStep({
  id: 'existing',
  title: 'Look for the version in the registry',
  needs: ['plan', 'lock'],
  tools: ['registry'],
  recall: ({ plan }) =>
    plan.publish
      ? undefined
      : {
          result: { indexDigest: undefined, published: undefined },
          reason: 'nothing is published by this run',
        },
  run: ({ plan }, context) => findPublished(plan, context),
  summarize: ({ indexDigest, published }) =>
    published !== undefined
      ? 'published already, from the same sources'
      : indexDigest === undefined
        ? 'it is free'
        : `it names ${indexDigest}`,
});
