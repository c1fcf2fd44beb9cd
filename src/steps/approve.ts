import { AddonReleaseError } from '../errors.js';
import type { Candidate } from '../engine/build.js';
import type { Problem } from '../problem.js';
import type { ArchOutcome } from '../pipeline/results.js';
import { defineStep } from '../pipeline/step.js';

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

/**
 * Lets only a complete set of tested images through.
 *
 * @throws AddonReleaseError `build` or `smoke` with every finding of every architecture
 */
function approve(outcomes: readonly ArchOutcome[]): readonly Candidate[] {
  const names = (list: readonly ArchOutcome[]) => list.map(({ plan }) => plan.arch).join(', ');
  const unbuilt = outcomes.filter(({ build }) => build.status === 'failed');
  const broken = outcomes.filter(({ smoke }) => smoke?.passed === false);
  const problems = [
    ...outcomes.flatMap((outcome) => buildProblem(outcome) ?? []),
    ...outcomes.flatMap(smokeProblems),
  ];
  if (unbuilt.length > 0) {
    throw new AddonReleaseError('build', `${names(unbuilt)} did not build; nothing was published`, {
      problems,
      hint: 'The full logs are in the run folder; --verbose shows them while they are written.',
    });
  }
  if (broken.length > 0) {
    throw new AddonReleaseError(
      'smoke',
      `${names(broken)} failed the smoke test; nothing was published`,
      { problems },
    );
  }
  return outcomes.flatMap(({ build }) => (build.status === 'built' ? [build.candidate] : []));
}

export const approveStep = defineStep({
  id: 'approved',
  title: 'Approve the images',
  needs: ['candidates'],
  tools: [],
  run: ({ candidates }) => Promise.resolve(approve(candidates)),
});
