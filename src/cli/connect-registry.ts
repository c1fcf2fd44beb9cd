import { AddonReleaseError } from '../errors.js';
import { createRegistryClient, type RegistryClient } from '../registry/client.js';
import type { Emit } from '../report/events.js';
import { tellRetries } from '../report/retry-notice.js';
import type { CommandContext } from './command.js';

/** Seconds that a registry may take for an answer, for slow lines; documented in docs/settings.md. */
const TIMEOUT_VARIABLE = 'ADDON_RELEASE_REQUEST_TIMEOUT';

function parseTimeout(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined;
  const seconds = Number(text);
  if (seconds >= 1 && seconds <= 3600) return seconds * 1000;
  throw new AddonReleaseError('usage', `${TIMEOUT_VARIABLE}="${text}" is no time-out`, {
    hint: 'Give seconds from 1 to 3600, or leave it out.',
  });
}

/**
 * The registries as a command reaches them: with the logins of `docker login`, and every repetition told.
 *
 * @param emit undefined where nothing is shown before the end
 * @throws AddonReleaseError `usage` when the environment asks for no sensible time-out
 */
export function connectRegistry(
  { environment, signal }: Pick<CommandContext, 'environment' | 'signal'>,
  emit?: Emit,
): RegistryClient {
  const requestTimeoutMs = parseTimeout(environment[TIMEOUT_VARIABLE]);
  return createRegistryClient({
    credentials: 'docker-config',
    signal,
    ...(requestTimeoutMs === undefined ? {} : { requestTimeoutMs }),
    ...(emit === undefined ? {} : { onRetry: tellRetries(emit) }),
  });
}
