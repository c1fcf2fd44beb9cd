import { randomBytes } from 'node:crypto';
import { EventEmitter } from 'node:events';

import { CoreModel } from './core-model.js';
import { webuiAddress, type PortMap } from './address-templates.js';
import { mergeOptions, type JsonObject } from './json.js';
import type {
  AddonDescription,
  ContainerStats,
  CoreUser,
  OptionsVerdict,
  ServiceName,
  SupervisorSetup,
} from './state.js';

export interface DiscoveryMessage {
  readonly uuid: string;
  readonly addon: string;
  readonly service: string;
  readonly config: JsonObject;
}

export interface Backup {
  readonly slug: string;
  readonly name: string;
  readonly type: 'full' | 'partial';
  readonly date: string;
  readonly protected: boolean;
  readonly homeassistant: boolean;
  readonly addons: readonly string[];
  readonly folders: readonly string[];
}

/** Settings that a user (or the add-on itself) can change through `/addons/<slug>/options`. */
export interface AddonSettings {
  boot: string;
  autoUpdate: boolean;
  watchdog: boolean;
  ingressPanel: boolean;
  protected: boolean;
  audioInput: string | null;
  audioOutput: string | null;
  systemManaged: boolean;
  systemManagedConfigEntry: string | null;
}

export interface IngressSession {
  /** Undefined when Core opened the session without naming a user. */
  readonly user: CoreUser | undefined;
}

/** What the owner of a run learns after the setup was made. */
export interface InstanceChanges {
  /** New user options, laid over the defaults; null forgets the former ones. */
  readonly options?: JsonObject | null;
  readonly ipAddress?: string;
  /** State of the add-on: startup, started, stopped, error or unknown. */
  readonly state?: string;
  readonly stats?: ContainerStats;
  /** Lines to append to what `/addons/self/logs` gives. */
  readonly log?: readonly string[];
  /** Host ports that Docker chose. */
  readonly network?: PortMap;
}

const SESSION_MS = 15 * 60_000;
const SESSION_BYTES = 64;
const MAX_LOG_LINES = 10_000;
/** Of a container that nobody has measured. */
export const NO_STATS: ContainerStats = {
  cpu_percent: 0,
  memory_usage: 0,
  memory_limit: 0,
  memory_percent: 0,
  network_rx: 0,
  network_tx: 0,
  blk_read: 0,
  blk_write: 0,
};

/** The changing part of one setup: what the add-on wrote, what its owner reported, the sessions of its users. */
export class AddonInstance {
  readonly core: CoreModel;
  readonly settings: AddonSettings;
  readonly discovery = new Map<string, DiscoveryMessage>();
  readonly services = new Map<ServiceName, JsonObject>();
  readonly backups = new Map<string, Backup>();
  /** Emits `line` with every new line of the log. */
  readonly logEvents = new EventEmitter();
  stats: ContainerStats = NO_STATS;
  state = 'started';
  ipAddress: string;
  network: PortMap | null;
  #userOptions: JsonObject;
  #verdict: Promise<OptionsVerdict> | undefined;
  readonly #log: string[] = [];
  readonly #sessions = new Map<string, { expires: number; user: CoreUser | undefined }>();

  constructor(
    readonly setup: SupervisorSetup,
    private readonly clock: () => number,
  ) {
    this.core = new CoreModel(setup, clock);
    this.ipAddress = setup.ipAddress;
    this.network = setup.addon.network;
    this.#userOptions = setup.userOptions;
    this.settings = {
      boot: setup.addon.bootConfig === 'auto' ? 'auto' : 'manual',
      autoUpdate: false,
      watchdog: false,
      ingressPanel: false,
      protected: true,
      audioInput: null,
      audioOutput: null,
      systemManaged: false,
      systemManagedConfigEntry: null,
    };
    for (const service of setup.services) this.services.set(service.name, service.data);
  }

  get addon(): AddonDescription {
    return this.setup.addon;
  }

  /** Defaults with the user's options laid over them, not validated. */
  get options(): JsonObject {
    return mergeOptions(this.setup.defaultOptions, this.#userOptions);
  }

  /** `webui` with ports and protocol filled in; `[HOST]` stays, as in the Supervisor's answer. */
  get webui(): string | null {
    if (this.addon.webui === null) return null;
    const address = webuiAddress(this.addon.webui, {
      options: this.options,
      portMap: this.network ?? {},
    });
    if (address === undefined) return null;
    const scheme = address.tls ? 'https' : 'http';
    return `${scheme}://[HOST]:${address.port ?? 'None'}${address.path}`;
  }

  get ingressEntry(): string | null {
    return this.addon.flags.ingress ? `/api/hassio_ingress/${this.setup.ingressToken}` : null;
  }

  get logText(): string {
    return this.#log.map((line) => `${line}\n`).join('');
  }

  /** The verdict on the effective options, asked once per change. */
  validated(
    validate: (options: JsonObject) => OptionsVerdict | Promise<OptionsVerdict>,
  ): Promise<OptionsVerdict> {
    this.#verdict ??= Promise.resolve(validate(this.options));
    return this.#verdict;
  }

  apply(changes: InstanceChanges): void {
    if (changes.options !== undefined) {
      this.#userOptions = changes.options ?? {};
      this.#verdict = undefined;
    }
    this.ipAddress = changes.ipAddress ?? this.ipAddress;
    this.state = changes.state ?? this.state;
    this.stats = changes.stats ?? this.stats;
    this.network = changes.network ?? this.network;
    for (const line of changes.log ?? []) {
      this.#log.push(line);
      this.logEvents.emit('line', line);
    }
    if (this.#log.length > MAX_LOG_LINES) this.#log.splice(0, this.#log.length - MAX_LOG_LINES);
  }

  /** Opens an ingress session of 15 minutes (supervisor/ingress.py, `create_session`). */
  openSession(userId: string | undefined): string {
    const session = randomBytes(SESSION_BYTES).toString('hex');
    const user = this.setup.users.find(({ id }) => id === userId);
    this.#sessions.set(session, { expires: this.clock() + SESSION_MS, user });
    return session;
  }

  /** Checks an ingress session and, when it is valid, extends it by 15 minutes. */
  extendSession(session: string): IngressSession | undefined {
    const found = this.#sessions.get(session);
    if (found === undefined || found.expires < this.clock()) {
      this.#sessions.delete(session);
      return undefined;
    }
    found.expires += SESSION_MS;
    return found;
  }
}
