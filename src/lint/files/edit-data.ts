import type { Path } from '../../addon/document.js';
import { formatPath } from '../../addon/source-file.js';
import { parseYaml } from '../../addon/yaml.js';
import { PyDict } from '../../addon/python-value.js';
import type { Finding, TextEdit } from '../rule.js';
import type { DataFile, DataState } from '../subject.js';
import type { TextFile } from '../text-file.js';

/** A data file that could be parsed. */
export interface ParsedFile extends DataFile {
  readonly text: TextFile;
  readonly state: Extract<DataState, { kind: 'parsed' }>;
}

/** The file if it could be parsed. */
export function parsed(file: DataFile | undefined): ParsedFile | undefined {
  return file?.state.kind === 'parsed' && file.text !== undefined
    ? (file as ParsedFile)
    : undefined;
}

/** The mapping that a file holds; undefined when it holds none. */
export function mappingOf(file: DataFile | undefined): PyDict | undefined {
  const value = parsed(file)?.state.document.value;
  return value instanceof PyDict ? value : undefined;
}

/** Where the key that ends a path stands. */
export function placeOf(
  { path: file, state }: ParsedFile,
  path: Path,
): Pick<Finding, 'file' | 'line' | 'column'> {
  return { file, ...state.document.keyPositionOf(path) };
}

/** A message that names the place in the file's data: `"ports.80" must be …`. */
export function nameIn(path: Path, message: string): string {
  if (message.startsWith('the key ')) return `in "${formatPath(path.slice(0, -1))}": ${message}`;
  return path.length === 0 ? message : `"${formatPath(path)}" ${message}`;
}

function isJson({ path }: ParsedFile): boolean {
  return path.endsWith('.json');
}

/** A text as a scalar: in the quotes that stood there, plain where YAML reads it as that text, else quoted. */
function writeScalar(file: ParsedFile, value: string, before: string): string {
  if (isJson(file) || before.startsWith('"')) return JSON.stringify(value);
  if (before.startsWith("'") && !value.includes('\n')) return `'${value.replaceAll("'", "''")}'`;
  const isPlain = /^[A-Za-z0-9_./:{}-]+$/.test(value) && !value.startsWith('{');
  const read = isPlain ? parseYaml(`- ${value}\n`) : undefined;
  const items = read?.ok === true ? read.document.value : undefined;
  return Array.isArray(items) && items[0] === value ? value : JSON.stringify(value);
}

/** Where a value of one line stands; undefined for others. */
function findLine(
  file: ParsedFile,
  path: Path,
): { readonly start: number; readonly end: number; readonly before: string } | undefined {
  const range = file.state.document.rangeOf(path);
  if (range === undefined) return undefined;
  // The end of a mapping is that of its last line.
  const before = file.text.text.slice(range.start, range.end).trimEnd();
  if (before === '' || before.includes('\n')) return undefined;
  return { start: range.start, end: range.start + before.length, before };
}

/** Puts another text in the place of a value; undefined where it is not one scalar of one line. */
export function replaceValue(file: ParsedFile, path: Path, value: string): TextEdit | undefined {
  const found = findLine(file, path);
  if (found === undefined || /^[[{|>&*!]/.test(found.before)) return undefined;
  const { start, end, before } = found;
  return { file: file.path, start, end, text: writeScalar(file, value, before) };
}

/** Puts text as it is in the place of a value of one line. */
export function replaceSource(file: ParsedFile, path: Path, text: string): TextEdit | undefined {
  const found = findLine(file, path);
  return found && { file: file.path, start: found.start, end: found.end, text };
}

/** The characters of a value as they stand in the file; undefined for those of several lines. */
export function sourceOf(file: ParsedFile, path: Path): string | undefined {
  const source = file.state.document.sourceOf(path);
  return source === undefined || source === '' || source.includes('\n') ? undefined : source;
}

const KEY =
  /"(?:[^"\\\n]|\\.)*"|'(?:[^'\n]|'')*'|[^\s#:,[\]{}"'&*!|>%@`](?:[^\s:,[\]{}]|:(?!\s))*/y;

/** Gives the key that ends a path another name. */
export function renameKey(file: ParsedFile, path: Path, name: string): TextEdit | undefined {
  const start = file.state.document.keyOffsetOf(path);
  if (start === undefined) return undefined;
  KEY.lastIndex = start;
  const before = KEY.exec(file.text.text)?.[0];
  if (before === undefined) return undefined;
  return {
    file: file.path,
    start,
    end: start + before.length,
    text: writeScalar(file, name, before),
  };
}

/**
 * Removes a key with its value, or an item of a block list, from a block of YAML: whole lines. Undefined
 * where other things stand on them, for the only entry of its block, and for JSON.
 */
export function removeEntry(file: ParsedFile, path: Path): TextEdit | undefined {
  const { document } = file.state;
  const range = document.rangeOf(path);
  const keyStart = document.keyOffsetOf(path);
  if (range === undefined || isJson(file)) return undefined;
  const { text } = file.text;
  const from = keyStart ?? range.start;
  const start = text.lastIndexOf('\n', from - 1) + 1;
  const isOwnLine = keyStart === undefined ? /^ *- +$/ : /^ *$/;
  if (!isOwnLine.test(text.slice(start, from))) return undefined;
  const valueEnd = Math.max(range.end, from);
  const lastBreak = text.slice(0, valueEnd).endsWith('\n')
    ? valueEnd - 1
    : text.indexOf('\n', valueEnd);
  const end = lastBreak === -1 ? text.length : lastBreak + 1;
  const rest = text.slice(valueEnd, end);
  if (!/^\s*(?:#.*)?\n?$/.test(rest) && range.start !== range.end) return undefined;
  const parent = path.slice(0, -1);
  const siblings = document.sizeOf(parent);
  if (siblings !== undefined && siblings < 2) return undefined;
  return { file: file.path, start, end, text: '' };
}
