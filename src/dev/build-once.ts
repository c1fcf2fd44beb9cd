import {
  buildImages,
  type BuildFailure,
  type BuildResult,
  type Candidate,
} from '../engine/build.js';
import type { BuildSecrets } from '../engine/build-secrets.js';
import { tryDocker } from '../engine/docker.js';
import { AddonReleaseError } from '../errors.js';
import type { ReleasePlan } from '../plan/release-plan.js';
import type { Emit } from '../report/events.js';
import type { DevConsole } from './dev-console.js';

export interface BuildOnceRequest {
  /** Of one architecture. */
  readonly plan: ReleasePlan;
  readonly secrets: BuildSecrets | undefined;
  readonly runFolder: string;
  readonly console: DevConsole;
  readonly emit: Emit;
  readonly signal: AbortSignal;
}

/** An instruction that takes longer than this is worth a line. */
const PATIENCE_MS = 4_000;

const CALL_TIMEOUT_MS = 60_000;

/**
 * Builds the plan's architecture through the same bake call as `build` and `test`, and says which instructions take
 * their time.
 *
 * @throws whatever stops the build without being a failed instruction: no engine, an interruption
 */
export async function buildOnce(request: BuildOnceRequest): Promise<BuildResult> {
  const { console, signal } = request;
  let current = '';
  let shown = '';
  const timer = setInterval(() => {
    if (current !== shown && current !== '') console.say(`building: ${current}`);
    shown = current;
  }, PATIENCE_MS);
  const results: BuildResult[] = [];
  try {
    await buildImages({
      ...request,
      emit: (event) => {
        if (event.type === 'phase-progress') current = event.progress.current;
        request.emit(event);
      },
      onResult: (_arch, result) => results.push(result),
    });
  } finally {
    clearInterval(timer);
  }
  signal.throwIfAborted();
  const [result] = results;
  if (result === undefined) throw new AddonReleaseError('build', 'the build told no result');
  return result;
}

/** A failed instruction with its place and the end of its output, for people. */
export function describeBuildFailure(failure: BuildFailure): string {
  const place = failure.line === undefined ? failure.file : `${failure.file}:${failure.line}`;
  return [
    `build failed at ${place}: ${failure.instruction}`,
    ...failure.log.map((line) => `  | ${line}`),
    `  ${failure.message}`,
  ].join('\n');
}

/**
 * Removes an image that a new one has replaced, so that a day's work does not fill the disk. One that still has a
 * name stays.
 */
export async function removeReplacedImage({ imageId }: Candidate): Promise<void> {
  const options = { timeoutMs: CALL_TIMEOUT_MS };
  const unnamed = await tryDocker(
    ['image', 'ls', '--quiet', '--no-trunc', '--filter=dangling=true'],
    options,
  );
  if (unnamed.stdout.split('\n').includes(imageId))
    await tryDocker(['image', 'rm', imageId], options);
}
