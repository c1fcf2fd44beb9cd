import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createDebounce, type Debounce } from '../../../src/dev/debounce.js';

const TIMES = { quietMs: 100, maxWaitMs: 350 };

let action: ReturnType<typeof vi.fn<() => void>>;
let debounce: Debounce;

beforeEach(() => {
  vi.useFakeTimers();
  action = vi.fn<() => void>();
  debounce = createDebounce(action, TIMES);
});

afterEach(() => {
  vi.useRealTimers();
});

test('a burst of triggers is one call, after it has become quiet', () => {
  for (let count = 0; count < 3; count++) {
    debounce.trigger();
    vi.advanceTimersByTime(90);
  }
  expect(action).not.toHaveBeenCalled();
  vi.advanceTimersByTime(10);
  expect(action).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(10_000);
  expect(action).toHaveBeenCalledTimes(1);
});

test('what never becomes quiet is acted on all the same', () => {
  for (let elapsed = 0; elapsed < 1000; elapsed += 50) {
    debounce.trigger();
    vi.advanceTimersByTime(50);
  }
  expect(action.mock.calls.length).toBeGreaterThanOrEqual(2);
  expect(action.mock.calls.length).toBeLessThanOrEqual(3);
});

test('later triggers wait anew', () => {
  debounce.trigger();
  vi.advanceTimersByTime(100);
  debounce.trigger();
  vi.advanceTimersByTime(99);
  expect(action).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(1);
  expect(action).toHaveBeenCalledTimes(2);
});

test('what is cancelled does not happen', () => {
  debounce.trigger();
  debounce.cancel();
  vi.advanceTimersByTime(1000);
  expect(action).not.toHaveBeenCalled();
});
