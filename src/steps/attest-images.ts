import { attestImages, findStatements } from '../engine/attest.js';
import type { Candidate } from '../engine/build.js';
import { AddonReleaseError } from '../errors.js';
import { defineStep } from '../pipeline/step.js';
import { describeIndexes } from '../plan/build-index.js';
import { findMissing } from '../sign/attestations.js';

async function findUnattested(approved: readonly Candidate[], runFolder: string) {
  const unattested: Candidate[] = [];
  for (const candidate of approved) {
    if ((await findStatements(candidate, runFolder)) === undefined) unattested.push(candidate);
  }
  return unattested;
}

/** Has written down how the approved images were built and what they are made of, where the settings ask for it. */
export const attestImagesStep = defineStep({
  id: 'attested',
  title: 'Attest the images',
  needs: ['plan', 'existing', 'approved'],
  tools: ['docker', 'buildx'],
  recall: ({ plan, existing }) => {
    if (plan.attest === undefined) return { result: [], reason: 'nothing is to be attested' };
    return existing.published && { result: [], reason: 'published already' };
  },
  run: async ({ plan, approved }, { options, runFolder, signal }) => {
    const { attest } = plan;
    if (attest === undefined) return [];
    const unattested = await findUnattested(approved, runFolder);
    if (unattested.length > 0 && options.from.length === 0) {
      const secrets = describeIndexes(options.buildIndexes);
      await attestImages({ plan, attest, candidates: unattested, secrets, runFolder, signal });
    }
    const wanted = { provenance: attest.provenance, sbom: attest.sbom !== undefined };
    const attested = [];
    for (const candidate of approved) {
      const { arch, configDigest } = candidate;
      const statements = (await findStatements(candidate, runFolder)) ?? [];
      const missing = findMissing(statements, wanted);
      if (missing !== undefined) {
        throw new AddonReleaseError(
          'build',
          `${arch} is not attested as it should be: ${missing}`,
          {
            hint:
              options.from.length > 0
                ? 'Build and test it with the same `attest` in addon-release.yaml as here.'
                : 'Check the generator of `attest` in addon-release.yaml.',
          },
        );
      }
      const predicateTypes = statements.map(({ predicateType }) => predicateType);
      attested.push({ arch, configDigest, predicateTypes });
    }
    return attested;
  },
  summarize: (attested) => `${attested.length} images`,
});
