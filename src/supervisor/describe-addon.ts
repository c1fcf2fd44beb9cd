import type { PortMap } from './address-templates.js';
import { isJsonObject, type JsonObject, type JsonValue } from './json.js';
import {
  HASSIO_ROLES,
  INFO_FLAGS,
  SERVICE_NAMES,
  type AddonConfigData,
  type AddonDescription,
  type InfoFlag,
  type ServiceName,
  type ServiceRight,
} from './state.js';

/** What belongs to an add-on but isn't in its config.yaml. */
export interface AddonExtras {
  readonly repositorySlug: string;
  /** Host ports that this run really publishes; those of config.yaml when absent. */
  readonly network?: PortMap;
  /** The port behind `ingress_port: 0`; the configured one otherwise. */
  readonly ingressPort?: number;
  readonly hasAppArmorProfile?: boolean;
  readonly translations?: JsonObject;
  readonly rating?: number;
  readonly longDescription?: string;
  readonly changelog?: string;
  readonly documentation?: string;
  readonly hasIcon?: boolean;
  readonly hasLogo?: boolean;
}

const MIDDLE_RATING = 5;
const DEFAULT_INGRESS_PORT = 8099;

/**
 * Describes an add-on from its validated config.yaml; absent fields take the Supervisor's defaults
 * (supervisor/apps/validate.py, `_SCHEMA_APP_CONFIG`).
 *
 * @throws TypeError when `name`, `slug`, `version` or `description` is missing.
 */
export function describeAddon(config: AddonConfigData, extras: AddonExtras): AddonDescription {
  const slug = requireText(config, 'slug');
  const fullSlug = `${extras.repositorySlug}_${slug}`;
  const name = requireText(config, 'name');
  const version = requireText(config, 'version');
  const flags = Object.fromEntries(INFO_FLAGS.map((flag) => [flag, config[flag] === true]));
  const ports = config['ports'];
  const descriptions = config['ports_description'];
  const { schema } = config;
  return {
    slug,
    fullSlug,
    hostname: fullSlug.replaceAll('_', '-'),
    repository: extras.repositorySlug,
    name,
    description: requireText(config, 'description'),
    version,
    versionLatest: version,
    stage: textOr(config['stage'], 'stable'),
    startup: textOr(config['startup'], 'application'),
    bootConfig: textOr(config['boot'], 'auto'),
    url: textOr(config['url'], null),
    webui: textOr(config['webui'], null),
    homeassistant: textOr(config['homeassistant'], null),
    image: textOr(config['image'], null),
    arch: textList(config['arch']),
    machine: textList(config['machine']),
    privileged: textList(config['privileged']),
    devices: textList(config['devices']),
    discovery: textList(config['discovery']),
    services: readServices(textList(config['services'])),
    role: HASSIO_ROLES.find((role) => role === config['hassio_role']) ?? 'default',
    flags: flags as Record<InfoFlag, boolean>,
    apparmor: describeAppArmor(config, extras),
    network: extras.network ?? (isJsonObject(ports) ? (ports as PortMap) : null),
    networkDescription: isJsonObject(descriptions)
      ? (descriptions as Readonly<Record<string, string>>)
      : null,
    ingressPort: chooseIngressPort(config, extras),
    ingressPath: textOr(config['ingress_entry'], '').replace(/^\/+/, ''),
    ingressStream: config['ingress_stream'] === true,
    panel: {
      title: textOr(config['panel_title'], name),
      icon: textOr(config['panel_icon'], 'mdi:puzzle'),
      admin: config['panel_admin'] !== false,
    },
    schema: schema === false ? false : isJsonObject(schema) ? schema : {},
    translations: extras.translations ?? {},
    rating: extras.rating ?? MIDDLE_RATING,
    longDescription: extras.longDescription ?? null,
    changelog: extras.changelog ?? null,
    documentation: extras.documentation ?? null,
    hasIcon: extras.hasIcon ?? false,
    hasLogo: extras.hasLogo ?? false,
  };
}

function requireText(config: AddonConfigData, key: string): string {
  const value = config[key];
  if (typeof value !== 'string') throw new TypeError(`config: "${key}" must be a text`);
  return value;
}

function textOr<Fallback>(value: JsonValue | undefined, fallback: Fallback): string | Fallback {
  return typeof value === 'string' ? value : fallback;
}

function textList(value: JsonValue | undefined): readonly string[] {
  if (!Array.isArray(value)) return [];
  return (value as readonly JsonValue[]).filter((item) => typeof item === 'string');
}

function readServices(
  entries: readonly string[],
): Readonly<Partial<Record<ServiceName, ServiceRight>>> {
  const services: Partial<Record<ServiceName, ServiceRight>> = {};
  for (const entry of entries) {
    const [service, right] = entry.split(':');
    const name = SERVICE_NAMES.find((known) => known === service);
    if (name !== undefined && (right === 'provide' || right === 'want' || right === 'need')) {
      services[name] = right;
    }
  }
  return services;
}

function describeAppArmor(
  config: AddonConfigData,
  extras: AddonExtras,
): AddonDescription['apparmor'] {
  if (config['apparmor'] === false) return 'disable';
  return extras.hasAppArmorProfile === true ? 'profile' : 'default';
}

function chooseIngressPort(config: AddonConfigData, extras: AddonExtras): number | null {
  if (config['ingress'] !== true) return null;
  const configured = config['ingress_port'];
  return extras.ingressPort ?? (typeof configured === 'number' ? configured : DEFAULT_INGRESS_PORT);
}
