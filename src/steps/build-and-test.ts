import { inspectLocalImage, onEngine, readUnpackedBytes } from '../engine/docker.js';
import { buildImages, type BuildResult } from '../engine/build.js';
import { AddonReleaseError } from '../errors.js';
import type { ArchOutcome } from '../pipeline/results.js';
import { defineStep, type StepContext } from '../pipeline/step.js';
import type { Results } from '../pipeline/results.js';
import { describeIndexes } from '../plan/build-index.js';
import type { ArchPlan, ReleasePlan } from '../plan/release-plan.js';
import { layoutFolder, writesLayouts } from '../engine/image-layout.js';
import { isPushed } from '../registry/is-pushed.js';
import { SmokeTester } from '../smoke/smoke-tester.js';
import { gatherForReport } from './gather-for-report.js';
import { importTested } from './import-tested.js';
import { tellLastTimes } from './last-times.js';
import { proveEmulation } from './prove-emulation.js';

type Inputs = Pick<
  Results,
  'addon' | 'smoke' | 'engine' | 'machines' | 'plan' | 'preflight' | 'existing'
>;

/** Whether an earlier attempt's image may be published as it is: tested, and here or in the registry. */
async function holds(
  { plan, build, smoke }: ArchOutcome,
  { options, journal, registry, signal }: StepContext,
): Promise<boolean> {
  if (build.status !== 'built') return false;
  const { configDigest, imageId } = build.candidate;
  if (options.smoke && !(smoke?.passed === true && smoke.configDigest === configDigest))
    return false;
  const pushed = journal.previous?.pushed.find(({ arch }) => arch === plan.arch);
  if (pushed?.configDigest === configDigest && (await isPushed(registry, pushed))) return true;
  const image = onEngine(build.candidate.plan.machine.context, () =>
    inspectLocalImage(imageId, signal),
  );
  return (await image)?.id === imageId;
}

/** What an earlier attempt at this run has finished and proved. */
async function keepTested(
  plan: ReleasePlan,
  context: StepContext,
): Promise<readonly ArchOutcome[]> {
  const { journal, emit } = context;
  const kept: ArchOutcome[] = [];
  for (const arch of plan.architectures) {
    const outcome = journal.previous?.tested.find((one) => one.plan.arch === arch.arch);
    if (outcome === undefined || !(await holds(outcome, context))) continue;
    kept.push(outcome);
    const message = `${arch.arch} was built and tested before and is kept`;
    emit({ type: 'notice', level: 'info', message });
  }
  return kept;
}

/** buildx leaves GitHub's cache out without a word where it has no access to it. */
function warnOfMissingCache({ options: { buildCache, environment }, emit }: StepContext): void {
  if (buildCache?.kind !== 'gha' || (environment['ACTIONS_RUNTIME_TOKEN'] ?? '') !== '') return;
  const message =
    'the build cache: ACTIONS_RUNTIME_TOKEN is not set, so nothing is read or kept (docs/machines.md)';
  emit({ type: 'notice', level: 'warning', message });
}

async function buildAndTest(
  { addon, smoke, engine, machines, plan, preflight }: Inputs,
  context: StepContext,
): Promise<readonly ArchOutcome[]> {
  const { options, emit, runFolder, journal, session } = context;
  if (options.from.length > 0) return importTested(plan, context);
  const kept = await keepTested(plan, context);
  const isKept = ({ arch }: ArchPlan) => kept.some((outcome) => outcome.plan.arch === arch);
  const rest = { ...plan, architectures: plan.architectures.filter((arch) => !isKept(arch)) };
  if (rest.architectures.length === 0) return kept;
  await tellLastTimes(rest, context);
  const gathering = gatherForReport(plan, context);
  const stop = new AbortController();
  const signal = AbortSignal.any([context.signal, stop.signal]);
  const prove = async (architectures: readonly ArchPlan[]): Promise<void> => {
    try {
      await proveEmulation({ ...rest, architectures }, { ...context, signal });
    } catch (error) {
      stop.abort(error);
      throw error;
    }
  };
  // What several runs build together none of them can end; what a named builder is only shows so.
  const isDoubtful = ({ machine }: ArchPlan) =>
    session !== undefined || machine.builder !== undefined;
  const emulation = prove(rest.architectures.filter(isDoubtful));
  emulation.catch(() => undefined);
  const outcomes = new Map<ArchPlan, Promise<ArchOutcome>>();
  const testers = new Map<string | undefined, SmokeTester>();
  const engineAt = (place: string | undefined) =>
    machines.engines.find((one) => one.context === place)?.engine ?? engine;
  const findTester = (place: string | undefined): SmokeTester => {
    const tester =
      testers.get(place) ??
      new SmokeTester({
        ...{ addon, smoke, plan, baseLayers: preflight.baseLayers },
        ...{ context: place, engine: engineAt(place) },
        ...context,
        openEnvironment: session?.openEnvironment,
      });
    testers.set(place, tester);
    return tester;
  };
  const finish = async (arch: ArchPlan, build: BuildResult): Promise<ArchOutcome> => {
    if (build.status === 'failed') {
      await prove([arch]);
      return { plan: arch, build, smoke: undefined, unpackedBytes: undefined };
    }
    const { candidate } = build;
    const place = arch.machine.context;
    await emulation;
    const test = () =>
      options.smoke ? findTester(place).test(candidate) : Promise.resolve(undefined);
    const report = await (session === undefined ? test() : session.test(test));
    if (report?.passed === false) await prove([arch]);
    else if (options.publish) context.uploads.begin(candidate, preflight.bases.get(arch.arch));
    const unpackedBytes = await onEngine(place, () => readUnpackedBytes(candidate.imageId));
    const outcome = { plan: arch, build, smoke: report, unpackedBytes };
    await journal.tested(outcome);
    return outcome;
  };
  warnOfMissingCache(context);
  try {
    // What several runs build together none of them can end.
    if (session !== undefined) await emulation;
    const building = (session?.build ?? buildImages)({
      plan: rest,
      cache: options.buildCache,
      secrets: describeIndexes(options.buildIndexes),
      runFolder,
      signal,
      emit,
      layoutOf: (arch) => {
        const isWanted = options.smoke || options.publish;
        if (!isWanted || !writesLayouts(arch.machine, engineAt(arch.machine.context)))
          return undefined;
        const withheld = preflight.held.get(arch.arch) ?? new Set();
        return { folder: layoutFolder(arch.arch, runFolder), withheld };
      },
      onWriting: ({ machine }) => {
        if (options.smoke) findTester(machine.context).prepare();
      },
      onResult: (arch, build) => {
        const outcome = finish(arch, build);
        // Looked at below; until then a failure must not count as unhandled.
        outcome.catch(() => undefined);
        outcomes.set(arch, outcome);
      },
    });
    await building.catch(async (error: unknown) => {
      const isRefused = error instanceof AddonReleaseError && error.failure === 'build';
      if (isRefused && !signal.aborted) await prove(rest.architectures);
      throw error;
    });
    await emulation;
    const tested = await Promise.all(outcomes.values());
    return plan.architectures.flatMap(
      ({ arch }) => [...kept, ...tested].find((outcome) => outcome.plan.arch === arch) ?? [],
    );
  } finally {
    await Promise.allSettled([...outcomes.values(), gathering, emulation]);
    for (const tester of testers.values()) context.atEnd(tester.close());
  }
}

/**
 * Builds every architecture in one session and tests each as soon as it is there. Failures of an architecture are
 * results, so that the others finish and are shown.
 */
export const buildAndTestStep = defineStep({
  id: 'candidates',
  title: 'Build and test the images',
  needs: ['addon', 'smoke', 'engine', 'machines', 'plan', 'existing', 'preflight'],
  tools: ['docker', 'buildx', 'emulation'],
  recall: ({ existing }) => existing.published && { result: [], reason: 'published already' },
  run: buildAndTest,
  summarize: (outcomes) => {
    const good = outcomes.filter(
      ({ build, smoke }) => build.status === 'built' && smoke?.passed !== false,
    );
    return `${good.length} of ${outcomes.length} architectures`;
  },
});
