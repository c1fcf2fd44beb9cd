import { YamlFailure } from './failure.js';
import { MAX_DEPTH, MAX_NODES, TOO_DEEP, TOO_MANY } from './limits.js';
import { Scanner } from './scanner.js';
import type { ScalarToken, Token } from './tokens.js';

/** A part of a YAML document. The same anchored node stands wherever an alias names it. */
export type YamlNode = YamlScalar | YamlSequence | YamlMapping;

interface Located {
  readonly start: number;
  end: number;
  /** In full; undefined where the text or the kind of collection tells. */
  readonly tag: string | undefined;
}

export interface YamlScalar extends Located {
  readonly kind: 'scalar';
  readonly text: string;
  /** What the text looks like tells the type. */
  readonly isPlain: boolean;
}

export interface YamlSequence extends Located {
  readonly kind: 'sequence';
  readonly items: YamlNode[];
}

export interface YamlMapping extends Located {
  readonly kind: 'mapping';
  readonly pairs: YamlPair[];
}

export interface YamlPair {
  readonly key: YamlNode;
  readonly value: YamlNode;
}

const DEFAULT_HANDLES: readonly (readonly [string, string])[] = [
  ['!', '!'],
  ['!!', 'tag:yaml.org,2002:'],
];

/**
 * Reads the one document of a YAML text as libyaml and PyYAML's composer do.
 * https://github.com/yaml/libyaml/blob/master/src/parser.c
 *
 * @returns undefined for an empty text
 * @throws YamlFailure
 */
export function parseDocument(text: string): YamlNode | undefined {
  return new Parser(text).parse();
}

/** What may stand before a node's content. */
interface Properties {
  readonly anchor: string | undefined;
  readonly tag: string | undefined;
}

class Parser {
  readonly #text: string;
  readonly #scanner: Scanner;
  readonly #anchors = new Map<string, YamlNode>();
  /** Collections that are not yet read to their end. */
  readonly #open = new Set<YamlNode>();
  #handles = new Map(DEFAULT_HANDLES);
  #nodes = 0;

  constructor(text: string) {
    this.#text = text;
    this.#scanner = new Scanner(text);
  }

  parse(): YamlNode | undefined {
    if (this.#is('stream-end')) return undefined;
    const isExplicit = this.#is('version-directive', 'tag-directive', 'document-start');
    if (isExplicit) this.#readDirectives();
    const isEmpty =
      isExplicit &&
      this.#is('version-directive', 'tag-directive', 'document-start', 'document-end', 'stream-end');
    const root = isEmpty ? this.#empty() : this.#readNode('block', 0);
    while (this.#is('document-end')) this.#scanner.next();
    if (this.#is('stream-end')) return root;
    if (!this.#is('document-start', 'version-directive', 'tag-directive')) {
      throw this.#fail('not valid YAML: this does not belong to what stands above; check the indentation');
    }
    throw new YamlFailure(this.#scanner.peek().start, 'the file holds several YAML documents', {
      hint: 'keep one document: remove the line "---" that starts the second one',
    });
  }

  #readDirectives(): void {
    let version: string | undefined;
    const own = new Set<string>();
    for (let token = this.#scanner.next(); token.kind !== 'document-start'; token = this.#scanner.next()) {
      if (token.kind === 'version-directive') {
        if (version !== undefined) throw this.#fail('there are two %YAML directives', token);
        version = token.name;
        if (version !== '1.1' && version !== '1.2') {
          throw this.#fail(`YAML ${version} is not known; remove the directive`, token);
        }
      } else if (token.kind === 'tag-directive') {
        if (own.has(token.name)) throw this.#fail(`the handle ${token.name} is defined twice`, token);
        own.add(token.name);
        this.#handles.set(token.name, token.prefix);
      } else throw this.#fail('a line "---" must follow the directives', token);
    }
  }

  /**
   * @param context `list` for the value of a key, whose "- " may stand in the column of the key
   */
  #readNode(context: 'flow' | 'block' | 'list', depth: number): YamlNode {
    this.#nodes += 1;
    if (this.#nodes > MAX_NODES) throw this.#fail(TOO_MANY);
    if (depth > MAX_DEPTH) throw this.#fail(TOO_DEEP);
    const first = this.#scanner.peek();
    if (first.kind === 'alias') return this.#readAlias(first.name, this.#scanner.next());
    const properties = this.#readProperties();
    const { anchor, tag } = properties;
    const token = this.#scanner.peek();
    const isBlock = context !== 'flow';
    switch (token.kind) {
      case 'scalar':
        this.#scanner.next();
        return this.#keep(anchor, toScalar(token, tag));
      case 'flow-sequence-start':
        return this.#readSequence(properties, (items) => this.#readFlowItems(items, depth));
      case 'flow-mapping-start':
        return this.#readMapping(properties, (pairs) => this.#readFlowPairs(pairs, depth));
      case 'block-sequence-start':
        if (isBlock) return this.#readSequence(properties, (items) => this.#readItems(items, depth));
        break;
      case 'block-mapping-start':
        if (isBlock) return this.#readMapping(properties, (pairs) => this.#readPairs(pairs, depth));
        break;
      case 'block-entry':
        if (context !== 'list') break;
        return this.#readSequence(properties, (items) => this.#readIndentlessItems(items, depth));
    }
    if (anchor === undefined && tag === undefined) throw this.#unexpected(token);
    const isPlain = tag === undefined;
    return this.#keep(anchor, { ...this.#empty(), tag: tag === '!' ? undefined : tag, isPlain });
  }

  #readAlias(name: string, token: Token): YamlNode {
    const target = this.#anchors.get(name);
    if (target === undefined) throw this.#fail(`there is no anchor &${name}`, token);
    if (this.#open.has(target)) throw this.#fail(`the alias *${name} holds itself`, token);
    return target;
  }

  // At most one anchor and one tag, in any order.
  #readProperties(): Properties {
    let anchor: string | undefined;
    let tag: string | undefined;
    for (;;) {
      const token = this.#scanner.peek();
      if (token.kind === 'anchor' && anchor === undefined) {
        if (this.#anchors.has(token.name)) {
          throw this.#fail(`the anchor &${token.name} is defined twice`, token);
        }
        anchor = token.name;
      } else if (token.kind === 'tag' && tag === undefined) {
        const prefix = token.handle === '' ? '' : this.#handles.get(token.handle);
        if (prefix === undefined) throw this.#fail(`the tag handle ${token.handle} is not defined`, token);
        tag = prefix + token.suffix;
      } else return { anchor, tag };
      this.#scanner.next();
    }
  }

  #keep<T extends YamlNode>(anchor: string | undefined, node: T): T {
    if (anchor !== undefined) this.#anchors.set(anchor, node);
    return node;
  }

  #readSequence(properties: Properties, readItems: (items: YamlNode[]) => number): YamlSequence {
    const { start } = this.#scanner.peek();
    const { tag } = properties;
    const node: YamlSequence = { kind: 'sequence', start, end: start, tag, items: [] };
    return this.#readOpen(properties, node, () => readItems(node.items));
  }

  #readMapping(properties: Properties, readPairs: (pairs: YamlPair[]) => number): YamlMapping {
    const { start } = this.#scanner.peek();
    const { tag } = properties;
    const node: YamlMapping = { kind: 'mapping', start, end: start, tag, pairs: [] };
    return this.#readOpen(properties, node, () => readPairs(node.pairs));
  }

  #readOpen<T extends YamlNode>({ anchor }: Properties, node: T, read: () => number): T {
    this.#keep(anchor, node);
    this.#open.add(node);
    node.end = read();
    this.#open.delete(node);
    return node;
  }

  #readItems(items: YamlNode[], depth: number): number {
    const { end } = this.#scanner.next();
    this.#readIndentlessItems(items, depth);
    if (!this.#is('block-end')) throw this.#fail('not valid YAML: expected another "- " of this list, or less indentation');
    this.#scanner.next();
    return items.at(-1)?.end ?? end;
  }

  #readIndentlessItems(items: YamlNode[], depth: number): number {
    let { end } = this.#scanner.peek();
    while (this.#is('block-entry')) {
      ({ end } = this.#scanner.next());
      const item = this.#is('block-entry', 'key', 'value', 'block-end')
        ? this.#empty(end)
        : this.#readNode('block', depth + 1);
      items.push(item);
      ({ end } = item);
    }
    return end;
  }

  #readPairs(pairs: YamlPair[], depth: number): number {
    let { end } = this.#scanner.next();
    while (this.#is('key')) {
      ({ end } = this.#scanner.next());
      const key = this.#is('key', 'value', 'block-end') ? this.#empty(end) : this.#readNode('list', depth + 1);
      const value = this.#readValue('list', ['key', 'value', 'block-end'], key.end, depth);
      pairs.push({ key, value });
      ({ end } = value);
    }
    if (!this.#is('block-end')) throw this.#unexpectedInMapping();
    this.#scanner.next();
    return end;
  }

  /** The value after a ":"; an empty one where there is none. */
  #readValue(
    context: 'flow' | 'list',
    ends: readonly Token['kind'][],
    keyEnd: number,
    depth: number,
  ): YamlNode {
    if (!this.#is('value')) return this.#empty(keyEnd);
    const { end } = this.#scanner.next();
    return this.#is(...ends) ? this.#empty(end) : this.#readNode(context, depth + 1);
  }

  #readFlowItems(items: YamlNode[], depth: number): number {
    const { start } = this.#scanner.next();
    while (!this.#is('flow-sequence-end')) {
      if (items.length > 0 || this.#is('stream-end')) this.#passComma(']', start);
      if (this.#is('key')) items.push(this.#readSinglePair(depth));
      else if (!this.#is('flow-sequence-end')) items.push(this.#readNode('flow', depth + 1));
    }
    return this.#scanner.next().end;
  }

  // "[a: b]" is a list of a mapping.
  #readSinglePair(depth: number): YamlMapping {
    const ends = ['flow-entry', 'flow-sequence-end'] as const;
    const { start, end } = this.#scanner.next();
    let key: YamlNode = this.#empty(end);
    // libyaml passes whatever token stands where the key is missing.
    if (this.#is('value', ...ends)) this.#scanner.next();
    else key = this.#readNode('flow', depth + 2);
    const value = this.#readValue('flow', ends, key.end, depth + 1);
    return { kind: 'mapping', start, end: value.end, tag: undefined, pairs: [{ key, value }] };
  }

  #readFlowPairs(pairs: YamlPair[], depth: number): number {
    const { start } = this.#scanner.next();
    const ends = ['flow-entry', 'flow-mapping-end'] as const;
    while (!this.#is('flow-mapping-end')) {
      if (pairs.length > 0 || this.#is('stream-end')) this.#passComma('}', start);
      if (this.#is('flow-mapping-end')) break;
      const isMarked = this.#is('key');
      const { end } = isMarked ? this.#scanner.next() : this.#scanner.peek();
      const isMissing = isMarked && this.#is('value', ...ends);
      const key = isMissing ? this.#empty(end) : this.#readNode('flow', depth + 1);
      const value = isMarked ? this.#readValue('flow', ends, key.end, depth) : this.#empty(key.end);
      pairs.push({ key, value });
    }
    return this.#scanner.next().end;
  }

  // What does not fit on a line after that of the bracket tells that the bracket was never closed.
  #passComma(closer: ']' | '}', opened: number): void {
    const token = this.#scanner.peek();
    const isComma = token.kind === 'flow-entry';
    if (isComma) this.#scanner.next();
    if (isComma && !this.#is('stream-end')) return;
    const isMissing = isComma || this.#text.slice(opened, token.start).includes('\n') || this.#is('stream-end');
    if (isMissing) throw new YamlFailure(opened, `not valid YAML: a "${closer}" is missing`);
    throw this.#fail(`not valid YAML: expected "," or "${closer}"`);
  }

  #empty(at = this.#scanner.peek().start): YamlScalar {
    return { kind: 'scalar', start: at, end: at, tag: undefined, text: '', isPlain: true };
  }

  #is(...kinds: readonly Token['kind'][]): boolean {
    return kinds.includes(this.#scanner.peek().kind);
  }

  #unexpectedInMapping(): YamlFailure {
    if (this.#is('value')) return this.#fail('there is no key before the ":"');
    return this.#fail('not valid YAML: expected a key; check the indentation');
  }

  #unexpected(token: Token): YamlFailure {
    if (token.kind === 'stream-end') return this.#fail('not valid YAML: a value is missing', token);
    if (token.kind === 'value') return this.#fail('there is no key before the ":"', token);
    return this.#fail('not valid YAML: expected a value', token);
  }

  #fail(message: string, { start } = this.#scanner.peek()): YamlFailure {
    return new YamlFailure(start, message);
  }
}

// The tag "!" says that the text is to be looked at, even that in quotes.
function toScalar(token: ScalarToken, tag: string | undefined): YamlScalar {
  const { text, start, end } = token;
  if (tag === '!') return { kind: 'scalar', start, end, tag: undefined, text, isPlain: true };
  return { kind: 'scalar', start, end, tag, text, isPlain: token.isPlain && tag === undefined };
}
