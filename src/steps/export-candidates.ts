import { resolve } from 'node:path';
import { exportCandidate } from '../engine/exported-candidate.js';
import type { ArchOutcome } from '../pipeline/results.js';
import { defineStep } from '../pipeline/step.js';
import { fingerprintImage } from '../plan/fingerprint.js';

/** What the publishing machine is told about an image, beside the image itself. */
export type ExportedOutcome = Pick<ArchOutcome, 'smoke' | 'unpackedBytes'>;

/** Lays the approved images into a folder, for another machine to publish them. */
export const exportCandidatesStep = defineStep({
  id: 'exported',
  title: 'Export the images',
  needs: ['plan', 'candidates', 'approved'],
  tools: ['docker'],
  skip: (_results, { options }) =>
    options.out === undefined ? 'they stay in the local engine' : undefined,
  run: async ({ plan, candidates, approved }, { options, signal }) => {
    const folder = resolve(options.workingDirectory, options.out ?? '');
    const folders: string[] = [];
    for (const candidate of approved) {
      const outcome = candidates.find(({ plan: { arch } }) => arch === candidate.arch);
      const about: ExportedOutcome = {
        smoke: outcome?.smoke,
        unpackedBytes: outcome?.unpackedBytes,
      };
      const fingerprint = fingerprintImage(plan, candidate.plan);
      folders.push(await exportCandidate({ fingerprint, candidate, about }, folder, signal));
    }
    return { folders };
  },
  summarize: ({ folders }) => folders.join(', '),
});
