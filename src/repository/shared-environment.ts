import {
  openEnvironment,
  type EnvironmentRequest,
  type SmokeEnvironment,
} from '../smoke/environment.js';
import type { SupervisorHooks } from '../supervisor/server.js';

/** One place for the smoke tests of several add-ons: one network and one stand-in Supervisor. */
export class SharedEnvironment {
  readonly #hooks = new Map<string, SupervisorHooks>();
  #environment: Promise<SmokeEnvironment> | undefined;

  /** @param folder where the environment keeps its files */
  constructor(private readonly folder: string) {}

  /** @returns the environment; its `close` does nothing, as others may be in it */
  async open(request: EnvironmentRequest, slug: string): Promise<SmokeEnvironment> {
    this.#hooks.set(slug, request.hooks);
    this.#environment ??= openEnvironment({
      ...request,
      folder: this.folder,
      hooks: {
        validateOptions: (options, setup) =>
          this.#hooks.get(setup.addon.slug)?.validateOptions?.(options, setup) ?? {
            valid: true,
            options,
          },
      },
    });
    return { ...(await this.#environment), close: () => Promise.resolve() };
  }

  /** Removes the environment with everything in it. */
  async close(): Promise<void> {
    const environment = await this.#environment?.catch(() => undefined);
    await environment?.close();
  }
}
