import { readTextFile } from '../addon/files.js';
import type { PyValue } from '../addon/python-value.js';
import type { Verdict } from '../addon/validate/verdict.js';
import { parseJson, parseYaml, type ParsedSource } from '../addon/yaml.js';
import type { DataFile } from './subject.js';
import { TextFile } from './text-file.js';

/** Parses a file by its ending, JSON or else YAML, as the Supervisor does. */
export function parseText({ path, raw, text }: TextFile): ParsedSource {
  if (!path.endsWith('.json')) return parseYaml(text);
  // The byte order mark is an error there, and has to be seen.
  return parseJson(raw.startsWith('\uFEFF') ? `\uFEFF${text}` : text);
}

/** Makes of a text what rules see of it. */
export function toDataFile(text: TextFile, validate: (value: PyValue) => Verdict): DataFile {
  const parsed = parseText(text);
  const { path } = text;
  if (!parsed.ok) return { path, text, state: { kind: 'broken', failure: parsed.failure } };
  const { document } = parsed;
  return { path, text, state: { kind: 'parsed', document, verdict: validate(document.value) } };
}

/**
 * Reads a YAML or JSON file, whatever state it is in.
 *
 * @param boundary the folder that links may not leave; undefined for a file that is known to be no link
 */
export function readDataFile(
  path: string,
  boundary: string | undefined,
  validate: (value: PyValue) => Verdict,
): DataFile {
  const read = readTextFile(path, boundary);
  if (read.ok) return toDataFile(new TextFile(path, read.text), validate);
  return { path, text: undefined, state: { kind: 'unreadable', message: read.message } };
}
