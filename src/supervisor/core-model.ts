import { randomBytes } from 'node:crypto';
import { EventEmitter } from 'node:events';

import type { JsonObject, JsonValue } from './json.js';
import type { CoreUser, EntityState, SupervisorSetup } from './state.js';

/** Services that every installation of Home Assistant has, by domain. */
const BUILT_IN_SERVICES: Readonly<Record<string, readonly string[]>> = {
  homeassistant: [
    'check_config',
    'reload_all',
    'restart',
    'stop',
    'toggle',
    'turn_off',
    'turn_on',
    'update_entity',
  ],
  light: ['toggle', 'turn_off', 'turn_on'],
  notify: ['notify', 'persistent_notification', 'send_message'],
  persistent_notification: ['create', 'dismiss', 'dismiss_all'],
};

export interface CoreEvent {
  readonly event_type: string;
  readonly data: JsonObject;
  readonly origin: 'LOCAL' | 'REMOTE';
  readonly time_fired: string;
  readonly context: JsonObject;
}

/** Entities, services and events of the pretended Home Assistant Core; nothing happens behind them. */
export class CoreModel {
  readonly #states = new Map<string, JsonObject>();
  readonly #services: Readonly<Record<string, readonly string[]>>;
  readonly #events = new EventEmitter();

  constructor(
    private readonly setup: SupervisorSetup,
    private readonly clock: () => number,
  ) {
    this.#services = { ...BUILT_IN_SERVICES, ...setup.core.services };
    this.#events.setMaxListeners(0);
    for (const state of setup.core.states) this.#states.set(state.entity_id, this.#stamp(state));
  }

  get version(): string {
    return this.setup.versions.core;
  }

  get owner(): CoreUser | undefined {
    return this.setup.users.find(({ isOwner }) => isOwner);
  }

  get states(): readonly JsonObject[] {
    return [...this.#states.values()];
  }

  get domains(): readonly string[] {
    return Object.keys(this.#services);
  }

  /** The answer of `get_config` and `GET /api/config`. */
  describeConfig(): JsonObject {
    return {
      allowlist_external_dirs: ['/config/www', '/media'],
      allowlist_external_urls: [],
      components: ['homeassistant', 'hassio', 'http', 'websocket_api', 'api', ...this.domains],
      config_dir: '/config',
      config_source: 'storage',
      country: this.setup.host.country,
      currency: 'EUR',
      debug: false,
      elevation: 0,
      external_url: null,
      internal_url: null,
      language: 'en',
      latitude: 52.3731,
      longitude: 4.8903,
      location_name: 'Home',
      radius: 100,
      recovery_mode: false,
      safe_mode: false,
      state: 'RUNNING',
      time_zone: this.setup.host.timezone,
      unit_system: {
        length: 'km',
        accumulated_precipitation: 'mm',
        area: 'm²',
        mass: 'g',
        pressure: 'Pa',
        temperature: '°C',
        volume: 'L',
        wind_speed: 'm/s',
      },
      version: this.version,
      whitelist_external_dirs: ['/config/www', '/media'],
    };
  }

  state(entityId: string): JsonObject | undefined {
    return this.#states.get(entityId);
  }

  /** Stores a state and fires `state_changed`. Returns the state and whether the entity is new. */
  setState(state: EntityState): { readonly state: JsonObject; readonly created: boolean } {
    const before = this.#states.get(state.entity_id);
    const after = this.#stamp(state);
    this.#states.set(state.entity_id, after);
    this.fire('state_changed', {
      entity_id: state.entity_id,
      old_state: before ?? null,
      new_state: after,
    });
    return { state: after, created: before === undefined };
  }

  /** Forgets an entity; false when there is none. */
  removeState(entityId: string): boolean {
    const before = this.#states.get(entityId);
    if (before === undefined) return false;
    this.#states.delete(entityId);
    this.fire('state_changed', { entity_id: entityId, old_state: before, new_state: null });
    return true;
  }

  hasService(domain: string, service: string): boolean {
    return this.#services[domain]?.includes(service) ?? false;
  }

  /** Services by domain with empty descriptions, as `get_services` gives them. */
  describeServices(): Readonly<Record<string, JsonObject>> {
    return Object.fromEntries(
      Object.entries(this.#services).map(([domain, names]) => [
        domain,
        Object.fromEntries(names.map((name) => [name, { name, description: '', fields: {} }])),
      ]),
    );
  }

  fire(eventType: string, data: JsonObject): JsonObject {
    const context = this.createContext();
    const event: CoreEvent = {
      event_type: eventType,
      data,
      origin: 'LOCAL',
      time_fired: this.#now(),
      context,
    };
    this.#events.emit('event', event);
    return context;
  }

  /** Calls back for every later event; the returned function ends that. */
  listen(listener: (event: CoreEvent) => void): () => void {
    this.#events.on('event', listener);
    return () => {
      this.#events.off('event', listener);
    };
  }

  createContext(): Readonly<Record<string, JsonValue>> {
    return {
      id: randomBytes(13).toString('hex').toUpperCase(),
      parent_id: null,
      user_id: this.owner?.id ?? null,
    };
  }

  #stamp(state: EntityState): JsonObject {
    const now = this.#now();
    return {
      entity_id: state.entity_id,
      state: state.state,
      attributes: state.attributes,
      last_changed: now,
      last_reported: now,
      last_updated: now,
      context: this.createContext(),
    };
  }

  #now(): string {
    return new Date(this.clock()).toISOString().replace('Z', '+00:00');
  }
}
