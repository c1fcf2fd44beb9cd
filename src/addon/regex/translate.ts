import type { Anchor, Category, Flags, ParsedRegex, RegexNode, SetItem } from './syntax.js';

/** What Python's categories hold, for use inside a character class. */
const UNICODE: Readonly<Record<'d' | 'w' | 's', string>> = {
  d: '\\p{Nd}',
  w: '\\p{L}\\p{N}_',
  s: '\\t-\\r\\x1C-\\x20\\x85\\xA0\\u1680\\u2000-\\u200A\\u2028\\u2029\\u202F\\u205F\\u3000',
};
const ASCII: Readonly<Record<'d' | 'w' | 's', string>> = {
  d: '0-9',
  w: 'A-Za-z0-9_',
  s: '\\t-\\r\\x20',
};

/**
 * Writes a parsed pattern as a JavaScript one with the same matches at the start of a text, for the
 * flag `v` and, where the whole pattern ignores case, `i`. Groups are named `g1`, `g2`, ….
 */
export function translateRegex({ root, flags }: ParsedRegex): { source: string; flags: string } {
  const translator = new Translator(flags.i);
  return { source: translator.write(root, flags), flags: flags.i ? 'ivy' : 'vy' };
}

class Translator {
  readonly #ignoresCaseEverywhere: boolean;
  #atomics = 0;

  constructor(ignoresCaseEverywhere: boolean) {
    this.#ignoresCaseEverywhere = ignoresCaseEverywhere;
  }

  write(node: RegexNode, flags: Flags): string {
    switch (node.kind) {
      case 'character':
        return this.#writeSet(false, [{ kind: 'range', from: node.code, to: node.code }], flags);
      case 'any':
        return flags.s ? '[\\s\\S]' : '[^\\n]';
      case 'category':
        return this.#writeSet(false, [node], flags);
      case 'set':
        return this.#writeSet(node.isNegated, node.items, flags);
      case 'anchor':
        return writeAnchor(node.anchor, flags);
      case 'sequence':
        return node.items.map((item) => this.write(item, flags)).join('');
      case 'choice':
        return `(?:${node.branches.map((branch) => this.write(branch, flags)).join('|')})`;
      case 'capture':
        return `(?<g${node.index}>${this.write(node.body, flags)})`;
      case 'group':
        return `(?:${this.write(node.body, node.flags ?? flags)})`;
      case 'atomic':
        return this.#writeAtomic(this.write(node.body, flags));
      case 'look': {
        const operator = `${node.direction === 'behind' ? '<' : ''}${node.isNegated ? '!' : '='}`;
        return `(?:(?${operator}${this.write(node.body, flags)}))`;
      }
      case 'reference':
        return `(?:\\k<g${node.index}>)`;
      case 'repeat':
        return this.#writeRepeat(node, flags);
    }
  }

  #writeRepeat(node: RegexNode & { kind: 'repeat' }, flags: Flags): string {
    const { min, max, mode } = node;
    const bounds = `{${min},${max === Infinity ? '' : max}}`;
    const body = `(?:${this.write(node.body, flags)})${bounds}`;
    if (mode === 'possessive') return this.#writeAtomic(body);
    return mode === 'lazy' ? `${body}?` : body;
  }

  // What a lookahead has matched is never tried again.
  #writeAtomic(body: string): string {
    this.#atomics += 1;
    const name = `a${this.#atomics}`;
    return `(?:(?=(?<${name}>${body}))\\k<${name}>)`;
  }

  #writeSet(isNegated: boolean, items: readonly SetItem[], flags: Flags): string {
    const foldsCase = flags.i && !this.#ignoresCaseEverywhere;
    const parts = items.flatMap((item) => {
      if (item.kind === 'category') return [writeCategory(item.category, flags)];
      return (foldsCase ? addOtherCase(item.from, item.to) : [[item.from, item.to] as const]).map(
        ([from, to]) => (from === to ? writeCode(from) : `${writeCode(from)}-${writeCode(to)}`),
      );
    });
    return `[${isNegated ? '^' : ''}${parts.join('')}]`;
  }
}

function writeCategory(category: Category, flags: Flags): string {
  const table = flags.a ? ASCII : UNICODE;
  const members = table[category.toLowerCase() as 'd' | 'w' | 's'];
  return category === category.toLowerCase() ? members : `[^${members}]`;
}

function writeAnchor(anchor: Anchor, flags: Flags): string {
  const word = `[${flags.a ? ASCII.w : UNICODE.w}]`;
  switch (anchor) {
    case '^':
      return flags.m ? '(?<![^\\n])' : '(?<![\\s\\S])';
    case 'A':
      return '(?<![\\s\\S])';
    case '$':
      return flags.m ? '(?![^\\n])' : '(?=\\n?(?![\\s\\S]))';
    case 'Z':
      return '(?![\\s\\S])';
    case 'b':
      return `(?:(?<=${word})(?!${word})|(?<!${word})(?=${word}))`;
    case 'B':
      return `(?:(?<=${word})(?=${word})|(?<!${word})(?!${word}))`;
  }
}

function writeCode(code: number): string {
  const character = String.fromCodePoint(code);
  return /^[A-Za-z0-9_]$/.test(character) ? character : `\\u{${code.toString(16)}}`;
}

// Of a range, the Latin letters in it are folded; of a single character, any letter is.
function addOtherCase(from: number, to: number): readonly (readonly [number, number])[] {
  const ranges: (readonly [number, number])[] = [[from, to]];
  if (from === to) {
    const character = String.fromCodePoint(from);
    for (const other of [character.toLowerCase(), character.toUpperCase()]) {
      const code = other.codePointAt(0) ?? from;
      if (String.fromCodePoint(code) === other) ranges.push([code, code]);
    }
    return ranges;
  }
  for (const [first, last, shift] of [
    [65, 90, 32],
    [97, 122, -32],
  ] as const) {
    const low = Math.max(from, first);
    const high = Math.min(to, last);
    if (low <= high) ranges.push([low + shift, high + shift]);
  }
  return ranges;
}
