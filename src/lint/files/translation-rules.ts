import { join } from 'node:path';
import type { Path } from '../../addon/document.js';
import { isList, toPythonText } from '../../addon/python-text.js';
import { PyDict, type PyValue } from '../../addon/python-value.js';
import { findClosest } from '../closest.js';
import type { Finding, Fix, Rule } from '../rule.js';
import type { AddonSubject, DataFile } from '../subject.js';
import { mappingOf, parsed, placeOf, renameKey, type ParsedFile } from './edit-data.js';

/** Names of the options of a schema; those of a mapping, alone or in a list, are its fields. */
interface OptionTree {
  readonly fields: ReadonlyMap<string, OptionTree>;
}

function readOptionTree(type: PyValue): OptionTree {
  const inner = isList(type) ? (type[0] ?? null) : type;
  if (!(inner instanceof PyDict)) return { fields: new Map() };
  return {
    fields: new Map(
      [...inner.entries()].map(([key, item]) => [toPythonText(key), readOptionTree(item)]),
    ),
  };
}

function schemaOf({ fields }: AddonSubject): OptionTree {
  return readOptionTree(fields === undefined || fields.schema === false ? null : fields.schema);
}

/** The translation that others are measured by: English, which the frontend falls back to, or the first. */
function mainTranslation({ translations }: AddonSubject): readonly [string, DataFile] | undefined {
  const english = translations.get('en');
  return english === undefined ? [...translations][0] : ['en', english];
}

const ABBREVIATIONS =
  /\b(?:api|cpu|dns|ftp|https?|id|ip|json|mqtt|smtp|ssh|ssl|tls|tcp|udp|ui|uri|url|usb|vpn)\b/gi;

/** `refresh_seconds` → `Refresh seconds`, `mqtt_host` → `MQTT host`. */
function toLabel(key: string): string {
  const words = key
    .replace(/[_-]+/g, ' ')
    .trim()
    .replace(ABBREVIATIONS, (word) => word.toUpperCase());
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function offerFile(addon: AddonSubject, options: readonly string[]): Fix | undefined {
  if (
    !options.every(
      (key) =>
        /^[A-Za-z][A-Za-z0-9_]*$/.test(key) &&
        !/^(?:y|n|yes|no|on|off|true|false|null)$/i.test(key),
    )
  ) {
    return undefined;
  }
  const lines = options.flatMap((key) => [`  ${key}:`, `    name: ${toLabel(key)}`]);
  const text = `configuration:\n${lines.join('\n')}\n`;
  const file = join(addon.folder, 'translations', 'en.yaml');
  return { title: 'write translations/en.yaml with a name for each', files: [{ file, text }] };
}

const missingTranslation: Rule<AddonSubject> = {
  id: 'missing-translation',
  severity: 'warning',
  summary: 'An option has no name that users understand',
  why: 'The frontend shows the `name` and `description` of an option from `translations/LANGUAGE.yaml`, and without them the bare key: users have to guess what `hide_av` means. In other languages than English a missing option is a note.',
  remedy: 'Add the option below `configuration`, with its `name` and `description`.',
  fixable: true,
  *check(addon) {
    const { fields } = schemaOf(addon);
    if (fields.size === 0) return;
    const main = mainTranslation(addon);
    if (main === undefined) {
      const options = [...fields.keys()];
      const message = `there are no translations: users see ${listNames(options)} as they are written`;
      const file = join(addon.folder, 'translations', 'en.yaml');
      yield { file, message, hint: 'add a name for each option', fix: offerFile(addon, options) };
      return;
    }
    for (const [language, file] of addon.translations) {
      const source = parsed(file);
      const mapping = mappingOf(file);
      if (source === undefined || mapping === undefined) continue;
      if (source.state.verdict.outcome !== 'accepted') continue;
      const severity = language === main[0] ? undefined : 'note';
      yield* findMissing(source, mapping.get('configuration'), fields, ['configuration'], severity);
    }
  },
};

function* findMissing(
  file: ParsedFile,
  translated: PyValue | undefined,
  fields: ReadonlyMap<string, OptionTree>,
  path: Path,
  severity: Finding['severity'],
): Generator<Finding> {
  const known = translated instanceof PyDict ? translated : new PyDict();
  const missing = [...fields.keys()].filter((key) => !known.has(key));
  if (missing.length > 0) {
    const message = `has no name for ${listNames(missing)}${path.length === 1 ? '' : ` of ${path.slice(1, -1).map(String).join('.')}`}`;
    yield { ...placeOf(file, path), message, severity };
  }
  for (const [key, { fields: inner }] of fields) {
    const option = known.get(key);
    // That a group has a name of its own is enough.
    if (inner.size === 0 || !(option instanceof PyDict) || !option.has('fields')) continue;
    yield* findMissing(file, option.get('fields'), inner, [...path, key, 'fields'], severity);
  }
}

const MAX_NAMED = 5;

function listNames(names: readonly string[]): string {
  const shown = names
    .slice(0, MAX_NAMED)
    .map((name) => `"${name}"`)
    .join(', ');
  const rest = names.length - MAX_NAMED;
  return rest > 0 ? `${shown} and ${rest} more` : shown;
}

const staleTranslation: Rule<AddonSubject> = {
  id: 'stale-translation',
  severity: 'warning',
  summary: 'A translation is for an option or port that does not exist',
  why: 'It is shown nowhere: the option was renamed, or its name is misspelt here. Keys of `network` are those of `ports`, in the same spelling.',
  remedy: 'Correct the key or remove it.',
  fixable: true,
  *check(addon) {
    const { fields } = addon;
    if (fields === undefined) return;
    const tree = schemaOf(addon);
    for (const file of addon.translations.values()) {
      const source = parsed(file);
      const mapping = mappingOf(file);
      if (source === undefined || mapping === undefined) continue;
      yield* findStale(source, mapping.get('configuration'), tree, ['configuration'], 'option');
      const ports = new Map([...fields.ports.keys()].map((port) => [port, { fields: new Map() }]));
      yield* findStale(source, mapping.get('network'), { fields: ports }, ['network'], 'port');
    }
  },
};

function* findStale(
  file: ParsedFile,
  translated: PyValue | undefined,
  { fields }: OptionTree,
  path: Path,
  what: string,
): Generator<Finding> {
  if (!(translated instanceof PyDict)) return;
  for (const [key, option] of translated.entries()) {
    const name = toPythonText(key);
    const at = [...path, key];
    const inner = fields.get(name);
    if (inner !== undefined) {
      const nested = option instanceof PyDict ? option.get('fields') : undefined;
      if (inner.fields.size > 0) yield* findStale(file, nested, inner, [...at, 'fields'], what);
      continue;
    }
    const close = findClosest(
      name,
      [...fields.keys()].filter((one) => !translated.has(one)),
    );
    const edit = close === undefined ? undefined : renameKey(file, at, close);
    yield {
      ...placeOf(file, at),
      message: `there is no ${what} "${name}"`,
      hint: close === undefined ? undefined : `did you mean "${close}"?`,
      fix: edit && { title: `write ${close ?? ''}`, edits: [edit] },
    };
  }
}

const missingPortDescription: Rule<AddonSubject> = {
  id: 'missing-port-description',
  severity: 'note',
  summary: 'A port has no description',
  why: 'Users who decide whether to open a port see its number alone.',
  remedy: 'Describe it in `network` of each translation, or in `ports_description`.',
  fixable: false,
  *check({ config, fields, translations }) {
    const file = parsed(config);
    if (file === undefined || fields === undefined) return;
    const described = new Set(fields.portsDescription.keys());
    for (const translation of translations.values()) {
      const network = mappingOf(translation)?.get('network');
      if (network instanceof PyDict)
        for (const key of network.keys()) described.add(toPythonText(key));
    }
    for (const port of fields.ports.keys()) {
      if (described.has(port)) continue;
      yield { ...placeOf(file, ['ports', port]), message: `the port ${port} has no description` };
    }
  },
};

export const TRANSLATION_RULES: readonly Rule<AddonSubject>[] = [
  missingTranslation,
  staleTranslation,
  missingPortDescription,
];
