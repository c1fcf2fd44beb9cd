import { PyDict } from '../../addon/python-value.js';
import type { Path } from '../../addon/document.js';
import { MAP_TYPES as KNOWN_MAP_TYPES } from '../../addon/validate/config-fields.js';
import { toSourcePath } from '../../addon/validate/config-migration.js';
import type { Advisory, AdvisoryCode } from '../../addon/validate/verdict.js';
import { findClosest } from '../closest.js';
import type { Finding, Fix, Rule, RuleFacts } from '../rule.js';
import type { AddonSubject } from '../subject.js';
import {
  mappingOf,
  parsed,
  placeOf,
  removeEntry,
  renameKey,
  replaceSource,
  replaceValue,
  type ParsedFile,
} from './edit-data.js';

/** What the Supervisor warns of in a config. */
function advisoriesOf(addon: AddonSubject, codes: readonly AdvisoryCode[]): readonly Advisory[] {
  const file = parsed(addon.config);
  return file?.state.verdict.advisories.filter(({ code }) => codes.includes(code)) ?? [];
}

function adviceRule(
  facts: RuleFacts,
  codes: readonly AdvisoryCode[],
  details: (file: ParsedFile, advisory: Advisory) => Partial<Finding> = () => ({}),
): Rule<AddonSubject> {
  return {
    ...facts,
    *check(addon) {
      const file = parsed(addon.config);
      if (file === undefined) return;
      for (const advisory of advisoriesOf(addon, codes)) {
        const { path, message } = advisory;
        const config = mappingOf(file);
        const at = config === undefined ? path : toSourcePath(path, config);
        yield { ...placeOf(file, at), message, ...details(file, advisory) };
      }
    },
  };
}

function toFix(title: string, ...edits: readonly Parameters<typeof one>[0][]): Fix | undefined {
  const made = edits.flatMap(one);
  return made.length === edits.length ? { title, edits: made } : undefined;
}

function one(edit: ReturnType<typeof replaceValue>) {
  return edit === undefined ? [] : [edit];
}

const STARTUP_NAMES: Readonly<Record<string, string>> = {
  before: 'services',
  after: 'application',
};
const NEW_KEYS: Readonly<Record<string, string>> = {
  auto_uart: 'uart',
  snapshot: 'backup',
  snapshot_exclude: 'backup_exclude',
  snapshot_pre: 'backup_pre',
  snapshot_post: 'backup_post',
};

function mendField(file: ParsedFile, { code, path, subject }: Advisory): Partial<Finding> {
  const config = mappingOf(file);
  switch (code) {
    case 'startup-renamed': {
      const name = STARTUP_NAMES[subject] ?? subject;
      return { fix: toFix(`write ${name}`, replaceValue(file, path, name)) };
    }
    case 'auto-uart-renamed':
    case 'snapshot-renamed': {
      const name = NEW_KEYS[subject] ?? subject;
      if (config?.has(name) !== false) return { hint: `keep one of "${subject}" and "${name}"` };
      return { fix: toFix(`rename it to ${name}`, renameKey(file, path, name)) };
    }
    case 'devices-format': {
      const devices = config?.get('devices');
      const paths = Array.isArray(devices) ? (devices as readonly unknown[]) : [];
      const edits = paths.flatMap((device, index) =>
        typeof device === 'string' && device.includes(':')
          ? [replaceValue(file, ['devices', index], device.split(':')[0] ?? '')]
          : [],
      );
      return { fix: edits.length === 0 ? undefined : toFix('keep the paths only', ...edits) };
    }
    default:
      return { fix: toFix('write true', replaceSource(file, path, 'true')) };
  }
}

const deprecatedField = adviceRule(
  {
    id: 'deprecated-field',
    severity: 'warning',
    summary: 'A field has a new name or form',
    why: 'The Supervisor still reads the old form and warns of it. `startup: before` is now `services` and `after` is `application`; `auto_uart` is `uart`; `snapshot…` is `backup…` (since Supervisor 2021.08); `devices` lists paths without `:` and rights; `tmpfs` is true or false, and everything else counts as true.',
    remedy: 'Use the name that the message gives.',
    fixable: true,
  },
  ['startup-renamed', 'auto-uart-renamed', 'snapshot-renamed', 'devices-format', 'tmpfs-format'],
  mendField,
);

const ignoredField = adviceRule(
  {
    id: 'ignored-field',
    severity: 'warning',
    summary: 'A field has no effect',
    why: 'The Supervisor ignores it and warns: `advanced` since 2026.03.0, `codenotary` since signatures of that service ended in 2023; devices beside `full_access`, which gives all of them; commands before and after a `cold` backup, for which the add-on is stopped.',
    remedy: 'Remove it.',
    fixable: true,
  },
  ['advanced-ignored', 'codenotary-ignored', 'full-access-redundant', 'cold-backup-commands'],
  (file, { code, path }) =>
    code === 'advanced-ignored' || code === 'codenotary-ignored'
      ? { fix: toFix('remove it', removeEntry(file, path)) }
      : {},
);

const deprecatedArch = adviceRule(
  {
    id: 'deprecated-arch',
    severity: 'warning',
    summary: 'An architecture is no longer supported by Home Assistant',
    why: 'armhf, armv7 and i386 have ended: the official builder and the base images dropped them in November 2025, and the Supervisor takes the names but cannot install such an image. Images for them serve installations that are no longer updated, and plain Docker.',
    remedy:
      'Remove the architecture from `arch`, or turn the rule off if you serve such installations on purpose.',
    fixable: false,
  },
  ['arch-deprecated'],
  () => ({ hint: 'aarch64 and amd64 are what current systems run' }),
);

const deprecatedMachine = adviceRule(
  {
    id: 'deprecated-machine',
    severity: 'warning',
    summary: 'A machine is no longer supported by Home Assistant',
    why: 'The 32-bit machines ended together with their architectures, in November 2025. No current system runs on them.',
    remedy: 'Remove it from `machine`.',
    fixable: true,
  },
  ['machine-deprecated'],
  (file, { path }) => ({ fix: toFix('remove it', removeEntry(file, path)) }),
);

/** New name of a map type, and where the old one is mounted. */
const MAP_TYPES: Readonly<Record<string, { readonly name: string; readonly target?: string }>> = {
  addon_config: { name: 'app_config' },
  addons: { name: 'local_apps', target: '/addons' },
  all_addon_configs: { name: 'all_app_configs', target: '/addon_configs' },
};

function mendMapType(file: ParsedFile, { code, path, subject }: Advisory): Partial<Finding> {
  if (code === 'map-type-twice') {
    return { fix: toFix(`remove ${subject}`, removeEntry(file, path)) };
  }
  const renamed = MAP_TYPES[subject];
  if (code !== 'map-type-legacy' || renamed === undefined) {
    return {
      hint: 'use homeassistant_config, which is mounted at /homeassistant, or give it `path: /config`',
    };
  }
  const entry = entryAt(file, path);
  const { name, target } = renamed;
  if (entry instanceof PyDict) {
    // Without a path of its own it would move.
    if (target !== undefined && !entry.has('path')) {
      return { hint: `use ${name} with path: ${target}, or expect it at its new place` };
    }
    return { fix: toFix(`write ${name}`, replaceValue(file, [...path, 'type'], name)) };
  }
  const mode = /:rw$/.test(String(entry)) ? 'false' : 'true';
  const text = String(entry).replace(subject, name);
  const isJson = file.path.endsWith('.json');
  const moved = isJson
    ? `{"type": "${name}", "read_only": ${mode}, "path": "${target ?? ''}"}`
    : `{ type: ${name}, read_only: ${mode}, path: ${target ?? ''} }`;
  const edit =
    target === undefined ? replaceValue(file, path, text) : replaceSource(file, path, moved);
  return { fix: toFix(`write ${name}`, edit) };
}

function entryAt(file: ParsedFile, path: Path): unknown {
  const entries = mappingOf(file)?.get('map');
  const index = path[1];
  return Array.isArray(entries) && typeof index === 'number'
    ? (entries as readonly unknown[])[index]
    : undefined;
}

const deprecatedMapType = adviceRule(
  {
    id: 'deprecated-map-type',
    severity: 'warning',
    summary: 'A map type has a new name',
    why: "Since Supervisor 2026.07 `addon_config` is `app_config`, `addons` is `local_apps` and `all_addon_configs` is `all_app_configs`; the last two are mounted at another place under their new names. `config` is deprecated in favour of `homeassistant_config`, and makes the Supervisor ignore the add-on's own configuration folder.",
    remedy: 'Use the new name; give the entry a `path` to keep the place where it is mounted.',
    fixable: true,
  },
  ['map-config-deprecated', 'map-config-incompatible', 'map-type-legacy', 'map-type-twice'],
  mendMapType,
);

const ignoredMapEntry = adviceRule(
  {
    id: 'ignored-map-entry',
    severity: 'warning',
    summary: 'An entry of map is dropped',
    why: 'An entry that the Supervisor does not understand is no error: the folder is just not there in the container. `- share: rw` with a space is a mapping, and a misspelt type is dropped too.',
    remedy: 'Write `- share:rw` without a space, or `- type: share` with `read_only: false`.',
    fixable: true,
  },
  ['map-entry-invalid', 'map-entry-without-type'],
  (file, { path }) => {
    const entry = entryAt(file, path);
    if (typeof entry === 'string') return mendMisspeltType(file, path, entry);
    if (!(entry instanceof PyDict) || entry.size !== 1) return {};
    const [[type, mode] = [null, null]] = [...entry.entries()];
    if (typeof type !== 'string' || (mode !== 'rw' && mode !== 'ro')) return {};
    const isJson = file.path.endsWith('.json');
    const text = isJson ? JSON.stringify(`${type}:${mode}`) : `${type}:${mode}`;
    return { fix: toFix(`write ${type}:${mode}`, replaceSource(file, path, text)) };
  },
);

function mendMisspeltType(file: ParsedFile, path: Path, entry: string): Partial<Finding> {
  const [type = '', mode] = entry.split(':').map((part) => part.trim().toLowerCase());
  const close = findClosest(type, KNOWN_MAP_TYPES);
  if (close === undefined || (mode !== undefined && mode !== 'rw' && mode !== 'ro')) return {};
  const text = mode === undefined ? close : `${close}:${mode}`;
  return { fix: toFix(`write ${text}`, replaceValue(file, path, text)) };
}

const deprecatedBuildFile: Rule<AddonSubject> = {
  id: 'deprecated-build-file',
  severity: 'warning',
  summary: 'The add-on has a build.yaml',
  why: 'The file is deprecated since Supervisor 2026.04.0, which warns of it wherever the add-on is built. The base image, arguments and labels belong into the Dockerfile, where `TARGETARCH` tells the architecture. `squash` is ignored.',
  remedy:
    'Move what it says into the Dockerfile: `FROM` with the multi-architecture base image, `ARG`, `LABEL`. A build file at the root of the repository is not read by the Supervisor.',
  fixable: false,
  *check({ folder, build }) {
    const file = parsed(build);
    if (build === undefined || !build.path.startsWith(`${folder}/`)) return;
    yield { file: build.path, line: 1, column: 1, message: 'build files are deprecated' };
    const squash = mappingOf(file)?.get('squash');
    if (file !== undefined && squash === true) {
      const fix = toFix('remove it', removeEntry(file, ['squash']));
      yield { ...placeOf(file, ['squash']), message: '"squash" is ignored', fix };
    }
  },
};

export const DEPRECATION_RULES: readonly Rule<AddonSubject>[] = [
  deprecatedField,
  ignoredField,
  deprecatedArch,
  deprecatedMachine,
  deprecatedMapType,
  ignoredMapEntry,
  deprecatedBuildFile,
];
