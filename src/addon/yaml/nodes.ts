import type { DictEntry, SourceNode } from '../document.js';
import { PyDict, PyOther, type PyKey } from '../python-value.js';
import { toPythonRepr } from '../python-text.js';
import { YamlFailure } from './failure.js';
import { MAX_NODES, TOO_MANY } from './limits.js';
import type { YamlMapping, YamlNode, YamlScalar, YamlSequence } from './parser.js';
import { ScalarError } from './scalar-error.js';
import { constructScalar, isMergeTag, isValueTag, resolvePlainTag, shortenTag } from './scalars.js';

/**
 * Turns the tree of a YAML text into values, applying tags and merge keys as PyYAML does.
 *
 * @throws YamlFailure
 */
export function readNodes(root: YamlNode): SourceNode {
  return new NodeReader().read(root);
}

class NodeReader {
  /** What an alias names is read once and shared. */
  readonly #known = new Map<YamlNode, SourceNode>();
  readonly #entries = new Map<YamlMapping, readonly DictEntry[]>();
  readonly #sizes = new Map<SourceNode, number>();

  read(node: YamlNode): SourceNode {
    const known = this.#known.get(node);
    if (known !== undefined) return known;
    const read = this.#readNew(node);
    this.#known.set(node, read);
    this.#measure(read);
    return read;
  }

  #readNew(node: YamlNode): SourceNode {
    switch (node.kind) {
      case 'scalar': {
        const { start, end, text } = node;
        return { kind: 'scalar', start, end, value: construct(scalarTag(node), text, start) };
      }
      case 'sequence':
        return this.#readSequence(node);
      case 'mapping':
        return this.#readMapping(node);
    }
  }

  #readSequence(node: YamlSequence): SourceNode {
    const { start, end } = node;
    const tag = shortenTag(node.tag ?? '!!seq');
    const items = node.items.map((item) => this.read(item));
    if (tag === '!!seq' || tag === '!') return { kind: 'list', start, end, items };
    const isPairs = node.items.every((item) => item.kind === 'mapping' && item.pairs.length === 1);
    if ((tag !== '!!pairs' && tag !== '!!omap') || !isPairs) throw unfit(tag, 'a list', start);
    return { kind: 'scalar', start, end, value: new PyOther('list', '[]', items.length === 0) };
  }

  #readMapping(node: YamlMapping): SourceNode {
    const { start, end } = node;
    const tag = shortenTag(node.tag ?? '!!map');
    if (tag !== '!!map' && tag !== '!' && tag !== '!!set') throw unfit(tag, 'a mapping', start);
    const entries = this.#readEntries(node);
    if (tag !== '!!set') return { kind: 'dict', start, end, entries };
    const members = new PyDict(entries.map(({ key }) => [key, null]));
    return { kind: 'scalar', start, end, value: describeSet(members.keys()) };
  }

  #readEntries(node: YamlMapping): readonly DictEntry[] {
    const known = this.#entries.get(node);
    if (known !== undefined) return known;
    const merged: DictEntry[] = [];
    const own: DictEntry[] = [];
    for (const { key, value } of node.pairs) {
      const tag = key.kind === 'scalar' ? scalarTag(key) : '';
      if (isMergeTag(tag)) {
        merged.push(...this.#merge(value, key.start));
        if (merged.length > MAX_NODES) throw new YamlFailure(node.start, TOO_MANY);
      } else {
        const name = isValueTag(tag) && key.kind === 'scalar' ? key.text : this.#readKey(key);
        own.push({ key: name, keyStart: key.start, value: this.read(value) });
      }
    }
    const entries = [...merged, ...own];
    this.#entries.set(node, entries);
    return entries;
  }

  #readKey(node: YamlNode): PyKey {
    const read = this.read(node);
    if (read.kind === 'scalar' && !isUnhashable(read.value)) return read.value;
    throw new YamlFailure(node.start, 'a list or mapping cannot be a key');
  }

  #merge(value: YamlNode, start: number): readonly DictEntry[] {
    const sources = value.kind === 'sequence' ? value.items.toReversed() : [value];
    return sources.flatMap((source) => {
      if (source.kind === 'mapping') {
        return this.#readEntries(source).map((entry) => ({ ...entry, isMerged: true }));
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
    if (size > MAX_NODES) throw new YamlFailure(node.start, TOO_MANY);
    this.#sizes.set(node, size);
  }
}

function scalarTag({ tag, text, isPlain }: YamlScalar): string {
  return tag ?? (isPlain ? resolvePlainTag(text) : 'tag:yaml.org,2002:str');
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
