/** Where the time of a smoke test goes. All runs of smoke.yaml are added up. */
type PhaseName =
  /** Waiting for the network and the stand-in Supervisor, which all architectures share. */
  | 'environment'
  /** Folders with what is in them, the container and its options. */
  | 'install'
  /** Until the add-on has come up. */
  | 'start'
  /** Everything that is asked of it while it runs. */
  | 'checks'
  | 'stop'
  /** Checks of the image that take longer than all of the above, beside which they run. */
  | 'image'
  /** The published version before it, and the second start after it. */
  | 'again'
  /** Removing container and folders. */
  | 'remove';

export interface SmokePhase {
  readonly name: PhaseName;
  readonly durationMs: number;
}

/** Adds up times by phase, in the order in which phases came up first. */
export class PhaseClock {
  private readonly times = new Map<PhaseName, number>();

  add(name: PhaseName, durationMs: number): void {
    this.times.set(name, (this.times.get(name) ?? 0) + durationMs);
  }

  async time<T>(name: PhaseName, action: () => Promise<T>): Promise<T> {
    const started = performance.now();
    try {
      return await action();
    } finally {
      this.add(name, performance.now() - started);
    }
  }

  list(): readonly SmokePhase[] {
    return [...this.times].map(([name, ms]) => ({ name, durationMs: Math.round(ms) }));
  }
}
