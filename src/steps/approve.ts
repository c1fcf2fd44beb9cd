import { join } from 'node:path';
import { AddonReleaseError } from '../errors.js';
import type { Candidate } from '../engine/build.js';
import type { Problem } from '../problem.js';
import type { ArchOutcome } from '../pipeline/results.js';
import { defineStep, type StepContext } from '../pipeline/step.js';
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

function isBroken(outcome: ArchOutcome): boolean {
  return outcome.build.status === 'failed' || outcome.smoke?.passed === false;
}

/**
 * Lets only a complete set of tested images through: of every architecture but the optional ones that failed.
 *
 * @throws AddonReleaseError `build` or `smoke` with every finding of every architecture
 */
function approve(
  outcomes: readonly ArchOutcome[],
  wanted: { readonly arches: readonly ArchPlan[]; readonly smoke: boolean },
  { emit, runFolder }: Pick<StepContext, 'emit' | 'runFolder'>,
): readonly Candidate[] {
  const names = (list: readonly ArchOutcome[]) => list.map(({ plan }) => plan.arch).join(', ');
  const good = outcomes.filter((outcome) => !isBroken(outcome));
  // A release of nothing is none, whatever may be left out.
  const fatal = outcomes.filter(
    (outcome) => isBroken(outcome) && (!outcome.plan.optional || good.length === 0),
  );
  const unbuilt = fatal.filter(({ build }) => build.status === 'failed');
  if (fatal.length > 0) {
    const [failure, what] =
      unbuilt.length > 0
        ? (['build', `${names(unbuilt)} did not build`] as const)
        : (['smoke', `${names(fatal)} failed the smoke test`] as const);
    throw new AddonReleaseError(failure, `${what}; nothing was published`, {
      problems: [
        ...outcomes.flatMap((outcome) => buildProblem(outcome) ?? []),
        ...outcomes.flatMap(smokeProblems),
      ],
      hint: `The full logs are in ${join(runFolder, 'logs')}; --verbose shows them while they are written.`,
    });
  }
  const leftOut = outcomes.filter(isBroken);
  for (const outcome of leftOut) {
    const problems = [buildProblem(outcome) ?? [], smokeProblems(outcome)].flat();
    const reasons = problems.map(({ message }) => message).join('\n');
    const message = `${outcome.plan.arch} is optional and left out:\n${reasons}`;
    emit({ type: 'notice', level: 'warning', message });
  }
  for (const { arch } of wanted.arches) {
    if (leftOut.some(({ plan }) => plan.arch === arch)) continue;
    const outcome = outcomes.find(({ plan }) => plan.arch === arch);
    if (outcome === undefined || (wanted.smoke && !isTested(outcome))) {
      throw new Error(`${arch} was neither tested nor reported as failed`);
    }
  }
  return good.flatMap(({ build }) => (build.status === 'built' ? [build.candidate] : []));
}

export const approveStep = defineStep({
  id: 'approved',
  title: 'Approve the images',
  needs: ['plan', 'existing', 'candidates'],
  tools: [],
  recall: ({ existing }) => existing.published && { result: [], reason: 'published already' },
  run: ({ plan, candidates }, context) => {
    const wanted = { arches: plan.architectures, smoke: context.options.smoke };
    return Promise.resolve(approve(candidates, wanted, context));
  },
  summarize: (approved) => approved.map(({ arch }) => arch).join(', '),
});
