import type { TokenHolder } from './access.js';
import { AddonInstance, type IngressSession } from './instance.js';
import type { InstanceDirectory } from './routes/route.js';
import type { SupervisorSetup } from './state.js';

/** The installations behind one server, found by whatever a request carries. */
export class SetupDirectory implements InstanceDirectory {
  readonly #instances = new Map<string, AddonInstance>();

  constructor(private readonly clock: () => number) {}

  get first(): AddonInstance | undefined {
    return [...this.#instances.values()][0];
  }

  /** Adds a setup; one with the same id is replaced and forgets all that happened. */
  add(setup: SupervisorSetup): void {
    this.#instances.set(setup.id, new AddonInstance(setup, this.clock));
  }

  remove(id: string): void {
    this.#instances.delete(id);
  }

  byId(id: string): AddonInstance | undefined {
    return this.#instances.get(id);
  }

  byToken(token: string | undefined): AddonInstance | undefined {
    return this.#find((instance) => instance.setup.token === token);
  }

  byIngressToken(token: string): AddonInstance | undefined {
    return this.#find(({ setup, addon }) => addon.flags.ingress && setup.ingressToken === token);
  }

  /** The only add-on with this address; undefined when several share it. */
  byAddress(address: string): AddonInstance | undefined {
    const found = [...this.#instances.values()].filter(({ ipAddress }) => ipAddress === address);
    return found.length === 1 ? found[0] : undefined;
  }

  extendSession(session: string): IngressSession | undefined {
    for (const instance of this.#instances.values()) {
      const found = instance.extendSession(session);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Who holds a token: an add-on, or the Core of its installation. */
  identify(
    token: string | undefined,
  ): { readonly instance: AddonInstance; readonly holder: TokenHolder } | undefined {
    const own = this.byToken(token);
    if (own !== undefined) return { instance: own, holder: 'addon' };
    const core = this.#find(({ setup }) => setup.coreToken === token);
    return core === undefined ? undefined : { instance: core, holder: 'core' };
  }

  #find(matches: (instance: AddonInstance) => boolean): AddonInstance | undefined {
    return [...this.#instances.values()].find(matches);
  }
}
