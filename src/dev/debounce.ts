export interface DebounceTimes {
  /** The action runs when nothing has triggered it for this long. */
  readonly quietMs: number;
  /** It runs at the latest this long after the first trigger, however busy it is. */
  readonly maxWaitMs: number;
}

export interface Debounce {
  trigger(): void;
  /** Forgets what was triggered. */
  cancel(): void;
}

/** Turns a burst of triggers (an editor that saves, a checkout) into one call of `action`. */
export function createDebounce(action: () => void, times: DebounceTimes): Debounce {
  let timer: NodeJS.Timeout | undefined;
  let first: number | undefined;
  const cancel = (): void => {
    clearTimeout(timer);
    timer = undefined;
    first = undefined;
  };
  return {
    trigger() {
      const now = performance.now();
      first ??= now;
      clearTimeout(timer);
      const left = first + times.maxWaitMs - now;
      timer = setTimeout(
        () => {
          cancel();
          action();
        },
        Math.max(0, Math.min(times.quietMs, left)),
      );
    },
    cancel,
  };
}
