import { join } from 'node:path';
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
function approve(outcomes: readonly ArchOutcome[], runFolder: string): readonly Candidate[] {
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
  return outcomes.flatMap(({ build }) => (build.status === 'built' ? [build.candidate] : []));
}

export const approveStep = defineStep({
  id: 'approved',
  title: 'Approve the images',
  needs: ['candidates'],
  tools: [],
  run: ({ candidates }, { runFolder }) => Promise.resolve(approve(candidates, runFolder)),
});
