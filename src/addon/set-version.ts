import { AddonReleaseError } from '../errors.js';
import type { Position, SourceDocument } from './document.js';
import { parseJson, parseYaml, type ParsedSource } from './yaml.js';

function parse(file: string, text: string): ParsedSource {
  return file.endsWith('.json') ? parseJson(text) : parseYaml(text);
}

/** A value as a scalar in the style of the file: its quotes are kept, and added where YAML needs them. */
function writeScalar(value: string, before: string, isJson: boolean): string {
  if (isJson || before.startsWith('"')) return JSON.stringify(value);
  if (before.startsWith("'")) return `'${value.replaceAll("'", "''")}'`;
  const plain = parseYaml(`key: ${value}\n`);
  const isText = plain.ok && readEntry(plain.document, 'key') === value;
  return isText ? value : JSON.stringify(value);
}

function readEntry(document: SourceDocument, key: string): unknown {
  const { value } = document;
  return value !== null && typeof value === 'object' && 'get' in value ? value.get(key) : undefined;
}

function offsetOf(text: string, line: number, column: number): number {
  const before = text.split('\n').slice(0, line - 1);
  return before.reduce((sum, one) => sum + one.length + 1, 0) + column - 1;
}

type Entry = 'version' | 'name' | 'slug' | 'image';

/**
 * The text of a config file with another value of a key that it has. Nothing else changes: comments, quotes and line
 * ends stay. A text that has the value already stays as it is.
 *
 * @throws AddonReleaseError `store` when the value can't be found where it should be
 */
function replaceEntry(file: string, text: string, key: Entry, value: string): string {
  const unchanged = (why: string): never => {
    throw new AddonReleaseError('store', `the ${key} in ${file} could not be set: ${why}`, {
      hint: `Set \`${key}: "${value}"\` by hand; the images are published.`,
    });
  };
  const parsed = parse(file, text);
  if (!parsed.ok) return unchanged(parsed.failure.message);
  const { document } = parsed;
  if (readEntry(document, key) === value) return text;
  const before = document.sourceOf([key]);
  if (before === undefined || before === '') return unchanged('there is none');
  // The reader counts in a text without byte order mark and with plain line feeds.
  const mark = text.startsWith('\uFEFF') ? 1 : 0;
  const place = ({ line, column }: Position): number =>
    offsetOf(text.slice(mark), line, column) + mark;
  const start = place(document.positionOf([key]));
  // An alias has its value elsewhere, and others may have it too.
  if (start < place(document.keyPositionOf([key]))) return unchanged('it is an alias');
  if (text.slice(start, start + before.length) !== before) return unchanged('its place is unclear');
  const after = writeScalar(value, before, file.endsWith('.json'));
  const result = text.slice(0, start) + after + text.slice(start + before.length);
  const check = parse(file, result);
  if (!check.ok || readEntry(check.document, key) !== value) {
    return unchanged('its place is unclear');
  }
  return result;
}

/** `replaceEntry` for the version. */
export function replaceVersion(file: string, text: string, version: string): string {
  return replaceEntry(file, text, 'version', version);
}

/**
 * The text of a config file with a value for a key that it may not have: then a line is added at its end.
 *
 * @throws AddonReleaseError `store`
 */
export function setEntry(file: string, text: string, key: Entry, value: string): string {
  const parsed = parse(file, text);
  if (!parsed.ok || readEntry(parsed.document, key) !== undefined) {
    return replaceEntry(file, text, key, value);
  }
  const end = text === '' || text.endsWith('\n') ? '' : '\n';
  const result = `${text}${end}${key}: ${writeScalar(value, '', false)}\n`;
  const check = parse(file, result);
  if (check.ok && readEntry(check.document, key) === value) return result;
  throw new AddonReleaseError('store', `${file} has no \`${key}\``, {
    hint: `Add \`${key}: "${value}"\` to it.`,
  });
}
