import { locateOffset, SourceDocument, type Position, type SourceNode } from './document.js';
import { JsonSyntaxError, parseJsonNode } from './json.js';
import { PyFloat, PyOther } from './python-value.js';
import { assertCharacters } from './yaml/characters.js';
import { YamlFailure } from './yaml/failure.js';
import { readNodes } from './yaml/nodes.js';
import { parseDocument } from './yaml/parser.js';

/** What a text that is no readable YAML or JSON is wrong about. */
export interface SourceFailure extends Position {
  readonly message: string;
  readonly hint?: string | undefined;
  /** The Supervisor would not report it but stop loading every repository. */
  readonly crash: boolean;
}

export type ParsedSource =
  | { readonly ok: true; readonly document: SourceDocument }
  | { readonly ok: false; readonly failure: SourceFailure };

/**
 * Reads one YAML file as the Supervisor does: PyYAML's safe loader, that is YAML 1.1 (`yes` is a
 * boolean, `1.10` the number 1.1), last of equal keys wins, an empty file is an empty dict; other
 * tags than YAML's own, several documents and tabs as indentation are errors.
 */
export function parseYaml(source: string): ParsedSource {
  const text = source.replace(/^\uFEFF/, '').replace(/\r\n?/g, '\n');
  try {
    assertCharacters(text);
    const tree = parseDocument(text);
    const root: SourceNode =
      tree === undefined ? { kind: 'dict', start: 0, end: 0, entries: [] } : readNodes(tree);
    // An empty document, `null`, `false`, `0`, `""` and `[]` all count as an empty dict.
    return succeed(text, isFalsy(root) ? { ...root, kind: 'dict', entries: [] } : root);
  } catch (error) {
    if (error instanceof YamlFailure) {
      const { message, hint, crash } = error;
      return { ok: false, failure: { ...locateOffset(text, error.offset), message, hint, crash } };
    }
    throw error;
  }
}

/** Reads one JSON file as the Supervisor does: strictly, without comments or a byte order mark. */
export function parseJson(source: string): ParsedSource {
  try {
    return succeed(source, parseJsonNode(source));
  } catch (error) {
    if (error instanceof JsonSyntaxError) {
      const position = locateOffset(source, error.offset);
      return { ok: false, failure: { ...position, message: error.message, crash: false } };
    }
    throw error;
  }
}

function succeed(text: string, root: SourceNode): ParsedSource {
  return { ok: true, document: new SourceDocument(text, root) };
}

function isFalsy(node: SourceNode): boolean {
  if (node.kind === 'dict') return node.entries.length === 0;
  if (node.kind === 'list') return node.items.length === 0;
  const { value } = node;
  if (value instanceof PyFloat) return value.value === 0;
  if (value instanceof PyOther) return value.isEmpty;
  return value === null || value === false || value === 0 || value === '';
}

