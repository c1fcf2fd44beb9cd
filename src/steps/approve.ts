import { join } from 'node:path';
import { AddonReleaseError } from '../errors.js';
import type { Candidate } from '../engine/build.js';
import type { Problem } from '../problem.js';
import type { ArchOutcome } from '../pipeline/results.js';
import { defineStep } from '../pipeline/step.js';
import type { ArchPlan } from '../plan/release-plan.js';

function buildProblem({ plan, build }: ArchOutcome): Problem | undefined {
  if (build.status === 'built') return undefined;
  const { failure } = build;
  const log = failure.log.map((line) => `  | ${line}`);
  return {
    severity: 'error',
    message: [`${plan.arch}: ${failure.instruction}`, ...log, `  ${failure.message}`].join('\n'),
    file: failure.file,
    line: failure.line,
  };
}

function smokeProblems({ plan, smoke }: ArchOutcome): readonly Problem[] {
  return (smoke?.checks ?? []).flatMap(({ outcome, title, evidence, hint }) =>
    outcome === 'failed'
      ? [{ severity: 'error' as const, message: `${plan.arch}: ${title}: ${evidence}`, hint }]
      : [],
  );
}

/** Whether a smoke test has looked at exactly the image that was built. */
function isTested({ build, smoke }: ArchOutcome): boolean {
  return build.status === 'built' && smoke?.configDigest === build.candidate.configDigest;
}

/**
 * Lets only a complete set of tested images through.
 *
 * @throws AddonReleaseError `build` or `smoke` with every finding of every architecture
 */
function approve(
  outcomes: readonly ArchOutcome[],
  wanted: { readonly arches: readonly ArchPlan[]; readonly smoke: boolean },
  runFolder: string,
): readonly Candidate[] {
  const names = (list: readonly ArchOutcome[]) => list.map(({ plan }) => plan.arch).join(', ');
  const unbuilt = outcomes.filter(({ build }) => build.status === 'failed');
  const broken = outcomes.filter(({ smoke }) => smoke?.passed === false);
  const problems = [
    ...outcomes.flatMap((outcome) => buildProblem(outcome) ?? []),
    ...outcomes.flatMap(smokeProblems),
  ];
  const hint = `The full logs are in ${join(runFolder, 'logs')}; --verbose shows them while they are written.`;
  if (unbuilt.length > 0) {
    throw new AddonReleaseError('build', `${names(unbuilt)} did not build; nothing was published`, {
      problems,
      hint,
    });
  }
  if (broken.length > 0) {
    throw new AddonReleaseError(
      'smoke',
      `${names(broken)} failed the smoke test; nothing was published`,
      { problems, hint },
    );
  }
  for (const { arch } of wanted.arches) {
    const outcome = outcomes.find(({ plan }) => plan.arch === arch);
    if (outcome === undefined || (wanted.smoke && !isTested(outcome))) {
      throw new Error(`${arch} was neither tested nor reported as failed`);
    }
  }
  return outcomes.flatMap(({ build }) => (build.status === 'built' ? [build.candidate] : []));
}

export const approveStep = defineStep({
  id: 'approved',
  title: 'Approve the images',
  needs: ['plan', 'candidates'],
  tools: [],
  run: ({ plan, candidates }, { options, runFolder }) => {
    const wanted = { arches: plan.architectures, smoke: options.smoke };
    return Promise.resolve(approve(candidates, wanted, runFolder));
  },
});
