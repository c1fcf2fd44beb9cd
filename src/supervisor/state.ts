import type { PortMap } from './address-templates.js';
import type { JsonObject, JsonValue } from './json.js';

/** Rights of an add-on at the Supervisor's API, smallest first (`hassio_role`). */
export const HASSIO_ROLES = ['default', 'homeassistant', 'backup', 'manager', 'admin'] as const;
export type HassioRole = (typeof HASSIO_ROLES)[number];

/** Services that add-ons can hand to each other through the Supervisor. */
export const SERVICE_NAMES = ['mqtt', 'mysql'] as const;
export type ServiceName = (typeof SERVICE_NAMES)[number];
export type ServiceRight = 'provide' | 'want' | 'need';

/** Booleans of config.yaml that `/addons/<slug>/info` repeats under the same name. */
export const INFO_FLAGS = [
  'hassio_api',
  'auth_api',
  'homeassistant_api',
  'host_network',
  'host_pid',
  'host_ipc',
  'host_uts',
  'host_dbus',
  'full_access',
  'gpio',
  'usb',
  'uart',
  'kernel_modules',
  'devicetree',
  'udev',
  'docker_api',
  'video',
  'audio',
  'ingress',
  'stdin',
] as const;
export type InfoFlag = (typeof INFO_FLAGS)[number];

/** One installed add-on as the Supervisor's API describes it. */
export interface AddonDescription {
  /** Slug of config.yaml. */
  readonly slug: string;
  /** `<repository slug>_<slug>`, the name that the API and the container use. */
  readonly fullSlug: string;
  readonly hostname: string;
  readonly repository: string;
  readonly name: string;
  readonly description: string;
  readonly version: string;
  readonly versionLatest: string;
  readonly stage: string;
  readonly startup: string;
  /** `boot` of config.yaml: auto, manual or manual_only. */
  readonly bootConfig: string;
  readonly url: string | null;
  readonly webui: string | null;
  readonly homeassistant: string | null;
  readonly image: string | null;
  readonly arch: readonly string[];
  readonly machine: readonly string[];
  readonly privileged: readonly string[];
  readonly devices: readonly string[];
  readonly discovery: readonly string[];
  readonly services: Readonly<Partial<Record<ServiceName, ServiceRight>>>;
  readonly role: HassioRole;
  readonly flags: Readonly<Record<InfoFlag, boolean>>;
  readonly apparmor: 'default' | 'disable' | 'profile';
  /** Host ports by `<port>/<protocol>`, null when the add-on has no `ports`. */
  readonly network: PortMap | null;
  readonly networkDescription: Readonly<Record<string, string>> | null;
  readonly ingressPort: number | null;
  /** `ingress_entry` of config.yaml: what follows the ingress address, without a leading slash. */
  readonly ingressPath: string;
  readonly ingressStream: boolean;
  readonly panel: { readonly title: string; readonly icon: string; readonly admin: boolean };
  /** `schema` of config.yaml; false switches options off. */
  readonly schema: JsonObject | false;
  readonly translations: JsonObject;
  readonly rating: number;
  readonly longDescription: string | null;
  readonly changelog: string | null;
  readonly documentation: string | null;
  readonly hasIcon: boolean;
  readonly hasLogo: boolean;
}

/** A service that the test pretends some other add-on provides. */
export interface OfferedService {
  readonly name: ServiceName;
  /** What `GET /services/<name>` answers, the provider's full slug in `addon`. */
  readonly data: JsonObject & { readonly addon: string };
}

/** A Home Assistant user, for `/auth` and for ingress. */
export interface CoreUser {
  readonly id: string;
  readonly username: string;
  readonly password: string;
  readonly displayName: string;
  readonly isOwner: boolean;
}

export interface EntityState {
  readonly entity_id: string;
  readonly state: string;
  readonly attributes: JsonObject;
}

/** The stand-in for Home Assistant Core behind `/core/api` and `/core/websocket`. */
export interface CoreDescription {
  /** When false, the proxied endpoints answer 502 as they do while Core starts. */
  readonly running: boolean;
  readonly port: number;
  readonly ssl: boolean;
  readonly states: readonly EntityState[];
  /** Names of callable services by domain, besides those every installation has. */
  readonly services: Readonly<Record<string, readonly string[]>>;
}

export interface HostDescription {
  readonly arch: string;
  readonly supportedArch: readonly string[];
  readonly machine: string;
  readonly hostname: string;
  readonly timezone: string;
  readonly country: string | null;
  readonly operatingSystem: string;
  readonly chassis: string;
  readonly kernel: string;
  readonly features: readonly string[];
  readonly board: string;
  /** Supervisor state; other values than startup, running and freeze make it answer "not ready". */
  readonly state: string;
}

export const COMPONENTS = [
  'supervisor',
  'core',
  'os',
  'docker',
  'cli',
  'dns',
  'audio',
  'multicast',
  'observer',
] as const;
export type ComponentName = (typeof COMPONENTS)[number];

export interface RepositoryDescription {
  readonly slug: string;
  readonly name: string;
  readonly source: string;
  readonly url: string;
  readonly maintainer: string;
}

/** Memory and traffic in bytes, shares in percent, as `docker stats` counts them. */
export interface ContainerStats {
  readonly cpu_percent: number;
  readonly memory_usage: number;
  readonly memory_limit: number;
  readonly memory_percent: number;
  readonly network_rx: number;
  readonly network_tx: number;
  readonly blk_read: number;
  readonly blk_write: number;
}

/**
 * One installation with one add-on under test, as plain JSON so that it can be sent to another process. Several of
 * them can live behind one server: the token in a request selects the setup.
 */
export interface SupervisorSetup {
  /** Names the run in records and messages, for example `aarch64/default`. */
  readonly id: string;
  readonly addon: AddonDescription;
  /** SUPERVISOR_TOKEN of the add-on's container: 112 hex digits. */
  readonly token: string;
  /** Token by which Core itself calls; only its holder may open ingress sessions. */
  readonly coreToken: string;
  /** Random part of the ingress address. */
  readonly ingressToken: string;
  /** `options` of config.yaml. */
  readonly defaultOptions: JsonObject;
  /** What the user saved, laid over the defaults. */
  readonly userOptions: JsonObject;
  /** Core's secrets.yaml, for `!secret` in options. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Address of the container, or of the gateway with `host_network`; `0.0.0.0` until it is known. */
  readonly ipAddress: string;
  readonly otherAddons: readonly AddonDescription[];
  readonly repository: RepositoryDescription;
  readonly services: readonly OfferedService[];
  readonly users: readonly CoreUser[];
  readonly core: CoreDescription;
  readonly host: HostDescription;
  readonly versions: Readonly<Record<ComponentName, string>>;
}

export type OptionsVerdict =
  | {
      readonly valid: true;
      /** The validated options, as `/data/options.json` holds them. */
      readonly options: JsonObject;
    }
  | { readonly valid: false; readonly message: string };

/** Fields of config.yaml after validation, with the names and defaults of the Supervisor's schema. */
export type AddonConfigData = Readonly<Record<string, JsonValue>>;
