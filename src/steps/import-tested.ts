import { resolve } from 'node:path';
import { keepStatements } from '../engine/attest.js';
import { importCandidates, type ExportedCandidate } from '../engine/exported-candidate.js';
import { AddonReleaseError } from '../errors.js';
import type { ArchOutcome } from '../pipeline/results.js';
import type { StepContext } from '../pipeline/step.js';
import { fingerprintImage } from '../plan/fingerprint.js';
import type { ArchPlan, ReleasePlan } from '../plan/release-plan.js';
import type { ExportedOutcome } from './export-candidates.js';

/** An architecture of which no machine has brought an image. */
function missing(plan: ArchPlan, from: readonly string[]): ArchOutcome {
  const failure = {
    message: 'no machine has brought an image',
    instruction: `--from ${from.join(' --from ')}`,
    file: plan.dockerfile,
    line: undefined,
    log: [],
  };
  const build = { status: 'failed', failure } as const;
  return { plan, build, smoke: undefined, unpackedBytes: undefined };
}

/**
 * Takes the images that were built and tested on other machines.
 *
 * @throws AddonReleaseError `usage` when one belongs to another release, `smoke` when one was not tested
 */
export async function importTested(
  plan: ReleasePlan,
  { options, runFolder, journal, emit }: StepContext,
): Promise<readonly ArchOutcome[]> {
  const found: ExportedCandidate<ExportedOutcome>[] = [];
  for (const folder of options.from) {
    found.push(
      ...(await importCandidates<ExportedOutcome>(
        resolve(options.workingDirectory, folder),
        runFolder,
      )),
    );
  }
  const outcomes: ArchOutcome[] = [];
  for (const arch of plan.architectures) {
    const [exported, another] = found.filter(({ candidate }) => candidate.arch === arch.arch);
    if (another !== undefined) {
      throw new AddonReleaseError('usage', `there are two images for ${arch.arch} in --from`, {
        hint: 'Name each folder once, and none of an earlier release.',
      });
    }
    if (exported === undefined) {
      outcomes.push(missing(arch, options.from));
      continue;
    }
    if (exported.fingerprint !== fingerprintImage(plan, arch)) {
      throw new AddonReleaseError('usage', `the image for ${arch.arch} is of another release`, {
        hint: 'Build, test and publish from the same commit, with the same version and arguments.',
      });
    }
    const { smoke, unpackedBytes, statements, facts = [] } = exported.about;
    const isTested =
      smoke?.passed === true && smoke.configDigest === exported.candidate.configDigest;
    if (options.smoke && !isTested) {
      throw new AddonReleaseError('smoke', `the image for ${arch.arch} was not tested`, {
        hint: 'Make it by `addon-release test --out FOLDER`, or publish with --no-smoke.',
      });
    }
    const candidate = { ...exported.candidate, plan: arch };
    if (statements !== undefined) await keepStatements(candidate, statements, runFolder);
    const build = { status: 'built', candidate } as const;
    const outcome: ArchOutcome = { plan: arch, build, smoke, unpackedBytes };
    await journal.tested(outcome);
    for (const fact of facts) emit({ type: 'fact', fact });
    outcomes.push(outcome);
  }
  return outcomes;
}
