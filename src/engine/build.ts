import { join } from 'node:path';
import { writeFile } from 'node:fs/promises';
import type { Arch } from '../addon/arch.js';
import { AddonReleaseError } from '../errors.js';
import type { ArchPlan, ReleasePlan } from '../plan/release-plan.js';
import type { Emit } from '../report/events.js';
import { nameTargets, type NamedTarget } from './bake-targets.js';
import { defineTargets } from './bake-definition.js';
import { keepCache, type BuildCache } from './build-cache.js';
import { BuildProgress, type FailedStep } from './build-progress.js';
import { giveSecrets, mountSecrets, type BuildSecrets } from './build-secrets.js';
import { bake, readMetadata, type BakeCall, type BakeEnd } from './buildx.js';
import { inspectLocalImage, onEngine, readEngine, type LocalImage } from './docker.js';
import { groupByMachine, type MachineGroup } from './machine-groups.js';
import { prepareLayout, type ImageLayout } from './image-layout.js';
import { loadLayout } from './load-layout.js';
import { StepTimes } from './step-times.js';

/** An image in the local engine that may be published if its tests pass. */
export interface Candidate {
  readonly arch: Arch;
  readonly plan: ArchPlan;
  /** Identifies the image in every image store and registry; what was tested is what is published. */
  readonly configDigest: string;
  /** How this engine addresses exactly this image, whatever its name points to later. */
  readonly imageId: string;
  readonly image: LocalImage;
  readonly buildMs: number;
  readonly totalSteps: number;
  readonly cachedSteps: number;
}

export interface BuildFailure {
  readonly message: string;
  /** `RUN make` */
  readonly instruction: string;
  readonly file: string;
  readonly line: number | undefined;
  /** The last lines that the instruction printed. */
  readonly log: readonly string[];
}

export type BuildResult =
  | { readonly status: 'built'; readonly candidate: Candidate }
  | { readonly status: 'failed'; readonly failure: BuildFailure };

/** What is built of one add-on, and who is told of it. */
export interface AddonBuild {
  readonly plan: ReleasePlan;
  readonly emit: Emit;
  /** Called when an image begins to be written: soon it is there. Perhaps several times, or not at all. */
  readonly onWriting?: ((arch: ArchPlan) => void) | undefined;
  /** Called as soon as an architecture has ended, while others still build. */
  readonly onResult: (arch: ArchPlan, result: BuildResult) => void;
  readonly secrets?: BuildSecrets | undefined;
  /** Where an image is written and loaded into the engine from; undefined = it is written into the engine alone. */
  readonly layoutOf?: ((arch: ArchPlan) => ImageLayout | undefined) | undefined;
}

/** Whose build it is. */
export interface BuildPlace {
  /** Undefined = what the builder keeps itself. */
  readonly cache?: BuildCache | undefined;
  readonly runFolder: string;
  readonly signal: AbortSignal;
}

export interface BuildRequest extends AddonBuild, BuildPlace {}

type Target = NamedTarget & {
  readonly build: AddonBuild;
  /** Its image is written into the engine alone, as that did not take it from a folder. */
  readonly isDirect?: boolean;
};

function describeFailure(arch: ArchPlan, failed: FailedStep, end: BakeEnd): BuildFailure {
  return {
    // "process "…" did not complete successfully: " repeats the instruction.
    message: failed.error
      .replace(/^failed to solve: /, '')
      .replace(/^process ".*" did not complete successfully: /s, ''),
    instruction: failed.instruction,
    file: arch.dockerfile,
    line: end.errorLine,
    log: failed.log,
  };
}

async function makeCandidate(
  { name, arch }: Target,
  layout: ImageLayout | undefined,
  progress: BuildProgress,
  signal: AbortSignal,
): Promise<Candidate | undefined> {
  const { exported, configDigest, manifestDigest, durationMs, totalSteps, cachedSteps } =
    progress.result(name);
  if (configDigest === undefined) return undefined;
  // Of an export that was broken off a part may be there.
  const isLoaded =
    layout === undefined ||
    (exported && (await loadLayout(layout.folder, configDigest, arch.localImage, signal)));
  const image = isLoaded ? await inspectLocalImage(arch.localImage, signal) : undefined;
  if (image === undefined || ![configDigest, manifestDigest].includes(image.id)) return undefined;
  return {
    arch: arch.arch,
    plan: arch,
    configDigest,
    imageId: image.id,
    image,
    buildMs: durationMs,
    totalSteps,
    cachedSteps,
  };
}

/** What became of one bake call. */
interface Round {
  /** Targets to be built again: another's failure cancelled them, or the engine did not take the image. */
  readonly cancelled: readonly Target[];
  /** Why none was even begun: the definition, or something that it names, was refused. */
  readonly refusal: AddonReleaseError | undefined;
}

/** A cache that fails never fails a build. */
function tellOfCache(targets: readonly Target[], message: string): void {
  const text = `the build cache: ${message}`;
  for (const { emit } of new Set(targets.map(({ build }) => build))) {
    emit({ type: 'notice', level: 'warning', message: text });
  }
}

async function keepCaches(cache: BuildCache, targets: readonly Target[]): Promise<void> {
  for (const target of targets) {
    const problem = await keepCache(cache, target);
    if (problem !== undefined) tellOfCache([target], problem);
  }
}

/** One bake call; reports the targets that ended. */
async function buildRound(
  targets: readonly Target[],
  { builder, cache, runFolder, signal }: BuildPlace & { readonly builder: string | undefined },
  round: string,
): Promise<Round> {
  const definitionFile = join(runFolder, `bake-${round}.json`);
  const metadataFile = join(runFolder, `metadata-${round}.json`);
  const reported = new Map<string, Candidate>();
  const early: Promise<void>[] = [];
  const byName = new Map(targets.map((target) => [target.name, target]));
  const report = ({ name, arch, build }: Target, candidate: Candidate): void => {
    reported.set(name, candidate);
    build.emit({
      type: 'phase-finished',
      arch: arch.arch,
      phase: 'build',
      outcome: 'passed',
      durationMs: candidate.buildMs,
      summary: `${candidate.cachedSteps} of ${candidate.totalSteps} steps cached`,
    });
    build.onResult(arch, { status: 'built', candidate });
  };
  const layouts = new Map(
    targets.flatMap(({ name, arch, build, isDirect = false }) => {
      const layout = isDirect ? undefined : build.layoutOf?.(arch);
      return layout === undefined ? [] : [[name, layout] as const];
    }),
  );
  const progress = new BuildProgress([...byName.keys()], {
    onProgress: (name, current) => {
      const target = byName.get(name);
      if (target === undefined || reported.has(name)) return;
      const { arch } = target.arch;
      target.build.emit({ type: 'phase-progress', arch, phase: 'build', progress: current });
      if (current.current.startsWith('exporting to ')) target.build.onWriting?.(target.arch);
    },
    onLog: (name, line) => {
      const target = byName.get(name);
      target?.build.emit({ type: 'log', arch: target.arch.arch, phase: 'build', line });
    },
    onExported: (name) => {
      const target = byName.get(name);
      if (target === undefined) return;
      // A builder outside the engine may still be loading the image; then the end of the call settles it.
      early.push(
        makeCandidate(target, layouts.get(name), progress, signal)
          .then((candidate) => {
            if (candidate !== undefined) report(target, candidate);
          })
          .catch(() => undefined),
      );
    },
    onCacheFailure: (message) => {
      // Nothing has been kept before the first build.
      if (!/not found$/.test(message)) tellOfCache(targets, message);
    },
  });
  const told = targets.map((target) => {
    const { entries, environment } = giveSecrets(target.build.secrets);
    return { ...target, secrets: entries, environment };
  });
  const defined = await Promise.all(
    told.map(async ({ name, plan, arch, build, secrets }) => ({
      name,
      plan,
      arch: await mountSecrets(arch, name, build.secrets, runFolder),
      secrets,
      layout: layouts.get(name)?.folder,
    })),
  );
  for (const layout of layouts.values()) await prepareLayout(layout);
  const times = new StepTimes([...byName.keys()]);
  const definition = JSON.stringify(defineTargets(defined, cache), undefined, 2);
  await writeFile(definitionFile, definition, { mode: 0o600 });
  for (const { arch, build } of targets) {
    build.emit({ type: 'phase-started', arch: arch.arch, phase: 'build' });
  }
  const call: BakeCall = {
    definitionFile,
    metadataFile,
    builder,
    directory: targets[0]?.plan.folder ?? runFolder,
    signal,
    secrets: Object.fromEntries(told.flatMap(({ environment }) => Object.entries(environment))),
    onRecord: (record) => {
      progress.apply(record);
      times.apply(record);
    },
  };
  const end = await bake(call);
  await Promise.all(early);
  for (const { name, arch, build } of targets) {
    const steps = times.timeline(name);
    build.emit({ type: 'fact', fact: { kind: 'build', arch: arch.arch, steps } });
  }
  signal.throwIfAborted();
  if (end.exitCode !== 0) await checkEngine(end);
  if (cache !== undefined) await keepCaches(cache, targets);

  const cancelled: Target[] = [];
  let ended = reported.size;
  const metadata = end.exitCode === 0 ? await readMetadata(metadataFile) : undefined;
  for (const target of targets) {
    const { name, arch, build } = target;
    const { exported, failed, durationMs } = progress.result(name);
    const layout = layouts.get(name);
    const known = reported.get(name);
    const candidate =
      known ?? (failed ? undefined : await makeCandidate(target, layout, progress, signal));
    if (candidate !== undefined) {
      const named = metadata?.get(name)?.configDigest;
      if (named !== undefined && named !== candidate.configDigest) {
        throw new AddonReleaseError('build', `${name}: buildx names two different images`, {
          output: `its records: ${candidate.configDigest}\nits metadata file: ${named}`,
        });
      }
      if (known === undefined) {
        ended++;
        report(target, candidate);
      }
    } else if (failed !== undefined && isWriting(failed)) {
      // Where another one failed, writing was broken off, in words that depend on how far it had come.
      const isBrokenOff = targets.some((one) => {
        const other = progress.result(one.name).failed;
        return other !== undefined && !isWriting(other);
      });
      if (isBrokenOff) {
        cancelled.push(target);
        continue;
      }
      throw new AddonReleaseError('environment', `${name}: the image can't be written`, {
        output: failed.error,
        hint: 'Run `addon-release doctor` to check the engine and the space on the disk.',
      });
    } else if (failed !== undefined) {
      ended++;
      const failure = describeFailure(arch, failed, end);
      build.emit({
        type: 'phase-finished',
        arch: arch.arch,
        phase: 'build',
        outcome: 'failed',
        durationMs,
        summary: `${failure.instruction}: ${failure.message}`,
      });
      build.onResult(arch, { status: 'failed', failure });
    } else if (exported && layout !== undefined) {
      ended++;
      cancelled.push({ ...target, isDirect: true });
    } else {
      cancelled.push(target);
    }
  }
  const refusal =
    ended > 0 || cancelled.length === 0
      ? undefined
      : // Not a word about any target.
        new AddonReleaseError('build', 'docker buildx bake failed before any image was built', {
          output: describeEnd(end),
        });
  return { cancelled, refusal };
}

/** Whether it is the image that could not be written, not an instruction that failed. */
function isWriting({ instruction }: FailedStep): boolean {
  return instruction.startsWith('exporting to oci');
}

function describeEnd({ text }: BakeEnd): string {
  return text.slice(-20).join('\n');
}

/** An engine that is gone looks like a failure of whatever it was working on. */
async function checkEngine(end: BakeEnd): Promise<void> {
  try {
    await readEngine();
  } catch (error) {
    if (!(error instanceof AddonReleaseError)) throw error;
    throw new AddonReleaseError('environment', 'the Docker engine stopped during the build', {
      output: describeEnd(end),
      hint: 'Start it again and run the same command: finished build steps come from the cache.',
      cause: error,
    });
  }
}

/** Builds until every target has ended or was refused; tells why of those whose definition was. */
async function buildGroup(
  { builder, items }: MachineGroup<Target>,
  place: BuildPlace,
  name: string,
  errors: Map<AddonBuild, AddonReleaseError>,
): Promise<void> {
  const queue: (readonly Target[])[] = [items];
  let { cache } = place;
  let round = 0;
  for (let targets = queue.shift(); targets !== undefined; targets = queue.shift()) {
    if (targets.length === 0) continue;
    const call = `${name}${++round}`;
    const { cancelled, refusal } = await buildRound(targets, { ...place, builder, cache }, call);
    if (cache !== undefined && refusal !== undefined && /cache/i.test(refusal.output ?? '')) {
      // Docker's own builder keeps caches elsewhere only with the containerd image store.
      tellOfCache(targets, `${refusal.output?.split('\n')[0] ?? ''} The build goes on without it.`);
      cache = undefined;
      queue.unshift(cancelled);
      continue;
    }
    const waiting = [...new Set(cancelled.map(({ build }) => build))];
    const targetsOf = (one: AddonBuild) => cancelled.filter(({ build }) => build === one);
    if (refusal === undefined) queue.unshift(cancelled);
    // Whose definition it is that was refused shows when each is asked for alone.
    else if (waiting.length > 1) queue.unshift(...waiting.map(targetsOf));
    else for (const build of waiting) errors.set(build, refusal);
  }
}

/**
 * Builds every planned architecture of several add-ons and loads the images into the engines that test them: one bake
 * call for each builder, at the same time. What the targets of a call have in common is built once. buildx stops all
 * of them when one fails, so the others are then continued in another call, from the cache: one architecture's failure
 * costs the others at most the instruction that was running.
 *
 * Failures of an architecture are results; what stops everything (no engine) is thrown, and ends the other builders'
 * work.
 *
 * @returns for each build, in their order, why nothing could be tried; undefined when all of it ended
 */
export async function buildTogether(
  builds: readonly AddonBuild[],
  place: BuildPlace,
): Promise<readonly (AddonReleaseError | undefined)[]> {
  const errors = new Map<AddonBuild, AddonReleaseError>();
  const groups = groupByMachine(nameTargets(builds));
  const stop = new AbortController();
  const signal = AbortSignal.any([place.signal, stop.signal]);
  const works = groups.map(async (group, index) => {
    const name = groups.length === 1 ? '' : `${index + 1}-`;
    try {
      await onEngine(group.context, () => buildGroup(group, { ...place, signal }, name, errors));
    } catch (error) {
      stop.abort(error);
    }
  });
  await Promise.all(works);
  place.signal.throwIfAborted();
  stop.signal.throwIfAborted();
  return builds.map((build) => errors.get(build));
}

/**
 * Builds every planned architecture of one add-on, as `buildTogether` does.
 *
 * @throws AddonReleaseError when nothing could be tried
 */
export async function buildImages(request: BuildRequest): Promise<void> {
  const [error] = await buildTogether([request], request);
  if (error !== undefined) throw error;
}
