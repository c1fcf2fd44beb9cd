import { setTimeout as sleep } from 'node:timers/promises';

export interface RetryPolicy {
  /** Attempts in all, the first included. */
  readonly attempts: number;
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
  /**
   * What all waits of one operation may add up to, in milliseconds. Attempts are not counted: a large upload that breaks
   * after an hour is as worth a second try as a small one.
   */
  readonly maxTotalDelayMs: number;
}

export const DEFAULT_RETRY: RetryPolicy = {
  attempts: 5,
  firstDelayMs: 500,
  maxDelayMs: 15_000,
  maxTotalDelayMs: 120_000,
};

export interface Transient {
  /** The named cause, shown to the user: "503 Service Unavailable". */
  readonly cause: string;
  /** What the other side asked for by Retry-After. */
  readonly retryAfterMs?: number | undefined;
}

export interface RetryOptions {
  readonly policy?: RetryPolicy;
  readonly signal?: AbortSignal | undefined;
  /** Told before each wait, so that retries are visible. */
  readonly onRetry?: (cause: string, delayMs: number, attempt: number) => void;
}

/**
 * Capped exponential back-off, the upper half of it at random, so that clients that failed together do not come back
 * together. A Retry-After is honoured to the millisecond: whoever comes back earlier is only refused again.
 */
export function retryDelayMs(
  attempt: number,
  policy: RetryPolicy,
  retryAfterMs: number | undefined,
  random: () => number = Math.random,
): number {
  if (retryAfterMs !== undefined) return retryAfterMs;
  const ceiling = Math.min(policy.firstDelayMs * 2 ** (attempt - 1), policy.maxDelayMs);
  return Math.round(ceiling / 2 + (random() * ceiling) / 2);
}

/**
 * Runs an operation again while its failure is transient by `classify`, which returns undefined for final
 * failures. The last failure is thrown as it is: after the policy's attempts, or as soon as the next wait would exceed
 * what all waits together may take.
 */
export async function retry<T>(
  operation: (attempt: number) => Promise<T>,
  classify: (error: unknown) => Transient | undefined,
  options: RetryOptions = {},
): Promise<T> {
  const policy = options.policy ?? DEFAULT_RETRY;
  let waitedMs = 0;
  for (let attempt = 1; ; attempt++) {
    try {
      return await operation(attempt);
    } catch (error) {
      const transient = classify(error);
      if (transient === undefined || attempt >= policy.attempts) throw error;
      const delayMs = retryDelayMs(attempt, policy, transient.retryAfterMs);
      waitedMs += delayMs;
      if (waitedMs > policy.maxTotalDelayMs) throw error;
      options.onRetry?.(transient.cause, delayMs, attempt);
      await sleep(
        delayMs,
        undefined,
        options.signal === undefined ? {} : { signal: options.signal },
      );
    }
  }
}
