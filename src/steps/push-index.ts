import { platformOf } from '../addon/arch.js';
import { AddonReleaseError } from '../errors.js';
import { findStatements } from '../engine/attest.js';
import type { Results } from '../pipeline/results.js';
import { defineStep, type StepContext } from '../pipeline/step.js';
import {
  buildAttestation,
  isSameBesideAttestations,
  pushAttestation,
} from '../registry/attestation.js';
import { listPulled } from '../plan/release-repositories.js';
import { buildIndex, type IndexEntry } from '../registry/build-index.js';
import { copyImage } from '../registry/copy-image.js';
import { parseManifest, type StoredManifest } from '../registry/manifests.js';
import { parsePlatform } from '../registry/platform.js';
import { parseImageReference } from '../registry/reference.js';

type Inputs = Pick<Results, 'plan' | 'pushed' | 'attested'>;

/** Attestations go into the repository of the index only: a name of one architecture leads to a plain image. */
async function pushAttestations(
  { plan, pushed, attested }: Inputs,
  repository: string,
  { registry, runFolder, journal }: StepContext,
): Promise<readonly IndexEntry[]> {
  const entries: IndexEntry[] = [];
  for (const image of pushed) {
    const { arch, configDigest, manifestDigest: digest } = image;
    if (!attested.some((one) => one.configDigest === configDigest)) continue;
    const statements = await findStatements(image, runFolder);
    if (statements === undefined) throw new Error(`the statements about ${configDigest} are gone`);
    const attestation = buildAttestation(statements, {
      digest,
      repositories: [...new Set([repository, image.repository])],
      version: plan.version,
      platform: platformOf(arch),
    });
    await pushAttestation(registry, parseImageReference(repository, 'addon'), attestation);
    const target = `${repository}@${attestation.manifest.digest}`;
    await journal.wrote({ kind: 'push', target, detail: `attestations of ${digest}` });
    entries.push(attestation.entry);
  }
  return entries;
}

/** Whether the version names the same images already, which are attested at another time. */
async function isThereAlready(
  repository: string,
  digest: string,
  index: StoredManifest,
  { registry }: StepContext,
): Promise<boolean> {
  const name = parseImageReference(repository, 'addon');
  const [there, own] = [await registry.getManifest(name, digest), index].map((stored) =>
    parseManifest(name, stored),
  );
  if (there?.kind !== 'index' || own?.kind !== 'index') return false;
  return isSameBesideAttestations(there.index, own.index);
}

/**
 * Puts the multi-architecture index beside the images, by its digest. `docker buildx imagetools create` makes the
 * same index, but can only do so under a tag; here nothing may have a name before everything is in place.
 */
export const pushIndexStep = defineStep({
  id: 'index',
  title: 'Push the index by digest',
  needs: ['plan', 'existing', 'pushed', 'attested'],
  tools: ['registry'],
  recall: ({ existing }) =>
    existing.published && { result: existing.published.index, reason: 'published already' },
  run: async ({ plan, existing, pushed, attested }, context) => {
    const { options, registry, emit, journal } = context;
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
    for (const { arch, repository: alias } of listPulled(plan.architectures).old) {
      const image = pushed.find((one) => one.arch === arch);
      if (image === undefined) continue;
      const from = parseImageReference(image.repository, 'addon');
      const to = parseImageReference(alias, 'addon');
      await copyImage(registry, from, image.manifestDigest, to);
      const target = `${alias}@${image.manifestDigest}`;
      await journal.wrote({ kind: 'push', target, detail: 'under an old name' });
    }
    const attestations = await pushAttestations({ plan, pushed, attested }, repository, context);
    const images = pushed.map(({ arch, manifestDigest, mediaType, manifestBytes }) => ({
      descriptor: { mediaType, digest: manifestDigest, size: manifestBytes },
      platform: parsePlatform(platformOf(arch)),
    }));
    const index = buildIndex([...images, ...attestations], plan.indexAnnotations);
    const there = existing.indexDigest;
    if (there !== undefined && there !== index.digest) {
      if (attestations.length > 0 && (await isThereAlready(repository, there, index, context))) {
        return { repository, digest: there };
      }
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
