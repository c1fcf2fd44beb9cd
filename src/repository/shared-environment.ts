import { onEngine } from '../engine/docker.js';
import {
  openEnvironment,
  type EnvironmentRequest,
  type SmokeEnvironment,
} from '../smoke/environment.js';
import type { SupervisorHooks } from '../supervisor/server.js';

/** One place in each engine for the smoke tests of several add-ons: one network and one stand-in Supervisor. */
export class SharedEnvironment {
  readonly #hooks = new Map<string, SupervisorHooks>();
  readonly #environments = new Map<string | undefined, Promise<SmokeEnvironment>>();

  /** @param folder where the environment keeps its files */
  constructor(private readonly folder: string) {}

  /** @returns the environment; its `close` does nothing, as others may be in it */
  async open(request: EnvironmentRequest, slug: string): Promise<SmokeEnvironment> {
    this.#hooks.set(slug, request.hooks);
    const { context } = request;
    const opening =
      this.#environments.get(context) ??
      openEnvironment({
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
    this.#environments.set(context, opening);
    return { ...(await opening), close: () => Promise.resolve() };
  }

  /** Removes the environments with everything in them. */
  async close(): Promise<void> {
    for (const [context, opening] of this.#environments) {
      const environment = await opening.catch(() => undefined);
      await onEngine(context, async () => environment?.close());
    }
  }
}
