import { ARCHES } from '../arch.js';
import { PyDict, type PyValue } from '../python-value.js';
import { dockerImage } from './docker-image.js';
import { optionsSchema } from './options-schema.js';
import {
  between,
  boolean,
  dict,
  DIGIT,
  integer,
  maybe,
  oneOf,
  port,
  strictBoolean,
  text,
  textLike,
  uniqueItems,
  version,
  WORD,
  zero,
} from './rules.js';
import { allOf, anyOf, dictOf, fail, listOf, mapOf, optional, pass, required } from './schema.js';
import type { Field, Validator } from './schema.js';
import { url } from './url.js';

const MACHINES =
  '!?(?:|intel-nuc|khadas-vim3|generic-aarch64|generic-x86-64|odroid-(?:c2|c4|m1|n2|xu)' +
  '|qemuarm-64|qemuarm|qemux86-64|qemux86|raspberrypi2?|raspberrypi[345]-64|raspberrypi[34]' +
  '|yellow|green|tinker)';

/** Types of a `map` entry. The last three are the old names of `local_apps` and its neighbours. */
export const MAP_TYPES = [
  'data',
  'config',
  'ssl',
  'local_apps',
  'backup',
  'share',
  'media',
  'homeassistant_config',
  'all_app_configs',
  'app_config',
  'addons',
  'all_addon_configs',
  'addon_config',
] as const;

const CAPABILITIES = [
  'BPF',
  'CHECKPOINT_RESTORE',
  'DAC_READ_SEARCH',
  'IPC_LOCK',
  'NET_ADMIN',
  'NET_RAW',
  'PERFMON',
  'SYS_ADMIN',
  'SYS_MODULE',
  'SYS_NICE',
  'SYS_PTRACE',
  'SYS_RAWIO',
  'SYS_RESOURCE',
  'SYS_TIME',
] as const;

const EMPTY_DICT = new PyDict();
const EMPTY_LIST: readonly PyValue[] = Object.freeze([]);
const PORT_KEY = textLike(
  `[${DIGIT}]+(?:/tcp|/udp)?`,
  'a port such as "80/tcp" (in quotes when it is a number alone, lower case)',
);
const FALSE: Validator = (value, path) =>
  zero(value, path).ok ? pass(value) : fail(path, 'must be a mapping or false');
const LIMIT_PAIR = dictOf({ soft: required(integer), hard: required(integer) }, 'refuse');
const flag = (fallback: boolean): Field => optional(boolean, fallback);

/** The fields of `config.yaml` with what each takes and what stands for it when it is absent. */
const FIELDS: Readonly<Record<string, Field>> = {
  name: required(text),
  version: required(version),
  slug: required(
    textLike('[-_.A-Za-z0-9]+', 'made of the letters A-Z and a-z, digits, "-", "_" and "."'),
  ),
  description: required(text),
  arch: required(listOf(oneOf(ARCHES))),
  machine: optional(allOf(listOf(textLike(MACHINES, 'a known machine')), uniqueItems)),
  url: optional(url),
  startup: optional(
    oneOf(['initialize', 'system', 'services', 'application', 'once']),
    'application',
  ),
  boot: optional(oneOf(['auto', 'manual', 'manual_only']), 'auto'),
  init: flag(true),
  advanced: flag(false),
  stage: optional(oneOf(['stable', 'experimental', 'deprecated']), 'stable'),
  ports: optional(mapOf(PORT_KEY, maybe(port))),
  ports_description: optional(mapOf(PORT_KEY, text)),
  watchdog: optional(
    textLike(
      `(?:https?|\\[PROTO:[${WORD}]+\\]|tcp)://\\[HOST\\]:(?:\\[PORT:[${DIGIT}]+\\]|[${DIGIT}]+)[^\\n]*`,
      'of the form http://[HOST]:[PORT:80]/path or tcp://[HOST]:[PORT:80]',
    ),
  ),
  webui: optional(
    textLike(
      `(?:https?|\\[PROTO:[${WORD}]+\\])://\\[HOST\\]:\\[PORT:[${DIGIT}]+\\][^\\n]*`,
      'of the form http://[HOST]:[PORT:80]/path',
    ),
  ),
  ingress: flag(false),
  ingress_port: optional(anyOf(port, zero), 8099),
  ingress_entry: optional(text),
  ingress_stream: flag(false),
  panel_icon: optional(text, 'mdi:puzzle'),
  panel_title: optional(text),
  panel_admin: flag(true),
  homeassistant: optional(version),
  host_network: flag(false),
  host_pid: flag(false),
  host_ipc: flag(false),
  host_uts: flag(false),
  host_dbus: flag(false),
  devices: optional(listOf(text)),
  udev: flag(false),
  tmpfs: flag(false),
  map: optional(
    listOf(
      dictOf(
        {
          type: required(oneOf(MAP_TYPES)),
          read_only: optional(strictBoolean, true),
          path: optional(text),
        },
        'refuse',
      ),
    ),
    EMPTY_LIST,
  ),
  // The Supervisor's pattern for the names fits every text.
  environment: optional(mapOf(text, text, 'drop')),
  privileged: optional(listOf(oneOf(CAPABILITIES))),
  apparmor: flag(true),
  full_access: flag(false),
  audio: flag(false),
  video: flag(false),
  gpio: flag(false),
  usb: flag(false),
  uart: flag(false),
  devicetree: flag(false),
  kernel_modules: flag(false),
  realtime: flag(false),
  hassio_api: flag(false),
  hassio_role: optional(
    oneOf(['default', 'homeassistant', 'backup', 'manager', 'admin']),
    'default',
  ),
  homeassistant_api: flag(false),
  stdin: flag(false),
  legacy: flag(false),
  docker_api: flag(false),
  auth_api: flag(false),
  services: optional(
    listOf(
      textLike('(?:mqtt|mysql):(?:provide|want|need)', 'of the form mqtt:want (mqtt or mysql; provide, want or need)'),
    ),
  ),
  discovery: optional(listOf(text)),
  backup_exclude: optional(listOf(text)),
  backup_pre: optional(text),
  backup_post: optional(text),
  backup: optional(oneOf(['hot', 'cold']), 'hot'),
  options: optional(dict, EMPTY_DICT),
  schema: optional(anyOf(optionsSchema, FALSE), EMPTY_DICT),
  image: optional(dockerImage),
  ulimits: optional(
    anyOf(mapOf(text, integer, 'drop'), mapOf(text, anyOf(integer, LIMIT_PAIR), 'drop')),
    EMPTY_DICT,
  ),
  timeout: optional(allOf(integer, between(10, 300)), 10),
  journald: flag(false),
  breaking_versions: optional(listOf(version), EMPTY_LIST),
};

export const KNOWN_FIELDS: readonly string[] = Object.keys(FIELDS);

/** Checks a migrated `config.yaml`; keys that are not known are dropped. */
export const configFields: Validator = dictOf(FIELDS, 'drop');
