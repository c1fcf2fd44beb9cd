import { randomBytes, randomInt } from 'node:crypto';

import type { PortMap } from './address-templates.js';
import { describeAddon, type AddonExtras } from './describe-addon.js';
import { isJsonObject, type JsonObject } from './json.js';
import {
  SERVICE_NAMES,
  type AddonConfigData,
  type AddonDescription,
  type CoreDescription,
  type CoreUser,
  type EntityState,
  type HostDescription,
  type OfferedService,
  type RepositoryDescription,
  type ServiceName,
  type SupervisorSetup,
} from './state.js';

/** Plain data from which a setup is made; everything but `config` and `arch` has a default. */
export interface SetupInput extends Omit<AddonExtras, 'repositorySlug' | 'network'> {
  /** config.yaml after validation, as the Supervisor would store it. */
  readonly config: AddonConfigData;
  /** Architecture of the run in Home Assistant's words: amd64, aarch64 or armv7. */
  readonly arch: string;
  /** Defaults to the architecture. */
  readonly id?: string;
  readonly repository?: Partial<RepositoryDescription>;
  readonly userOptions?: JsonObject;
  readonly secrets?: Readonly<Record<string, string>>;
  readonly ports?: PortMap;
  readonly ipAddress?: string;
  readonly token?: string;
  readonly coreToken?: string;
  readonly ingressToken?: string;
  /** Services that somebody provides, with the fields that differ from the defaults. */
  readonly services?: Readonly<Partial<Record<ServiceName, JsonObject>>>;
  readonly users?: readonly Partial<CoreUser>[];
  readonly core?: Partial<CoreDescription>;
  readonly host?: Partial<HostDescription>;
  readonly versions?: Partial<SupervisorSetup['versions']>;
  readonly otherAddons?: readonly AddonDescription[];
}

const TOKEN_BYTES = 56;
const INGRESS_TOKEN_BYTES = 32;
const DYNAMIC_INGRESS_PORTS = { first: 62_000, last: 65_500 } as const;

/** Architectures and machine that the Supervisor reports on hardware of each kind (supervisor/data/arch.json). */
const HARDWARE: Readonly<Record<string, { supported: readonly string[]; machine: string }>> = {
  amd64: { supported: ['amd64', 'i386'], machine: 'qemux86-64' },
  aarch64: { supported: ['aarch64', 'armv7', 'armhf'], machine: 'qemuarm-64' },
  armv7: { supported: ['armv7', 'armhf'], machine: 'qemuarm' },
};

const VERSIONS: SupervisorSetup['versions'] = {
  supervisor: '2026.08.0',
  core: '2026.8.0',
  os: '16.2',
  docker: '28.3.3',
  cli: '2026.08.0',
  dns: '2026.08.0',
  audio: '2026.08.0',
  multicast: '2026.08.0',
  observer: '2026.08.0',
};

const STATES: readonly EntityState[] = [
  {
    entity_id: 'sun.sun',
    state: 'above_horizon',
    attributes: { friendly_name: 'Sun', elevation: 31.4, azimuth: 180.2, rising: false },
  },
  {
    entity_id: 'zone.home',
    state: '0',
    attributes: {
      friendly_name: 'Home',
      latitude: 52.3731,
      longitude: 4.8903,
      radius: 100,
      passive: false,
      persons: [],
    },
  },
  {
    entity_id: 'sensor.outdoor_temperature',
    state: '19.5',
    attributes: {
      friendly_name: 'Outdoor temperature',
      unit_of_measurement: '°C',
      device_class: 'temperature',
    },
  },
  { entity_id: 'light.kitchen', state: 'off', attributes: { friendly_name: 'Kitchen' } },
];

/** The official add-on behind each service, and what it announces. */
const PROVIDERS: Readonly<Record<ServiceName, { slug: string; name: string; data: JsonObject }>> = {
  mqtt: {
    slug: 'mosquitto',
    name: 'Mosquitto broker',
    data: {
      host: 'core-mosquitto',
      port: 1883,
      ssl: false,
      protocol: '3.1.1',
      username: 'addons',
      password: 'addons',
    },
  },
  mysql: {
    slug: 'mariadb',
    name: 'MariaDB',
    data: { host: 'core-mariadb', port: 3306, username: 'service', password: 'service' },
  },
};

/**
 * Completes plain data to the description of one installation. Tokens that are not given are drawn at random, so
 * two calls differ unless `token`, `coreToken` and `ingressToken` are given.
 *
 * @throws TypeError when the config lacks `name`, `slug`, `version` or `description`.
 */
export function createSetup(input: SetupInput): SupervisorSetup {
  const repository = completeRepository(input.repository ?? {});
  const services = offerServices(input.services ?? {});
  const options = input.config['options'];
  return {
    id: input.id ?? input.arch,
    addon: describeAddon(input.config, {
      ...input,
      repositorySlug: repository.slug,
      ...(input.ports === undefined ? {} : { network: input.ports }),
      ...(input.ingressPort === undefined && input.config['ingress_port'] === 0
        ? { ingressPort: randomInt(DYNAMIC_INGRESS_PORTS.first, DYNAMIC_INGRESS_PORTS.last + 1) }
        : {}),
    }),
    token: input.token ?? randomBytes(TOKEN_BYTES).toString('hex'),
    coreToken: input.coreToken ?? randomBytes(TOKEN_BYTES).toString('hex'),
    ingressToken: input.ingressToken ?? randomBytes(INGRESS_TOKEN_BYTES).toString('base64url'),
    defaultOptions: isJsonObject(options) ? options : {},
    userOptions: input.userOptions ?? {},
    secrets: input.secrets ?? {},
    ipAddress: input.ipAddress ?? '0.0.0.0',
    otherAddons: input.otherAddons ?? services.map(({ name }) => describeProvider(name)),
    repository,
    services,
    users: completeUsers(input.users ?? [{}]),
    core: { running: true, port: 8123, ssl: false, states: STATES, services: {}, ...input.core },
    host: completeHost(input.arch, input.host ?? {}),
    versions: { ...VERSIONS, ...input.versions },
  };
}

function completeRepository(given: Partial<RepositoryDescription>): RepositoryDescription {
  return {
    slug: 'local',
    name: 'Local apps',
    source: 'local',
    url: 'https://home-assistant.io/hassio',
    maintainer: 'you',
    ...given,
  };
}

function offerServices(
  offered: Readonly<Partial<Record<ServiceName, JsonObject>>>,
): readonly OfferedService[] {
  return SERVICE_NAMES.flatMap((name) => {
    const given = offered[name];
    if (given === undefined) return [];
    const provider = PROVIDERS[name];
    return [{ name, data: { addon: `core_${provider.slug}`, ...provider.data, ...given } }];
  });
}

function describeProvider(service: ServiceName): AddonDescription {
  const { slug, name } = PROVIDERS[service];
  return describeAddon(
    {
      slug,
      name,
      version: '1.0.0',
      description: `Provides the ${service} service`,
      arch: ['amd64', 'aarch64', 'armv7'],
      startup: 'system',
      services: [`${service}:provide`],
    },
    { repositorySlug: 'core' },
  );
}

/** Who looks at an add-on's page unless a test says otherwise. */
export const USUAL_USER: CoreUser = {
  id: '0'.repeat(32),
  username: 'tester',
  password: 'tester',
  displayName: 'tester',
  isOwner: true,
};

function completeUsers(given: readonly Partial<CoreUser>[]): readonly CoreUser[] {
  return given.map((user, index) => {
    const username = user.username ?? USUAL_USER.username;
    return {
      ...USUAL_USER,
      id: index.toString(16).padStart(32, '0'),
      username,
      displayName: username,
      isOwner: index === 0,
      ...user,
    };
  });
}

function completeHost(arch: string, given: Partial<HostDescription>): HostDescription {
  const hardware = HARDWARE[arch] ?? { supported: [arch], machine: 'generic-x86-64' };
  return {
    arch,
    supportedArch: hardware.supported,
    machine: hardware.machine,
    hostname: 'homeassistant',
    timezone: 'UTC',
    country: null,
    operatingSystem: `Home Assistant OS ${VERSIONS.os}`,
    chassis: 'vm',
    kernel: '6.12.43-haos',
    features: [
      'reboot',
      'shutdown',
      'services',
      'network',
      'hostname',
      'timedate',
      'haos',
      'mount',
    ],
    board: 'ova',
    state: 'running',
    ...given,
  };
}
