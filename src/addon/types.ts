import type { Arch } from './arch.js';
import type { PyDict } from './python-value.js';

/**
 * An add-on as the Supervisor would load it: its checked and normalized `config.yaml`, with the
 * files beside it. Field meanings: https://developers.home-assistant.io/docs/apps/configuration
 */
export interface Addon {
  /** Absolute path of the folder that holds `config.yaml`. */
  readonly folder: string;
  /** Absolute path of the file that was read. */
  readonly configFile: string;
  readonly slug: string;
  readonly name: string;
  readonly description: string;
  /** The image tag that the Supervisor pulls: always a legal tag. */
  readonly version: string;
  readonly url: string | undefined;
  /** In the order of the file, without duplicates, never empty. */
  readonly arches: readonly Arch[];
  readonly machines: readonly string[];
  /** Image name, possibly with the placeholder `{arch}`; undefined = built on the user's machine. */
  readonly image: string | undefined;
  readonly startup: 'initialize' | 'system' | 'services' | 'application' | 'once';
  readonly boot: 'auto' | 'manual' | 'manual_only';
  readonly stage: 'stable' | 'experimental' | 'deprecated';
  /** Docker's `--init`; must be false for images whose own init wants to be process 1. */
  readonly init: boolean;
  /** Seconds that `docker stop` waits. */
  readonly timeoutSeconds: number;
  /** Default options as written; not yet checked against `schema`. */
  readonly options: PyDict;
  /** `false` = the add-on takes no options. */
  readonly schema: PyDict | false;
  /** Container port (`80/tcp`, `53/udp`, `80`) to host port; null = not published by default. */
  readonly ports: ReadonlyMap<string, number | null>;
  readonly portsDescription: ReadonlyMap<string, string>;
  readonly watchdog: string | undefined;
  readonly webui: string | undefined;
  readonly ingress: boolean;
  /** 0 = the Supervisor chooses one. */
  readonly ingressPort: number;
  readonly ingressEntry: string | undefined;
  readonly ingressStream: boolean;
  readonly panelIcon: string;
  readonly panelTitle: string | undefined;
  readonly panelAdmin: boolean;
  /** Lowest Home Assistant Core version. */
  readonly homeassistant: string | undefined;
  readonly hostNetwork: boolean;
  readonly hostPid: boolean;
  readonly hostIpc: boolean;
  readonly hostUts: boolean;
  readonly hostDbus: boolean;
  readonly devices: readonly string[];
  readonly udev: boolean;
  /** Mount a tmpfs on `/tmp`. */
  readonly tmpfs: boolean;
  readonly map: readonly AddonMapping[];
  readonly environment: ReadonlyMap<string, string>;
  /** Linux capabilities without `CAP_`. */
  readonly privileged: readonly string[];
  readonly apparmor: boolean;
  readonly fullAccess: boolean;
  readonly audio: boolean;
  readonly video: boolean;
  readonly gpio: boolean;
  readonly usb: boolean;
  readonly uart: boolean;
  readonly devicetree: boolean;
  readonly kernelModules: boolean;
  readonly realtime: boolean;
  readonly journald: boolean;
  readonly hassioApi: boolean;
  readonly hassioRole: 'default' | 'homeassistant' | 'backup' | 'manager' | 'admin';
  readonly homeassistantApi: boolean;
  readonly dockerApi: boolean;
  readonly authApi: boolean;
  readonly stdin: boolean;
  readonly legacy: boolean;
  readonly services: readonly AddonService[];
  readonly discovery: readonly string[];
  readonly backup: 'hot' | 'cold';
  readonly backupExclude: readonly string[];
  readonly backupPre: string | undefined;
  readonly backupPost: string | undefined;
  readonly ulimits: ReadonlyMap<string, AddonUlimit>;
  readonly breakingVersions: readonly string[];
  /** The whole normalized config, as the Supervisor stores it. */
  readonly normalized: PyDict;
  readonly buildConfig: BuildConfig;
  /** Absolute path of the Dockerfile of each architecture of `arches`. */
  readonly dockerfiles: ReadonlyMap<Arch, string>;
  /** By language (`en`, `de`). */
  readonly translations: ReadonlyMap<string, AddonTranslation>;
  /** Absolute path of `apparmor.txt`, where there is one. */
  readonly apparmorFile: string | undefined;
  readonly repository: AddonRepository | undefined;
}

export interface AddonMapping {
  readonly type: string;
  readonly readOnly: boolean;
  /** Where it is mounted; undefined or empty = the type's own place. */
  readonly path: string | undefined;
}

export interface AddonService {
  readonly service: 'mqtt' | 'mysql';
  readonly rights: 'provide' | 'want' | 'need';
}

export interface AddonUlimit {
  readonly soft: number;
  readonly hard: number;
}

/** What `build.yaml` says; empty maps when there is none. */
export interface BuildConfig {
  readonly file: string | undefined;
  /** Base image per architecture; undefined when the file names none. */
  readonly buildFrom: ReadonlyMap<Arch, string> | undefined;
  /** Where `file` names each base image, for messages about it; lines and columns count from 1. */
  readonly buildFromPositions: ReadonlyMap<Arch, { readonly line: number; readonly column: number }>;
  readonly args: ReadonlyMap<string, string>;
  readonly labels: ReadonlyMap<string, string>;
}

export interface AddonTranslation {
  readonly file: string;
  readonly configuration: ReadonlyMap<string, TranslatedOption>;
  readonly network: ReadonlyMap<string, string>;
}

export interface TranslatedOption {
  readonly name: string;
  readonly description: string | undefined;
  readonly fields: ReadonlyMap<string, TranslatedOption>;
}

/** `repository.yaml`: what a user adds to Home Assistant by its URL. */
export interface AddonRepository {
  /** Absolute path of the folder that holds the file. */
  readonly folder: string;
  readonly file: string;
  readonly name: string;
  readonly url: string | undefined;
  readonly maintainer: string | undefined;
}
