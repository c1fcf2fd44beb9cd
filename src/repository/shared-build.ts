import { buildTogether, type AddonBuild, type BuildPlace } from '../engine/build.js';

interface Waiting {
  readonly build: AddonBuild;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** One run's place in a shared build. */
export interface Seat {
  /** Resolves when everything of this build has ended. Called at most once. */
  readonly build: (build: AddonBuild) => Promise<void>;
  /** Tells that nothing will be built, or has been already: nobody waits for this run any more. */
  readonly leave: () => void;
}

/**
 * Waits until every run has said what it builds, or that it builds nothing, and then builds all of it together, so that
 * context and stages that they have in common are handled once.
 */
export class SharedBuild {
  readonly #waiting: Waiting[] = [];
  #undecided = 0;

  /** @param perCall how many add-ons are built in one call */
  constructor(
    private readonly place: BuildPlace,
    private readonly perCall: number,
  ) {}

  /** All seats are to be taken before the first one is used. */
  takeSeat(): Seat {
    this.#undecided++;
    let isDecided = false;
    const decide = (): void => {
      if (isDecided) return;
      isDecided = true;
      this.#undecided--;
      if (this.#undecided === 0) void this.#buildAll();
    };
    return {
      build: (build) =>
        new Promise((resolve, reject) => {
          this.#waiting.push({ build, resolve, reject });
          decide();
        }),
      leave: decide,
    };
  }

  async #buildAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, this.perCall);
      try {
        const errors = await buildTogether(
          batch.map(({ build }) => build),
          this.place,
        );
        batch.forEach(({ resolve, reject }, index) => {
          const error = errors[index];
          if (error === undefined) resolve();
          else reject(error);
        });
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
  }
}
