import { readUnpackedBytes } from '../engine/docker.js';
import { buildImages, type BuildResult } from '../engine/build.js';
import type { ArchOutcome } from '../pipeline/results.js';
import { defineStep, type StepContext } from '../pipeline/step.js';
import type { Results } from '../pipeline/results.js';
import type { ArchPlan } from '../plan/release-plan.js';
import { SmokeTester } from '../smoke/smoke-tester.js';

type Inputs = Pick<Results, 'addon' | 'smoke' | 'engine' | 'plan' | 'preflight'>;

async function buildAndTest(
  { addon, smoke, engine, plan, preflight }: Inputs,
  context: StepContext,
): Promise<readonly ArchOutcome[]> {
  const { options, emit, signal, runFolder } = context;
  const outcomes = new Map<ArchPlan, Promise<ArchOutcome>>();
  const tester = options.smoke
    ? new SmokeTester({ addon, smoke, engine, plan, baseLayers: preflight.baseLayers, ...context })
    : undefined;
  const finish = async (arch: ArchPlan, build: BuildResult): Promise<ArchOutcome> => {
    if (build.status === 'failed') {
      return { plan: arch, build, smoke: undefined, unpackedBytes: undefined };
    }
    const report = await tester?.test(build.candidate);
    const unpackedBytes = await readUnpackedBytes(build.candidate.imageId);
    return { plan: arch, build, smoke: report, unpackedBytes };
  };
  try {
    await buildImages({
      plan,
      builder: options.builder,
      runFolder,
      signal,
      emit,
      onResult: (arch, build) => {
        const outcome = finish(arch, build);
        // Looked at below; until then a failure must not count as unhandled.
        outcome.catch(() => undefined);
        outcomes.set(arch, outcome);
      },
    });
    return await Promise.all(
      plan.architectures.flatMap((arch) => {
        const outcome = outcomes.get(arch);
        return outcome === undefined ? [] : [outcome];
      }),
    );
  } finally {
    await Promise.allSettled(outcomes.values());
    await tester?.close();
  }
}

/**
 * Builds every architecture in one session and tests each as soon as it is there. Failures of an architecture are
 * results, so that the others finish and are shown.
 */
export const buildAndTestStep = defineStep({
  id: 'candidates',
  title: 'Build and test the images',
  needs: ['addon', 'smoke', 'engine', 'plan', 'preflight'],
  tools: ['docker', 'buildx', 'emulation'],
  run: buildAndTest,
  summarize: (outcomes) => {
    const good = outcomes.filter(
      ({ build, smoke }) => build.status === 'built' && smoke?.passed !== false,
    );
    return `${good.length} of ${outcomes.length} architectures`;
  },
});
