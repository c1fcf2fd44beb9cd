import { AddonReleaseError } from '../errors.js';
import type { Position, SourceDocument } from './document.js';
import { parseJson, parseYaml, type ParsedSource } from './yaml.js';

function parse(file: string, text: string): ParsedSource {
  return file.endsWith('.json') ? parseJson(text) : parseYaml(text);
}

/** The version as a scalar in the style of the file: its quotes are kept, and added where YAML needs them. */
function writeScalar(version: string, before: string, isJson: boolean): string {
  if (isJson || before.startsWith('"')) return JSON.stringify(version);
  if (before.startsWith("'")) return `'${version}'`;
  const plain = parseYaml(`version: ${version}\n`);
  const isText = plain.ok && readVersion(plain.document) === version;
  return isText ? version : `"${version}"`;
}

function readVersion(document: SourceDocument): unknown {
  const { value } = document;
  return value !== null && typeof value === 'object' && 'get' in value
    ? value.get('version')
    : undefined;
}

function offsetOf(text: string, line: number, column: number): number {
  const before = text.split('\n').slice(0, line - 1);
  return before.reduce((sum, one) => sum + one.length + 1, 0) + column - 1;
}

/**
 * The text of a config file with another version. Nothing else changes: comments, quotes and line ends stay. A text
 * that has the version already stays as it is.
 *
 * @throws AddonReleaseError `store` when the version can't be found where it should be
 */
export function replaceVersion(file: string, text: string, version: string): string {
  const unchanged = (why: string): never => {
    throw new AddonReleaseError('store', `the version in ${file} could not be set: ${why}`, {
      hint: `Set \`version: "${version}"\` by hand; the images are published.`,
    });
  };
  const parsed = parse(file, text);
  if (!parsed.ok) return unchanged(parsed.failure.message);
  const { document } = parsed;
  if (readVersion(document) === version) return text;
  const before = document.sourceOf(['version']);
  if (before === undefined || before === '') return unchanged('there is none');
  // The reader counts in a text without byte order mark and with plain line feeds.
  const mark = text.startsWith('\uFEFF') ? 1 : 0;
  const place = ({ line, column }: Position): number =>
    offsetOf(text.slice(mark), line, column) + mark;
  const start = place(document.positionOf(['version']));
  // An alias has its value elsewhere, and others may have it too.
  if (start < place(document.keyPositionOf(['version']))) return unchanged('it is an alias');
  if (text.slice(start, start + before.length) !== before) return unchanged('its place is unclear');
  const after = writeScalar(version, before, file.endsWith('.json'));
  const result = text.slice(0, start) + after + text.slice(start + before.length);
  const check = parse(file, result);
  if (!check.ok || readVersion(check.document) !== version) return unchanged('its place is unclear');
  return result;
}
