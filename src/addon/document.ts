import { identifyKey, PyDict, type PyKey, type PyOther, type PyScalar, type PyValue } from './python-value.js';

/** A place in a value: keys of dicts and indexes of lists, from the root. */
export type Path = readonly PyKey[];

/** Where something stands in a file; both count from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** A value together with where it stands; the same shape for YAML and JSON. */
export type SourceNode = ScalarNode | ListNode | DictNode;

interface Located {
  /** Offset of the first character, in UTF-16 units. */
  readonly start: number;
  readonly end: number;
}

export interface ScalarNode extends Located {
  readonly kind: 'scalar';
  readonly value: PyScalar | PyOther;
}

export interface ListNode extends Located {
  readonly kind: 'list';
  readonly items: readonly SourceNode[];
}

export interface DictNode extends Located {
  readonly kind: 'dict';
  readonly entries: readonly DictEntry[];
}

export interface DictEntry {
  readonly key: PyKey;
  readonly keyStart: number;
  readonly value: SourceNode;
  /** Came in through the merge key `<<`, and may be replaced. */
  readonly isMerged?: boolean | undefined;
}

/** What a file holds: its value, and for every part of it where it stands and how it was written. */
export class SourceDocument {
  readonly value: PyValue;
  readonly #root: SourceNode;
  readonly #text: string;
  readonly #lineStarts: readonly number[];

  constructor(text: string, root: SourceNode) {
    this.#text = text;
    this.#root = root;
    this.#lineStarts = findLineStarts(text);
    this.value = readValue(root, new Map());
  }

  /** Where the value at the path starts; of the nearest thing around it where the path leads nowhere. */
  positionOf(path: Path): Position {
    return this.#toPosition(this.#find(path).node.start);
  }

  /** Where the key that ends the path starts; for a list item or the root, the value itself. */
  keyPositionOf(path: Path): Position {
    const { keyStart, node } = this.#find(path);
    return this.#toPosition(keyStart ?? node.start);
  }

  /** Offsets of the characters of a value, quotes included; undefined where the path leads nowhere. */
  rangeOf(path: Path): { readonly start: number; readonly end: number } | undefined {
    const { node, complete } = this.#find(path);
    return complete ? { start: node.start, end: node.end } : undefined;
  }

  /** The offset of the key that ends the path; undefined for list items, and where it leads nowhere. */
  keyOffsetOf(path: Path): number | undefined {
    const { keyStart, complete } = this.#find(path);
    return complete ? keyStart : undefined;
  }

  /** How many entries a mapping or list is written with; undefined for a scalar. */
  sizeOf(path: Path): number | undefined {
    const { node, complete } = this.#find(path);
    if (!complete || node.kind === 'scalar') return undefined;
    return node.kind === 'list' ? node.items.length : node.entries.length;
  }

  /** The characters of a value as they stand in the file, quotes included. */
  sourceOf(path: Path): string | undefined {
    const { node, complete } = this.#find(path);
    return complete ? this.#text.slice(node.start, node.end) : undefined;
  }

  /** Keys that a mapping holds already, at any depth; the value that comes last is the one that counts. */
  findRepeatedKeys(): readonly (Position & { readonly key: PyKey })[] {
    const seen = new Set<SourceNode>();
    const pending = [this.#root];
    const repeated: DictEntry[] = [];
    for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
      if (node.kind === 'scalar' || seen.has(node)) continue;
      seen.add(node);
      if (node.kind === 'list') pending.push(...node.items);
      else {
        repeated.push(...findRepeated(node.entries));
        pending.push(...node.entries.map(({ value }) => value));
      }
    }
    return repeated.map(({ key, keyStart }) => ({ key, ...this.#toPosition(keyStart) }));
  }

  #find(path: Path): { node: SourceNode; keyStart: number | undefined; complete: boolean } {
    let node = this.#root;
    let keyStart: number | undefined;
    for (const step of path) {
      const next = enter(node, step);
      if (next === undefined) return { node, keyStart, complete: false };
      ({ node, keyStart } = next);
    }
    return { node, keyStart, complete: true };
  }

  #toPosition(offset: number): Position {
    return toPosition(this.#lineStarts, offset);
  }
}

function findRepeated(entries: readonly DictEntry[]): readonly DictEntry[] {
  const own = entries.filter(({ isMerged }) => isMerged !== true);
  const last = new Map<string, DictEntry>();
  for (const entry of own) last.set(identifyKey(entry.key), entry);
  return own.filter((entry) => last.get(identifyKey(entry.key)) !== entry);
}

/** The position of an offset in a text. */
export function locateOffset(text: string, offset: number): Position {
  return toPosition(findLineStarts(text), Math.min(offset, text.length));
}

function enter(
  node: SourceNode,
  step: PyKey,
): { node: SourceNode; keyStart: number | undefined } | undefined {
  if (node.kind === 'list') {
    const item = typeof step === 'number' ? node.items[step] : undefined;
    return item && { node: item, keyStart: undefined };
  }
  if (node.kind === 'scalar') return undefined;
  const wanted = identifyKey(step);
  const entry = node.entries.findLast(({ key }) => identifyKey(key) === wanted);
  return entry && { node: entry.value, keyStart: entry.keyStart };
}

// An alias gives the same node again: its value is shared, as it is in Python.
function readValue(node: SourceNode, known: Map<SourceNode, PyValue>): PyValue {
  const seen = known.get(node);
  if (seen !== undefined) return seen;
  const value = readNewValue(node, known);
  known.set(node, value);
  return value;
}

function readNewValue(node: SourceNode, known: Map<SourceNode, PyValue>): PyValue {
  switch (node.kind) {
    case 'scalar':
      return node.value;
    case 'list':
      return Object.freeze(node.items.map((item) => readValue(item, known)));
    case 'dict':
      return new PyDict(node.entries.map(({ key, value }) => [key, readValue(value, known)]));
  }
}

function findLineStarts(text: string): readonly number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

function toPosition(lineStarts: readonly number[], offset: number): Position {
  let low = 0;
  let high = lineStarts.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((lineStarts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return { line: low + 1, column: offset - (lineStarts[low] ?? 0) + 1 };
}
