import { docker } from '../engine/docker.js';
import { AddonReleaseError } from '../errors.js';

const ANSWER_MS = 30_000;

/** @throws AddonReleaseError `environment` when the engine does not answer any more */
export async function requireEngine(): Promise<void> {
  await docker(['version', '--format={{.Server.Version}}'], { timeoutMs: ANSWER_MS });
}

/**
 * Calls that need the engine fail in many ways when it goes away: a stream ends, an answer is cut off, a container
 * "can't be started". What explains all of them is that nobody answers any more.
 *
 * @param askEngine rejects when the engine is gone
 * @returns what to tell the user: the interruption, else the loss of the engine, else `error` itself
 */
export async function explainFailure(
  error: unknown,
  signal: AbortSignal,
  askEngine: () => Promise<void> = requireEngine,
): Promise<unknown> {
  const loss = await askEngine().then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return signal.aborted ? signal.reason : (loss ?? error);
}

/** The end of a stand-in Supervisor that nobody asked for, while the engine is there. */
export function describeSidecarEnd(
  message: string,
  { hasStarted, output }: { readonly hasStarted: boolean; readonly output: string },
): AddonReleaseError {
  const text = output.trim();
  return new AddonReleaseError(
    'environment',
    hasStarted
      ? 'the stand-in Supervisor ended in the middle of the tests'
      : 'the stand-in Supervisor did not start',
    {
      output: text === '' ? message : text,
      hint: hasStarted
        ? 'Run the same command again. Was the Docker engine restarted, its container removed, or the memory of this machine used up?'
        : 'Run `addon-release doctor` to check the engine.',
    },
  );
}
