import type { Path } from '../document.js';
import { describeValue } from '../describe-value.js';
import { isList, toPythonText } from '../python-text.js';
import { PyDict, PyOther, type PyKey, type PyValue } from '../python-value.js';
import { MAP_TYPES } from './config-fields.js';
import { SupervisorCrash } from './schema.js';
import type { Advisory } from './verdict.js';

type Advise = (advisory: Advisory) => void;

const MAP_ENTRY = new RegExp(`^(${MAP_TYPES.join('|')})(?::(rw|ro))?\\n?$`);

/** The old name of a `map` type and the new one. */
const RENAMED_MAP_TYPES: readonly (readonly [string, string])[] = [
  ['addons', 'local_apps'],
  ['all_addon_configs', 'all_app_configs'],
  ['addon_config', 'app_config'],
];

/**
 * Brings an old `config.yaml` to today's names, as the Supervisor does before it checks it.
 *
 * @throws SupervisorCrash where the Supervisor walks over something that is no list
 */
export function migrateConfig(config: PyDict, advise: Advise): PyDict {
  const steps = [migrateStartup, migrateUart, migrateDevices, migrateTmpfs, migrateSnapshot];
  const renamed = steps.reduce((current, step) => step(current, advise), config);
  return migrateMap(renamed, advise);
}

function migrateStartup(config: PyDict, advise: Advise): PyDict {
  const value = config.get('startup');
  const renamed = value === 'before' ? 'services' : value === 'after' ? 'application' : undefined;
  if (renamed === undefined) return config;
  advise({
    code: 'startup-renamed',
    path: ['startup'],
    subject: toPythonText(value ?? null),
    message: `"startup: ${toPythonText(value ?? null)}" is deprecated; use "${renamed}"`,
  });
  return config.with([['startup', renamed]]);
}

function migrateUart(config: PyDict, advise: Advise): PyDict {
  return rename(config, 'auto_uart', 'uart', 'auto-uart-renamed', advise);
}

function migrateSnapshot(config: PyDict, advise: Advise): PyDict {
  return ['_exclude', '_post', '_pre', ''].reduce(
    (current, suffix) =>
      rename(current, `snapshot${suffix}`, `backup${suffix}`, 'snapshot-renamed', advise),
    config,
  );
}

function rename(
  config: PyDict,
  from: string,
  to: string,
  code: Advisory['code'],
  advise: Advise,
): PyDict {
  const value = config.get(from);
  if (value === undefined) return config;
  advise({ code, path: [from], subject: from, message: `"${from}" is deprecated; use "${to}"` });
  return config.without(from).with([[to, value]]);
}

// A colon in one entry cuts every entry: a text is walked character by character, a dict by its keys.
function migrateDevices(config: PyDict, advise: Advise): PyDict {
  const value = config.get('devices');
  if (value === undefined) return config;
  const lines = iterate(value, ['devices']);
  if (!lines.some((line, index) => holdsColon(line, ['devices', index]))) return config;
  advise({
    code: 'devices-format',
    path: ['devices'],
    subject: 'devices',
    message: 'an entry of "devices" holds a colon, which is deprecated; list paths only',
  });
  const paths = lines.map((line, index) => {
    if (typeof line === 'string') return line.split(':')[0] ?? '';
    throw new SupervisorCrash(['devices', index], `must be a path, not ${describeValue(line)}`);
  });
  return config.with([['devices', paths]]);
}

function holdsColon(line: PyValue, path: Path): boolean {
  if (typeof line === 'string') return line.includes(':');
  if (isList(line)) return line.includes(':');
  if (line instanceof PyDict) return line.has(':');
  if (line instanceof PyOther) return false;
  throw new SupervisorCrash(path, `must be a path, not ${describeValue(line)}`);
}

function migrateTmpfs(config: PyDict, advise: Advise): PyDict {
  const value = config.get('tmpfs');
  if (value === undefined || typeof value === 'boolean') return config;
  advise({
    code: 'tmpfs-format',
    path: ['tmpfs'],
    subject: 'tmpfs',
    message: `"tmpfs" is read as true whatever it says; use true or false, not ${describeValue(value)}`,
  });
  return config.with([['tmpfs', true]]);
}

function migrateMap(config: PyDict, advise: Advise): PyDict {
  const entries = iterate(config.get('map') ?? (config.has('map') ? null : []), ['map']);
  const volumes = entries.flatMap((entry, index) => migrateMapEntry(entry, index, advise));
  const types = volumes.map(({ type, index }) => {
    if (typeof type !== 'object' || type === null || !isUnhashable(type)) return type;
    throw new SupervisorCrash(['map', index, 'type'], `must be text, not ${describeValue(type)}`);
  });
  adviseOnConfigType(volumes, advise);
  for (const [old, current] of RENAMED_MAP_TYPES) {
    if (types.includes(old) && types.includes(current)) {
      advise({
        code: 'map-type-twice',
        path: ['map', volumes[types.indexOf(old)]?.index ?? 0],
        subject: old,
        message: `the map types "${current}" and "${old}" are the same; "${old}" is ignored`,
      });
    }
  }
  return config.with([['map', volumes.map(({ volume }) => volume)]]);
}

interface Volume {
  readonly index: number;
  readonly type: PyValue;
  readonly volume: PyDict;
}

function migrateMapEntry(entry: PyValue, index: number, advise: Advise): readonly Volume[] {
  if (entry instanceof PyDict) {
    const type = entry.get('type');
    if (type !== undefined) return [{ index, type, volume: entry }];
    advise({
      code: 'map-entry-without-type',
      path: ['map', index],
      subject: '',
      message: 'this map entry has no "type" and is ignored; write "- type: share" or "- share:rw"',
    });
    return [];
  }
  // Entries of other types vanish without a word.
  if (typeof entry !== 'string') return [];
  const [, type, mode] = MAP_ENTRY.exec(entry) ?? [];
  if (type !== undefined) {
    const volume = new PyDict([
      ['type', type],
      ['read_only', mode !== 'rw'],
    ]);
    return [{ index, type, volume }];
  }
  advise({
    code: 'map-entry-invalid',
    path: ['map', index],
    subject: entry,
    message: `the map entry ${describeValue(entry)} is ignored; known are ${MAP_TYPES.join(', ')}, each with ":rw" or ":ro"`,
  });
  return [];
}

const REPLACED_BY_CONFIG = ['app_config', 'addon_config', 'homeassistant_config'];

function adviseOnConfigType(volumes: readonly Volume[], advise: Advise): void {
  const config = volumes.find(({ type }) => type === 'config');
  if (config === undefined) return;
  const isMixed = volumes.some(({ type }) => REPLACED_BY_CONFIG.some((name) => name === type));
  advise({
    code: isMixed ? 'map-config-incompatible' : 'map-config-deprecated',
    path: ['map', config.index],
    subject: 'config',
    message: isMixed
      ? `the map type "config" makes the Supervisor ignore ${REPLACED_BY_CONFIG.join(', ')}`
      : 'the map type "config" is deprecated; use "homeassistant_config"',
  });
}

/** Advises on each map entry whose type has a new name. */
export function adviseOnLegacyMapTypes(config: PyDict, original: PyDict, advise: Advise): void {
  const volumes = config.get('map') ?? [];
  if (!isList(volumes)) return;
  for (const [index, volume] of volumes.entries()) {
    const type = volume instanceof PyDict ? volume.get('type') : undefined;
    const [old, current] = RENAMED_MAP_TYPES.find(([name]) => name === type) ?? [];
    if (old === undefined) continue;
    advise({
      code: 'map-type-legacy',
      path: toSourcePath(['map', index], original),
      subject: old,
      message: `the map type "${old}" has a new name: "${current}" (Supervisor 2026.07 or later)`,
    });
  }
}

const RENAMED_KEYS: readonly (readonly [string, string])[] = [
  ['uart', 'auto_uart'],
  ['backup', 'snapshot'],
  ['backup_exclude', 'snapshot_exclude'],
  ['backup_pre', 'snapshot_pre'],
  ['backup_post', 'snapshot_post'],
];

/** Fields of the past that the Supervisor still knows. */
export const OLD_FIELDS: readonly string[] = [...RENAMED_KEYS.map(([, old]) => old), 'codenotary'];

/** Where something of the migrated config stands in the config before its migration. */
export function toSourcePath(path: Path, original: PyDict): Path {
  const [key, index, ...rest] = path;
  const renamed = RENAMED_KEYS.find(([current, old]) => current === key && original.has(old));
  if (renamed !== undefined) return [renamed[1], ...path.slice(1)];
  const entries = original.get('map') ?? null;
  if (key !== 'map' || typeof index !== 'number' || !isList(entries)) return path;
  const kept = entries.flatMap((entry, at) => migrateMapEntry(entry, at, () => undefined));
  return ['map', kept[index]?.index ?? index, ...rest];
}

/**
 * What Python's `for … in value` walks over.
 *
 * @throws SupervisorCrash for what cannot be walked over
 */
export function iterate(value: PyValue, path: Path): readonly PyValue[] {
  if (isList(value)) return value;
  if (typeof value === 'string') return Array.from(value);
  if (value instanceof PyDict) return value.keys();
  if (value instanceof PyOther) return value.members;
  throw new SupervisorCrash(path, `must be a list, not ${describeValue(value)}`);
}

/** Python raises when such a value is looked up in a set or dict. */
export function isUnhashable(value: PyValue | PyKey): boolean {
  return isList(value) || value instanceof PyDict || value instanceof PyOther;
}
