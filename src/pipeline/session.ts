import type { BuildRequest } from '../engine/build.js';
import type { Once } from './once.js';
import type { EnvironmentRequest, SmokeEnvironment } from '../smoke/environment.js';

/** What several runs that go side by side in one process share. A run alone has none. */
export interface Session {
  /** Builds the images of this run in one call with those of the others. */
  readonly build: (request: BuildRequest) => Promise<void>;
  readonly once: Once;
  /** The place where images are tested, made by the first that asks. Closing it leaves it to the others. */
  readonly openEnvironment: (
    request: EnvironmentRequest,
    slug: string,
  ) => Promise<SmokeEnvironment>;
  /** Tests an image when it is its turn. */
  readonly test: <T>(work: () => Promise<T>) => Promise<T>;
}
