import type { Arch } from '../addon/arch.js';
import type { Journal } from '../pipeline/journal.js';
import type { ArchOutcome } from '../pipeline/results.js';
import type { ArchPlan } from '../plan/release-plan.js';
import type { TimedEvent } from '../report/event-file.js';
import type { BuildStepFact, LayerFact, RunFact } from '../report/facts.js';
import type {
  ArchReport,
  BuildReport,
  CheckReport,
  LogReport,
  PushReport,
  SmokeTestReport,
  SpanReport,
} from './model.js';
import type { RunFiles } from './run-files.js';
import { compareSizes } from './sizes.js';
import type { WorkClock } from './work-clock.js';

type FactOf<Kind extends RunFact['kind']> = Extract<RunFact, { readonly kind: Kind }>;

/** What the run has told of one architecture. */
class ArchFacts {
  readonly #facts: readonly RunFact[];

  constructor(events: readonly TimedEvent[], arch: Arch) {
    this.#facts = events.flatMap((event) =>
      event.type === 'fact' && 'arch' in event.fact && event.fact.arch === arch ? [event.fact] : [],
    );
  }

  all<Kind extends RunFact['kind']>(kind: Kind): readonly FactOf<Kind>[] {
    return this.#facts.filter((fact): fact is FactOf<Kind> => fact.kind === kind);
  }

  /** The last one counts: a resumed run does some things again. */
  last<Kind extends RunFact['kind']>(kind: Kind): FactOf<Kind> | undefined {
    return this.all(kind).at(-1);
  }
}

/** What became of an architecture: a failure of the last attempt, else what was tested last. */
function findOutcome({ results, tested }: Journal, arch: Arch): ArchOutcome | undefined {
  const ended = results.candidates?.find(({ plan }) => plan.arch === arch);
  if (ended?.build.status === 'failed') return ended;
  return tested.find(({ plan }) => plan.arch === arch) ?? ended;
}

function listPhases(
  events: readonly TimedEvent[],
  arch: Arch,
  clock: WorkClock,
): readonly SpanReport[] {
  const spans: SpanReport[] = [];
  const open = new Map<string, { readonly phase: SpanReport['phase']; readonly startMs: number }>();
  const close = (phase: string, endMs: number, outcome: SpanReport['outcome']): void => {
    const begun = open.get(phase);
    if (begun === undefined) return;
    open.delete(phase);
    spans.push({ ...begun, durationMs: Math.max(0, endMs - begun.startMs), outcome });
  };
  for (const event of events) {
    if (event.type !== 'phase-started' && event.type !== 'phase-finished') continue;
    const ms = clock.read(event.at);
    if (event.arch !== arch || ms === undefined) continue;
    const { phase } = event;
    if (event.type === 'phase-finished') close(phase, ms, event.outcome);
    else {
      close(phase, ms, 'cancelled');
      open.set(phase, { phase, startMs: ms });
    }
  }
  for (const phase of [...open.keys()]) close(phase, clock.totalMs, 'cancelled');
  return spans;
}

function listVerifications(facts: ArchFacts, clock: WorkClock): readonly SpanReport[] {
  return facts
    .all('verification')
    .flatMap(({ reference, login, passed, startedAt, durationMs }) => {
      const startMs = clock.read(startedAt);
      if (startMs === undefined) return [];
      const what = `${reference}, ${login ? 'as this machine' : 'without a login'}`;
      return [
        { phase: 'verify', what, startMs, durationMs, outcome: passed ? 'passed' : 'failed' },
      ];
    });
}

/**
 * A build that was continued in a second call finds its own steps in the cache: what they took when they were really
 * built is what counts.
 */
function mergeBuilds(builds: readonly FactOf<'build'>[]): readonly BuildStepFact[] {
  const name = ({ label, instruction }: BuildStepFact): string => `${label} ${instruction}`;
  const steps = new Map<string, BuildStepFact>();
  for (const build of builds) {
    for (const step of build.steps) {
      if (!step.cached || !steps.has(name(step))) steps.set(name(step), step);
    }
  }
  return [...steps.values()].sort((a, b) => (a.startedAt < b.startedAt ? -1 : 1));
}

/** Only what the architecture's own stages run can be emulated, not what the builder does around them. */
function isEmulated({ label, instruction }: BuildStepFact, native: readonly string[]): boolean {
  const [, stage = ''] = /^(?:(\S+) )?\d+\/\d+$/.exec(label) ?? [undefined, undefined];
  const isOwn = /\d+\/\d+$/.test(label) && instruction.startsWith('RUN ');
  return isOwn && !native.includes(stage.toLowerCase());
}

function describeBuild(
  outcome: ArchOutcome | undefined,
  emulated: boolean,
  facts: ArchFacts,
  clock: WorkClock,
): BuildReport | undefined {
  const { native = [] } = facts.last('stages') ?? {};
  const steps = mergeBuilds(facts.all('build')).map(({ startedAt, ...step }) => ({
    ...step,
    emulated: emulated && !step.cached && isEmulated({ startedAt, ...step }, native),
    startMs: clock.read(startedAt),
  }));
  const candidate = outcome?.build.status === 'built' ? outcome.build.candidate : undefined;
  const failure = outcome?.build.status === 'failed' ? outcome.build.failure : undefined;
  if (candidate === undefined && failure === undefined && steps.length === 0) return undefined;
  const counted = steps.filter(({ label, instruction }) => {
    return /\d+\/\d+$/.test(label) && !instruction.startsWith('FROM ');
  });
  return {
    durationMs: candidate?.buildMs,
    totalSteps: candidate?.totalSteps ?? counted.length,
    cachedSteps: candidate?.cachedSteps ?? counted.filter(({ cached }) => cached).length,
    steps,
    failure,
  };
}

function describeSmoke(
  outcome: ArchOutcome | undefined,
  facts: ArchFacts,
  clock: WorkClock,
): SmokeTestReport | undefined {
  const smoke = outcome?.smoke;
  if (smoke === undefined) return undefined;
  const times = [...facts.all('check')];
  const checks = smoke.checks.map(
    ({ id, title, outcome: found, evidence, hint, run, durationMs }): CheckReport => {
      // The last one of its name: a test that was repeated has told of each check twice.
      const told = times.findLast((fact) => fact.id === id && fact.run === run);
      const startMs = told === undefined ? undefined : clock.read(told.startedAt);
      return { id, title, outcome: found, evidence, hint, run, startMs, durationMs };
    },
  );
  const { passed, durationMs, phases = [] } = smoke;
  const { requests = [] } = facts.last('requests') ?? {};
  return { passed, durationMs, phases, checks, requests };
}

function describePush(facts: ArchFacts, spans: readonly SpanReport[]): PushReport | undefined {
  const push = facts.last('push');
  if (push === undefined) return undefined;
  const span = spans.findLast(({ phase }) => phase === 'push');
  return {
    durationMs: span?.durationMs,
    sentBytes: push.sentBytes,
    keptBytes: push.keptBytes,
  };
}

/** Each place knows a part: the smoke test what is inside, the push what is downloaded. */
function mergeLayers(facts: ArchFacts): readonly LayerFact[] {
  const inside = facts.last('contents')?.layers;
  const pushed = facts.last('push')?.layers;
  return (pushed ?? inside ?? []).map((layer) => {
    const known = inside?.find(({ diffId }) => diffId === layer.diffId);
    return {
      ...known,
      ...layer,
      base: known?.base ?? layer.base,
      compressedBytes: layer.compressedBytes ?? known?.compressedBytes,
      unpackedBytes: known?.unpackedBytes ?? layer.unpackedBytes,
    };
  });
}

function chooseOutcome(
  outcome: ArchOutcome | undefined,
  isPublished: boolean,
): ArchReport['outcome'] {
  if (isPublished) return 'published';
  if (outcome === undefined) return 'unfinished';
  if (outcome.build.status === 'failed' || outcome.smoke?.passed === false) return 'failed';
  return outcome.smoke === undefined ? 'built' : 'tested';
}

/** @param plan of the architecture */
export function describeArch(files: RunFiles, plan: ArchPlan, clock: WorkClock): ArchReport {
  const { journal, events } = files;
  const { arch, platform, emulated } = plan;
  const facts = new ArchFacts(events, arch);
  const outcome = findOutcome(journal, arch);
  const candidate = outcome?.build.status === 'built' ? outcome.build.candidate : undefined;
  const { pushed: known = [] } = journal.results;
  const pushed = [...journal.pushed, ...known].find((image) => image.arch === arch);
  const configDigest = pushed?.configDigest ?? candidate?.configDigest;
  const spans = [...listPhases(events, arch, clock), ...listVerifications(facts, clock)].sort(
    (a, b) => a.startMs - b.startMs,
  );
  const isPublished = journal.results.versioned !== undefined && pushed !== undefined;
  return {
    arch,
    platform,
    emulated,
    outcome: chooseOutcome(outcome, isPublished),
    image:
      configDigest === undefined
        ? undefined
        : {
            repository: pushed?.repository,
            manifestDigest: pushed?.manifestDigest,
            configDigest,
          },
    spans,
    build: describeBuild(outcome, emulated, facts, clock),
    smoke: describeSmoke(outcome, facts, clock),
    push: describePush(facts, spans),
    size: compareSizes({
      compressedBytes: pushed?.compressedBytes,
      unpackedBytes: outcome?.unpackedBytes,
      layers: mergeLayers(facts),
      folders: facts.last('contents')?.folders ?? [],
      previous: facts.last('previous')?.previous,
    }),
    logs: files.logs
      .filter((log) => log.arch === arch)
      .map(({ phase, text }): LogReport => {
        const lines = text.split('\n').length - 1;
        return { phase, file: `logs/${arch}-${phase}.log`, lines };
      }),
  };
}
