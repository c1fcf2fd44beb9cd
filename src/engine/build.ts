import { join } from 'node:path';
import { writeFile } from 'node:fs/promises';
import type { Arch } from '../addon/arch.js';
import { AddonReleaseError } from '../errors.js';
import type { ArchPlan, ReleasePlan } from '../plan/release-plan.js';
import type { Emit } from '../report/events.js';
import { loadDefinition } from './bake-definition.js';
import { BuildProgress, type FailedStep } from './build-progress.js';
import { bake, readMetadata, type BakeCall, type BakeEnd } from './buildx.js';
import { inspectLocalImage, readEngine, type LocalImage } from './docker.js';

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

export interface BuildRequest {
  readonly plan: ReleasePlan;
  readonly builder: string | undefined;
  readonly runFolder: string;
  readonly signal: AbortSignal;
  readonly emit: Emit;
  /** Called as soon as an architecture has ended, while others still build. */
  readonly onResult: (arch: ArchPlan, result: BuildResult) => void;
}

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
  arch: ArchPlan,
  progress: BuildProgress,
  signal: AbortSignal,
): Promise<Candidate | undefined> {
  const { configDigest, manifestDigest, durationMs, totalSteps, cachedSteps } = progress.result(
    arch.arch,
  );
  const image = await inspectLocalImage(arch.localImage, signal);
  if (image === undefined || configDigest === undefined) return undefined;
  if (image.id !== configDigest && image.id !== manifestDigest) return undefined;
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

/** One bake call over `arches`; reports the ones that ended and returns those that another's failure cancelled. */
async function buildRound(
  request: BuildRequest,
  arches: readonly ArchPlan[],
  round: number,
): Promise<readonly ArchPlan[]> {
  const { plan, emit, signal, runFolder } = request;
  const definitionFile = join(runFolder, `bake-${round}.json`);
  const metadataFile = join(runFolder, `metadata-${round}.json`);
  const reported = new Map<string, Candidate>();
  const early: Promise<void>[] = [];
  const byName = new Map<string, ArchPlan>(arches.map((arch) => [arch.arch, arch]));
  const report = (arch: ArchPlan, candidate: Candidate): void => {
    reported.set(arch.arch, candidate);
    emit({
      type: 'phase-finished',
      arch: arch.arch,
      phase: 'build',
      outcome: 'passed',
      durationMs: candidate.buildMs,
      summary: `${candidate.cachedSteps} of ${candidate.totalSteps} steps cached`,
    });
    request.onResult(arch, { status: 'built', candidate });
  };
  const progress = new BuildProgress(
    arches.map((arch) => arch.arch),
    {
      onProgress: (target, current) => {
        const arch = byName.get(target);
        if (arch === undefined || reported.has(target)) return;
        emit({ type: 'phase-progress', arch: arch.arch, phase: 'build', progress: current });
      },
      onLog: (target, line) => {
        const arch = byName.get(target);
        if (arch !== undefined) emit({ type: 'log', arch: arch.arch, phase: 'build', line });
      },
      onExported: (target) => {
        const arch = byName.get(target);
        if (arch === undefined) return;
        // A builder outside the engine may still be loading the image; then the end of the call settles it.
        early.push(
          makeCandidate(arch, progress, signal)
            .then((candidate) => {
              if (candidate !== undefined) report(arch, candidate);
            })
            .catch(() => undefined),
        );
      },
    },
  );
  await writeFile(definitionFile, JSON.stringify(loadDefinition(plan, arches), undefined, 2));
  for (const arch of arches) emit({ type: 'phase-started', arch: arch.arch, phase: 'build' });
  const call: BakeCall = {
    definitionFile,
    metadataFile,
    builder: request.builder,
    directory: plan.folder,
    signal,
    onRecord: (record) => {
      progress.apply(record);
    },
  };
  const end = await bake(call);
  await Promise.all(early);
  signal.throwIfAborted();
  if (end.exitCode !== 0) await checkEngine(end);

  const cancelled: ArchPlan[] = [];
  let ended = reported.size;
  const metadata = end.exitCode === 0 ? await readMetadata(metadataFile) : undefined;
  for (const arch of arches) {
    const { failed, durationMs } = progress.result(arch.arch);
    const known = reported.get(arch.arch);
    const candidate = known ?? (failed ? undefined : await makeCandidate(arch, progress, signal));
    if (candidate !== undefined) {
      const named = metadata?.get(arch.arch)?.configDigest;
      if (named !== undefined && named !== candidate.configDigest) {
        throw new AddonReleaseError('build', `${arch.arch}: buildx names two different images`, {
          output: `its records: ${candidate.configDigest}\nits metadata file: ${named}`,
        });
      }
      if (known === undefined) {
        ended++;
        report(arch, candidate);
      }
    } else if (failed !== undefined) {
      ended++;
      const failure = describeFailure(arch, failed, end);
      emit({
        type: 'phase-finished',
        arch: arch.arch,
        phase: 'build',
        outcome: 'failed',
        durationMs,
        summary: `${failure.instruction}: ${failure.message}`,
      });
      request.onResult(arch, { status: 'failed', failure });
    } else {
      cancelled.push(arch);
    }
  }
  if (ended === 0 && cancelled.length > 0) {
    // Not a word about any target: the definition was refused.
    throw new AddonReleaseError('build', 'docker buildx bake failed before any image was built', {
      output: describeEnd(end),
    });
  }
  return cancelled;
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

/**
 * Builds every planned architecture in one bake call and loads the images into the local engine. buildx stops all
 * targets when one fails, so the others are then continued in another call, from the cache: one architecture's
 * failure costs the others at most the instruction that was running.
 *
 * Failures of an architecture are results; what stops everything (no engine, a broken definition) is thrown.
 */
export async function buildImages(request: BuildRequest): Promise<void> {
  let remaining = request.plan.architectures;
  for (let round = 1; remaining.length > 0; round++) {
    remaining = await buildRound(request, remaining, round);
  }
}
