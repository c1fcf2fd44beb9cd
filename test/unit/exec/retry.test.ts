import { describe, expect, test, vi } from 'vitest';
import { DEFAULT_RETRY, retry, retryDelayMs, type Transient } from '../../../src/exec/retry.js';

const POLICY = { attempts: 4, firstDelayMs: 100, maxDelayMs: 300, maxTotalDelayMs: 1_000 };

describe('retryDelayMs', () => {
  test.each([
    [1, 50, 100],
    [2, 100, 200],
    [3, 150, 300],
    [4, 150, 300],
    [30, 150, 300],
  ])('after attempt %i waits between %i and %i ms', (attempt, least, most) => {
    expect(retryDelayMs(attempt, POLICY, undefined, () => 0)).toBe(least);
    expect(retryDelayMs(attempt, POLICY, undefined, () => 1)).toBe(most);
    expect(retryDelayMs(attempt, POLICY, undefined, () => 0.5)).toBe((least + most) / 2);
  });

  test('is random by itself', () => {
    for (let round = 0; round < 100; round++) {
      const delay = retryDelayMs(1, POLICY, undefined);
      expect(delay).toBeGreaterThanOrEqual(50);
      expect(delay).toBeLessThanOrEqual(100);
    }
  });

  test('does what the other side asks for', () => {
    expect(retryDelayMs(1, POLICY, 0)).toBe(0);
    expect(retryDelayMs(4, POLICY, 7)).toBe(7);
    expect(retryDelayMs(1, POLICY, 3_600_000)).toBe(3_600_000);
  });

  test('without being asked, waits no longer than two minutes in all by default', () => {
    const waits = Array.from({ length: DEFAULT_RETRY.attempts - 1 }, (_, index) =>
      retryDelayMs(index + 1, DEFAULT_RETRY, undefined, () => 1),
    );
    expect(waits.reduce((sum, wait) => sum + wait)).toBeLessThanOrEqual(
      DEFAULT_RETRY.maxTotalDelayMs,
    );
    expect(DEFAULT_RETRY.maxTotalDelayMs).toBe(120_000);
  });
});

describe('retry', () => {
  const QUICK = { attempts: 4, firstDelayMs: 2, maxDelayMs: 6, maxTotalDelayMs: 1_000 };

  const BUSY = new Error('503 Service Unavailable');
  const DENIED = new Error('403 Forbidden');

  function classify(error: unknown): Transient | undefined {
    return error === BUSY ? { cause: '503 Service Unavailable' } : undefined;
  }

  /** Fails with each of the errors in turn and succeeds then. */
  function failing(...errors: readonly Error[]) {
    return vi.fn((attempt: number) => {
      const error = errors[attempt - 1];
      return error === undefined ? Promise.resolve(`attempt ${attempt}`) : Promise.reject(error);
    });
  }

  test('does nothing about a success', async () => {
    const operation = failing();
    expect(await retry(operation, classify, { policy: QUICK })).toBe('attempt 1');
    expect(operation).toHaveBeenCalledTimes(1);
  });

  test('tries again, and tells before each wait', async () => {
    const told: unknown[][] = [];
    const result = retry(failing(BUSY, BUSY), classify, {
      policy: QUICK,
      onRetry: (...args) => told.push(args),
    });
    expect(await result).toBe('attempt 3');
    expect(told).toEqual([
      ['503 Service Unavailable', expect.any(Number), 1],
      ['503 Service Unavailable', expect.any(Number), 2],
    ]);
  });

  test('waits as long as it says', async () => {
    const started = performance.now();
    const policy = { ...QUICK, attempts: 2, firstDelayMs: 60, maxDelayMs: 60 };
    expect(await retry(failing(BUSY), classify, { policy })).toBe('attempt 2');
    expect(performance.now() - started).toBeGreaterThanOrEqual(29);
  });

  test('honours Retry-After', async () => {
    const delays: number[] = [];
    const busy = () => ({ cause: 'busy', retryAfterMs: 7 });
    const onRetry = (_cause: string, delayMs: number) => delays.push(delayMs);
    expect(await retry(failing(BUSY, BUSY), busy, { policy: QUICK, onRetry })).toBe('attempt 3');
    expect(delays).toEqual([7, 7]);
  });

  test('throws a final failure at once and as it is', async () => {
    const operation = failing(BUSY, DENIED);
    const result = retry(operation, classify, { policy: QUICK }).catch((error: unknown) => error);
    expect(await result).toBe(DENIED);
    expect(operation).toHaveBeenCalledTimes(2);
  });

  test('gives up after its attempts with the last failure', async () => {
    const operation = failing(BUSY, BUSY, BUSY, BUSY, BUSY);
    const result = retry(operation, classify, { policy: QUICK }).catch((error: unknown) => error);
    expect(await result).toBe(BUSY);
    expect(operation).toHaveBeenCalledTimes(QUICK.attempts);
  });

  test('gives up when it would wait too long in all, however often it may try', async () => {
    const policy = { attempts: 100, firstDelayMs: 4, maxDelayMs: 4, maxTotalDelayMs: 20 };
    const delays: number[] = [];
    const result = retry(failing(...Array.from({ length: 100 }, () => BUSY)), classify, {
      policy,
      onRetry: (_cause, delayMs) => delays.push(delayMs),
    });
    await expect(result).rejects.toBe(BUSY);
    const waited = delays.reduce((sum, delay) => sum + delay, 0);
    expect(waited).toBeLessThanOrEqual(20);
    expect(waited).toBeGreaterThan(12);
  });

  test('gives up at once when it is asked to wait longer than it would', async () => {
    const operation = failing(BUSY);
    const onRetry = vi.fn();
    const asked = () => ({ cause: '429 Too Many Requests', retryAfterMs: 3_600_000 });
    const result = retry(operation, asked, { policy: QUICK, onRetry });
    await expect(result).rejects.toBe(BUSY);
    expect(operation).toHaveBeenCalledTimes(1);
    expect(onRetry).not.toHaveBeenCalled();
  });

  test('does not go on waiting after an interruption', async () => {
    const controller = new AbortController();
    const operation = failing(BUSY);
    const result = retry(operation, () => ({ cause: 'busy', retryAfterMs: 1_000 }), {
      signal: controller.signal,
      onRetry: () => {
        controller.abort();
      },
    });
    await expect(result).rejects.toMatchObject({ name: 'AbortError' });
    expect(operation).toHaveBeenCalledTimes(1);
  });
});
