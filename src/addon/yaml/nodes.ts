import { isAlias, isMap, isNode, isScalar, isSeq, Scalar } from 'yaml';
import type { Alias, Node, Pair, YAMLMap, YAMLSeq } from 'yaml';
import type { DictEntry, SourceNode } from '../document.js';
import { PyDict, PyOther, type PyKey } from '../python-value.js';
import { toPythonRepr } from '../python-text.js';
import { YamlFailure } from './failure.js';
import { MAX_DEPTH, MAX_NODES, TOO_DEEP } from './limits.js';
import { constructScalar, isMergeTag, isValueTag, resolvePlainTag } from './scalars.js';
import { ScalarError, shortenTag } from './scalars.js';
import type { YamlTree } from './syntax.js';


/**
 * Turns the library's tree into values, applying tags, aliases and merge keys as PyYAML does.
 *
 * @throws YamlFailure, its offset that of the original text
 */
export function readNodes(tree: YamlTree): SourceNode {
  if (tree.root === undefined) return { kind: 'dict', start: 0, end: 0, entries: [] };
  return new NodeReader(tree).read(tree.root, 0);
}

class NodeReader {
  readonly #anchors = new Map<string, SourceNode | 'open'>();
  readonly #sizes = new Map<SourceNode, number>();
  readonly #tree: YamlTree;

  constructor(tree: YamlTree) {
    this.#tree = tree;
  }

  read(node: Node, depth: number): SourceNode {
    const start = this.#startOf(node);
    if (depth > MAX_DEPTH) throw new YamlFailure(start, TOO_DEEP);
    if (isAlias(node)) return this.#resolveAlias(node, start);
    const anchor = isScalar(node) || isMap(node) || isSeq(node) ? node.anchor : undefined;
    if (anchor !== undefined) this.#open(anchor, start);
    const read = this.#readNew(node, depth, start);
    if (anchor !== undefined) this.#anchors.set(anchor, read);
    this.#measure(read);
    return read;
  }

  #startOf(node: Node): number {
    return this.#tree.toOriginal(node.range?.[0] ?? 0);
  }

  #open(anchor: string, start: number): void {
    if (this.#anchors.has(anchor)) {
      throw new YamlFailure(start, `the anchor &${anchor} is defined twice`);
    }
    this.#anchors.set(anchor, 'open');
  }

  #resolveAlias(node: Alias, start: number): SourceNode {
    const target = this.#anchors.get(node.source);
    if (target === undefined) throw new YamlFailure(start, `there is no anchor &${node.source}`);
    if (target === 'open') throw new YamlFailure(start, `the alias *${node.source} holds itself`);
    return target;
  }

  #readNew(node: Node, depth: number, start: number): SourceNode {
    const end = node.range ? this.#tree.toOriginal(node.range[1]) : start;
    if (isScalar(node)) return this.#readScalar(node, start, end);
    if (isMap(node)) return this.#readMap(node, depth, start, end);
    if (isSeq(node)) return this.#readSeq(node, depth, start, end);
    throw new YamlFailure(start, 'not valid YAML');
  }

  #readScalar(node: Scalar, start: number, end: number): SourceNode {
    const text = this.#readText(node);
    if (node.type === Scalar.PLAIN && /[\x85\u2028\u2029]/.test(text)) {
      throw new YamlFailure(start, 'a Unicode line separator ends the line in YAML 1.1; remove it');
    }
    return { kind: 'scalar', start, end, value: construct(scalarTag(node, text), text, start) };
  }

  // The library ends a block text with a line break even where the file ends without one.
  #readText(node: Scalar): string {
    const text = node.source ?? '';
    const isBlock = node.type === Scalar.BLOCK_LITERAL || node.type === Scalar.BLOCK_FOLDED;
    const source = this.#tree.text;
    const isCutOff = isBlock && !source.endsWith('\n') && node.range?.[1] === source.length;
    return isCutOff ? text.replace(/\n$/, '') : text;
  }

  #readSeq(node: YAMLSeq, depth: number, start: number, end: number): SourceNode {
    const items = node.items.map((item) => this.read(item as Node, depth + 1));
    const tag = shortenTag(node.tag ?? '!!seq');
    if (tag === '!!seq' || tag === '!') return { kind: 'list', start, end, items };
    if (tag !== '!!pairs' && tag !== '!!omap') throw unfit(tag, 'a list', start);
    return { kind: 'scalar', start, end, value: new PyOther('list', '[]', items.length === 0) };
  }

  #readMap(node: YAMLMap, depth: number, start: number, end: number): SourceNode {
    const merged: DictEntry[] = [];
    const own: DictEntry[] = [];
    for (const pair of node.items) {
      const keyNode = pair.key as Node | null;
      const keyStart = keyNode === null ? start : this.#startOf(keyNode);
      this.#assertPlainKey(pair, keyStart);
      const tag = keyNode !== null && isScalar(keyNode) ? keyTag(keyNode) : undefined;
      const value = this.#readPairValue(pair.value as Node | null, depth, keyStart);
      if (tag !== undefined && isMergeTag(tag)) merged.push(...this.#merge(value, keyStart));
      else own.push({ key: this.#readKey(keyNode, tag, depth, keyStart), keyStart, value });
    }
    const entries = [...merged, ...own];
    const tag = shortenTag(node.tag ?? '!!map');
    if (tag === '!!map' || tag === '!') return { kind: 'dict', start, end, entries };
    if (tag !== '!!set') throw unfit(tag, 'a mapping', start);
    const members = new PyDict(entries.map(({ key }) => [key, null]));
    return { kind: 'scalar', start, end, value: describeSet(members.keys()) };
  }

  // Two things that the library lets pass and PyYAML does not, unless the key starts with "? ".
  #assertPlainKey({ key, srcToken }: Pair, start: number): void {
    if (srcToken?.start.some(({ type }) => type === 'explicit-key-ind') === true) return;
    if (!isNode(key) || !key.range) return;
    const source = this.#tree.text.slice(key.range[0], key.range[1]);
    if (source === '' && isScalar(key) && key.tag === undefined && key.anchor === undefined) {
      throw new YamlFailure(start, 'there is no key before the ":"');
    }
    if (source.includes('\n')) throw new YamlFailure(start, 'a key must stand on one line');
  }

  #readPairValue(node: Node | null, depth: number, keyStart: number): SourceNode {
    if (node === null) return { kind: 'scalar', start: keyStart, end: keyStart, value: null };
    return this.read(node, depth + 1);
  }

  #readKey(node: Node | null, tag: string | undefined, depth: number, start: number): PyKey {
    if (node === null) return null;
    const key =
      tag !== undefined && isValueTag(tag) ? ({ kind: 'scalar', value: '=' } as const) : undefined;
    const read = key ?? this.read(node, depth + 1);
    if (read.kind === 'scalar' && !isUnhashable(read.value)) return read.value;
    throw new YamlFailure(start, 'a list or mapping cannot be a key');
  }

  #merge(value: SourceNode, start: number): readonly DictEntry[] {
    const sources = value.kind === 'list' ? value.items.toReversed() : [value];
    return sources.flatMap((source) => {
      if (source.kind === 'dict') {
        return source.entries.map((entry) => ({ ...entry, isMerged: true }));
      }
      throw new YamlFailure(start, 'the merge key << takes a mapping or a list of mappings');
    });
  }

  // An alias costs nothing here but counts in full, since whoever walks the value meets it in full.
  #measure(node: SourceNode): void {
    const parts =
      node.kind === 'list'
        ? node.items
        : node.kind === 'dict'
          ? node.entries.map(({ value }) => value)
          : [];
    const size = parts.reduce((sum, part) => sum + (this.#sizes.get(part) ?? 1), 1);
    if (size > MAX_NODES) {
      throw new YamlFailure(node.start, `the file holds more than ${MAX_NODES} values`);
    }
    this.#sizes.set(node, size);
  }
}

function scalarTag(node: Scalar, text: string): string {
  if (node.tag === '!') return 'tag:yaml.org,2002:str';
  if (node.tag !== undefined) return node.tag;
  const plain = node.type === Scalar.PLAIN || node.type === undefined;
  return plain ? resolvePlainTag(text) : 'tag:yaml.org,2002:str';
}

function keyTag(node: Scalar): string {
  return scalarTag(node, node.source ?? '');
}

function construct(
  tag: string,
  text: string,
  start: number,
): ReturnType<typeof constructScalar> {
  try {
    return constructScalar(tag, text);
  } catch (error) {
    if (error instanceof ScalarError) {
      throw new YamlFailure(start, error.message, { crash: error.crash });
    }
    throw error;
  }
}

function unfit(tag: string, what: string, start: number): YamlFailure {
  return new YamlFailure(start, `the tag ${tag} does not fit ${what} here`);
}

function isUnhashable(value: PyKey): boolean {
  return value instanceof PyOther && value.typeName !== 'bytes';
}

function describeSet(members: readonly PyKey[]): PyOther {
  const isEmpty = members.length === 0;
  const text = isEmpty ? 'set()' : `{${members.map(toPythonRepr).join(', ')}}`;
  return new PyOther('set', text, isEmpty, members);
}
