import { isArch, type Arch } from './arch.js';
import { isList } from './python-text.js';
import { PyDict, PyFloat, type PyValue } from './python-value.js';
import { toTag } from './release-checks.js';
import type { SourceFile } from './source-file.js';
import type { Addon, AddonService, AddonUlimit, BuildConfig, TranslatedOption } from './types.js';

/** The part of an add-on that its `config.yaml` gives. */
export type AddonConfig = Omit<
  Addon,
  | 'folder'
  | 'configFile'
  | 'buildConfig'
  | 'dockerfiles'
  | 'translations'
  | 'apparmorFile'
  | 'repository'
>;

/**
 * Gives types to an accepted and normalized `config.yaml`.
 *
 * @throws TypeError when a value is of another type than the validation lets through
 */
export function toAddonConfig(normalized: PyDict): AddonConfig {
  const config = new Reader(normalized);
  const schema = normalized.get('schema');
  return {
    slug: config.text('slug').trimEnd(),
    name: config.text('name'),
    description: config.text('description'),
    version: toTag(config.text('version')),
    url: config.optionalText('url'),
    arches: [...new Set(config.texts('arch').filter(isArch))],
    machines: config.texts('machine'),
    image: config.optionalText('image'),
    startup: config.word('startup', ['initialize', 'system', 'services', 'application', 'once']),
    boot: config.word('boot', ['auto', 'manual', 'manual_only']),
    stage: config.word('stage', ['stable', 'experimental', 'deprecated']),
    init: config.flag('init'),
    timeoutSeconds: config.integer('timeout'),
    options: config.dict('options'),
    schema: schema instanceof PyDict ? schema : false,
    ports: config.map('ports', (port) => (port === null ? null : toInteger(port))),
    portsDescription: config.map('ports_description', toText),
    watchdog: config.optionalText('watchdog'),
    webui: config.optionalText('webui'),
    ingress: config.flag('ingress'),
    ingressPort: config.integer('ingress_port'),
    ingressEntry: config.optionalText('ingress_entry'),
    ingressStream: config.flag('ingress_stream'),
    panelIcon: config.text('panel_icon'),
    panelTitle: config.optionalText('panel_title'),
    panelAdmin: config.flag('panel_admin'),
    homeassistant: config.optionalText('homeassistant'),
    hostNetwork: config.flag('host_network'),
    hostPid: config.flag('host_pid'),
    hostIpc: config.flag('host_ipc'),
    hostUts: config.flag('host_uts'),
    hostDbus: config.flag('host_dbus'),
    devices: config.texts('devices'),
    udev: config.flag('udev'),
    tmpfs: config.flag('tmpfs'),
    map: config.list('map').map(toMapping),
    environment: config.map('environment', toText),
    privileged: config.texts('privileged'),
    apparmor: config.flag('apparmor'),
    fullAccess: config.flag('full_access'),
    audio: config.flag('audio'),
    video: config.flag('video'),
    gpio: config.flag('gpio'),
    usb: config.flag('usb'),
    uart: config.flag('uart'),
    devicetree: config.flag('devicetree'),
    kernelModules: config.flag('kernel_modules'),
    realtime: config.flag('realtime'),
    journald: config.flag('journald'),
    hassioApi: config.flag('hassio_api'),
    hassioRole: config.word('hassio_role', [
      'default',
      'homeassistant',
      'backup',
      'manager',
      'admin',
    ]),
    homeassistantApi: config.flag('homeassistant_api'),
    dockerApi: config.flag('docker_api'),
    authApi: config.flag('auth_api'),
    stdin: config.flag('stdin'),
    legacy: config.flag('legacy'),
    services: config.texts('services').map(toService),
    discovery: config.texts('discovery'),
    backup: config.word('backup', ['hot', 'cold']),
    backupExclude: config.texts('backup_exclude'),
    backupPre: config.optionalText('backup_pre'),
    backupPost: config.optionalText('backup_post'),
    ulimits: config.map('ulimits', toUlimit),
    breakingVersions: config.list('breaking_versions').filter((value) => typeof value === 'string'),
    normalized,
  };
}

/** Gives types to an accepted `build.yaml`; a single `build_from` counts for every architecture. */
export function toBuildConfig(
  { file, document }: SourceFile,
  normalized: PyDict,
  arches: readonly Arch[],
): BuildConfig {
  const config = new Reader(normalized);
  const buildFrom = normalized.get('build_from') ?? null;
  const images =
    buildFrom instanceof PyDict
      ? [...buildFrom.entries()].map(([arch, image]) => [toArch(arch), toText(image)] as const)
      : arches.map((arch) => [arch, toText(buildFrom)] as const);
  const positions = images.map(
    ([arch]) => [arch, document.keyPositionOf(['build_from', arch])] as const,
  );
  return Object.freeze({
    file,
    buildFrom: images.length === 0 ? undefined : new Map(images),
    buildFromPositions: new Map(positions),
    args: config.map('args', toText),
    labels: config.map('labels', toText),
  });
}

/** Gives types to the `configuration` or a `fields` of an accepted translation. */
export function toTranslatedOptions(value: PyValue): ReadonlyMap<string, TranslatedOption> {
  if (!(value instanceof PyDict)) return new Map();
  return new Map(
    [...value.entries()].map(([key, option]) => {
      const fields = new Reader(option);
      return [
        toText(key),
        {
          name: fields.text('name'),
          description: fields.optionalText('description'),
          fields: toTranslatedOptions(fields.get('fields')),
        },
      ];
    }),
  );
}

/** Reads typed fields out of a dict that has passed its validation. */
export class Reader {
  readonly #dict: PyDict;

  constructor(value: PyValue) {
    if (!(value instanceof PyDict)) throw new TypeError('expected a validated mapping');
    this.#dict = value;
  }

  get(key: string): PyValue {
    return this.#dict.get(key) ?? null;
  }

  text(key: string): string {
    return toText(this.get(key));
  }

  optionalText(key: string): string | undefined {
    const value = this.get(key);
    return value === null ? undefined : toText(value);
  }

  word<T extends string>(key: string, words: readonly T[]): T {
    const value = this.get(key);
    const found = words.find((word) => word === value);
    if (found === undefined) throw new TypeError(`${key} has passed its validation wrongly`);
    return found;
  }

  flag(key: string): boolean {
    return this.get(key) === true;
  }

  integer(key: string): number {
    return toInteger(this.get(key));
  }

  dict(key: string): PyDict {
    const value = this.get(key);
    return value instanceof PyDict ? value : new PyDict();
  }

  list(key: string): readonly PyValue[] {
    const value = this.get(key);
    return isList(value) ? value : [];
  }

  texts(key: string): readonly string[] {
    return this.list(key).map(toText);
  }

  map<T>(key: string, convert: (value: PyValue) => T): ReadonlyMap<string, T> {
    return new Map(
      [...this.dict(key).entries()].map(([name, value]) => [toText(name), convert(value)]),
    );
  }
}

function toMapping(value: PyValue): Addon['map'][number] {
  const entry = new Reader(value);
  return {
    type: entry.text('type'),
    readOnly: entry.flag('read_only'),
    path: entry.optionalText('path'),
  };
}

function toService(source: string): AddonService {
  const [service, rights] = source.trimEnd().split(':');
  return { service, rights } as AddonService;
}

function toUlimit(value: PyValue): AddonUlimit {
  if (!(value instanceof PyDict)) return { soft: toInteger(value), hard: toInteger(value) };
  const limit = new Reader(value);
  return { soft: limit.integer('soft'), hard: limit.integer('hard') };
}

function toArch(value: PyValue): Arch {
  if (typeof value === 'string' && isArch(value)) return value;
  throw new TypeError('an unknown architecture has passed its validation');
}

export function toText(value: PyValue): string {
  if (typeof value === 'string') return value;
  throw new TypeError('something else than a text has passed its validation');
}

// The port 0 may also be `0.0` or `false`; integers beyond 2^53 lose their last digits.
function toInteger(value: PyValue): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  if (value === false || value instanceof PyFloat) return 0;
  throw new TypeError('something else than a number has passed its validation');
}
