import { resolve } from 'node:path';
import { findStatements } from '../engine/attest.js';
import { exportCandidate } from '../engine/exported-candidate.js';
import { readEvents } from '../report/event-file.js';
import type { RunFact } from '../report/facts.js';
import type { ArchOutcome } from '../pipeline/results.js';
import { defineStep } from '../pipeline/step.js';
import { fingerprintImage } from '../plan/fingerprint.js';
import type { Statement } from '../registry/attestation.js';

/** What the publishing machine is told about an image, beside the image itself. */
export interface ExportedOutcome extends Pick<ArchOutcome, 'smoke' | 'unpackedBytes'> {
  /** Undefined when nothing was to be attested. */
  readonly statements?: readonly Statement[] | undefined;
  /** For the report; undefined in images that an earlier version has exported. */
  readonly facts?: readonly RunFact[] | undefined;
}

/** Lays the approved images into a folder, for another machine to publish them. */
export const exportCandidatesStep = defineStep({
  id: 'exported',
  title: 'Export the images',
  needs: ['plan', 'candidates', 'approved', 'attested'],
  tools: ['docker'],
  skip: (_results, { options }) =>
    options.out === undefined ? 'they stay in the local engine' : undefined,
  run: async ({ plan, candidates, approved }, { options, signal, runFolder }) => {
    const events = await readEvents(runFolder);
    const folder = resolve(options.workingDirectory, options.out ?? '');
    const folders: string[] = [];
    for (const candidate of approved) {
      const outcome = candidates.find(({ plan: { arch } }) => arch === candidate.arch);
      const about: ExportedOutcome = {
        smoke: outcome?.smoke,
        unpackedBytes: outcome?.unpackedBytes,
        statements: await findStatements(candidate, runFolder),
        facts: events.flatMap((event) =>
          event.type === 'fact' && 'arch' in event.fact && event.fact.arch === candidate.arch
            ? [event.fact]
            : [],
        ),
      };
      const fingerprint = fingerprintImage(plan, candidate.plan);
      folders.push(await exportCandidate({ fingerprint, candidate, about }, folder, signal));
    }
    return { folders };
  },
  summarize: ({ folders }) => folders.join(', '),
});
