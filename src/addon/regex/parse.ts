import { readEscape } from './escapes.js';
import { RegexSyntaxError, UnsupportedRegexError } from './syntax.js';
import type { Flags, ParsedRegex, RegexNode, SetItem } from './syntax.js';
import { measureWidth } from './width.js';

const NO_FLAGS: Flags = { a: false, i: false, m: false, s: false, x: false };
const MAX_REPEAT = 2 ** 32 - 1;
const MAX_GROUPS = 1000;

/**
 * Parses a regular expression as Python's `re.compile` does, refusing what it refuses.
 * https://docs.python.org/3/library/re.html#regular-expression-syntax
 *
 * @throws RegexSyntaxError
 * @throws UnsupportedRegexError
 */
export function parsePythonRegex(pattern: string): ParsedRegex {
  return new RegexParser(pattern).parse();
}

class RegexParser {
  readonly #pattern: string;
  readonly #names = new Map<string, number>();
  /** Groups in the order of their opening; a group is referable once it is closed. */
  readonly #groups: (RegexNode | 'open')[] = ['open'];
  #at = 0;
  #global = NO_FLAGS;

  constructor(pattern: string) {
    this.#pattern = pattern;
  }

  parse(): ParsedRegex {
    this.#readLeadingFlags();
    const root = this.#parseChoice(this.#global);
    if (this.#at < this.#pattern.length) throw new RegexSyntaxError('unbalanced parenthesis');
    return { root, flags: this.#global };
  }

  // Flags for the whole pattern, "(?i)", are allowed at its start only.
  #readLeadingFlags(): void {
    for (;;) {
      const flags = this.#take(/\(\?([aimsux]+)\)/y)?.[1];
      if (flags === undefined) return;
      this.#global = { ...this.#global, ...readFlags(flags, true) };
    }
  }

  #parseChoice(flags: Flags): RegexNode {
    const branches = [this.#parseSequence(flags)];
    while (this.#take(/\|/y)) branches.push(this.#parseSequence(flags));
    const [only] = branches;
    return branches.length === 1 && only ? only : { kind: 'choice', branches };
  }

  #parseSequence(flags: Flags): RegexNode {
    const items: RegexNode[] = [];
    while (this.#at < this.#pattern.length && !/[|)]/.test(this.#pattern.charAt(this.#at))) {
      if (flags.x && this.#take(/\s+|#[^\n]*/y)) continue;
      const repeat = this.#readQuantifier();
      if (repeat === undefined) items.push(...this.#parseAtom(flags));
      else items.push(this.#repeat(items.pop(), repeat));
    }
    return { kind: 'sequence', items };
  }

  #readQuantifier(): { readonly min: number; readonly max: number } | undefined {
    const [simple] = this.#take(/[*+?]/y) ?? [];
    if (simple === '*') return { min: 0, max: Infinity };
    if (simple === '+') return { min: 1, max: Infinity };
    if (simple === '?') return { min: 0, max: 1 };
    const [, low, comma, high] = this.#take(/\{(\d*)(?:(,)(\d*))?\}/y) ?? [];
    if (low === undefined) return undefined;
    if (low === '' && comma === undefined) {
      // "{}" is two ordinary characters.
      this.#at -= 2;
      return undefined;
    }
    const min = low === '' ? 0 : Number(low);
    const last = comma === undefined ? low : high;
    const max = last === undefined || last === '' ? Infinity : Number(last);
    if (min >= MAX_REPEAT || (max >= MAX_REPEAT && max !== Infinity)) {
      throw new RegexSyntaxError('the repetition number is too large');
    }
    if (max < min) throw new RegexSyntaxError('min repeat greater than max repeat');
    return { min, max };
  }

  #repeat(body: RegexNode | undefined, { min, max }: { min: number; max: number }): RegexNode {
    if (body === undefined || body.kind === 'anchor') {
      throw new RegexSyntaxError('nothing to repeat');
    }
    if (body.kind === 'repeat') throw new RegexSyntaxError('multiple repeat');
    const [suffix] = this.#take(/[?+]/y) ?? [];
    const mode = suffix === '?' ? 'lazy' : suffix === '+' ? 'possessive' : 'greedy';
    return { kind: 'repeat', body, min, max, mode };
  }

  #parseAtom(flags: Flags): readonly RegexNode[] {
    const character = String.fromCodePoint(this.#pattern.codePointAt(this.#at) ?? 0);
    this.#at += character.length;
    switch (character) {
      case '.':
        return [{ kind: 'any' }];
      case '^':
      case '$':
        return [{ kind: 'anchor', anchor: character }];
      case '[':
        return [this.#parseSet()];
      case '(':
        return this.#parseGroup(flags);
      case '\\':
        return [this.#parseEscape()];
      default:
        return [{ kind: 'character', code: character.codePointAt(0) ?? 0 }];
    }
  }

  #parseEscape(): RegexNode {
    const [escape, length] = readEscape(this.#pattern.slice(this.#at), false);
    this.#at += length;
    return escape.kind === 'reference' ? this.#refer(escape.index) : escape;
  }

  #refer(index: number): RegexNode {
    const group = this.#groups[index];
    if (group === undefined) throw new RegexSyntaxError(`invalid group reference ${index}`);
    if (group === 'open') throw new RegexSyntaxError('cannot refer to an open group');
    return { kind: 'reference', index };
  }

  #parseSet(): RegexNode {
    const isNegated = this.#take(/\^/y) !== undefined;
    const items: SetItem[] = [];
    for (let isFirst = true; isFirst || !this.#take(/\]/y); isFirst = false) {
      const item = this.#parseSetItem();
      if (!this.#take(/-(?=[^\]])/y)) {
        items.push(item);
        continue;
      }
      const last = this.#parseSetItem();
      if (item.kind === 'category' || last.kind === 'category' || last.to < item.from) {
        throw new RegexSyntaxError('bad character range');
      }
      items.push({ kind: 'range', from: item.from, to: last.to });
    }
    return { kind: 'set', isNegated, items };
  }

  #parseSetItem(): SetItem {
    const code = this.#pattern.codePointAt(this.#at);
    if (code === undefined) throw new RegexSyntaxError('unterminated character set');
    const character = String.fromCodePoint(code);
    this.#at += character.length;
    if (character !== '\\') return { kind: 'range', from: code, to: code };
    const [escape, length] = readEscape(this.#pattern.slice(this.#at), true);
    this.#at += length;
    if (escape.kind === 'category') return escape;
    if (escape.kind === 'character') return { kind: 'range', from: escape.code, to: escape.code };
    throw new RegexSyntaxError('bad escape in a character set');
  }

  #parseGroup(flags: Flags): readonly RegexNode[] {
    const named = this.#take(/\?P<([^>]*)>/y);
    if (named) return [this.#parseCapture(flags, named[1])];
    const reference = this.#take(/\?P=([^)]*)\)/y)?.[1];
    if (reference !== undefined) return [this.#referByName(reference)];
    if (this.#take(/\?#[^)]*\)/y)) return [];
    if (this.#take(/\?:/y)) return [{ kind: 'group', flags: undefined, body: this.#close(flags) }];
    if (this.#take(/\?>/y)) return [{ kind: 'atomic', body: this.#close(flags) }];
    const look = this.#take(/\?(<?)([=!])/y);
    if (look) return [this.#parseLook(flags, look[1] === '<', look[2] === '!')];
    if (this.#take(/\?\(/y)) throw new UnsupportedRegexError('a conditional group (?(…)…)');
    const change = this.#take(/\?([aimsux]*)(?:-([imsx]+))?:/y);
    if (change) return [this.#parseScopedFlags(flags, change[1], change[2])];
    if (this.#take(/\?[aimsux]+\)/y)) {
      throw new RegexSyntaxError('global flags not at the start of the expression');
    }
    if (this.#take(/\?/y)) {
      const shown = this.#pattern.slice(this.#at, this.#at + 2);
      throw new RegexSyntaxError(`unknown extension ?${shown}`);
    }
    return [this.#parseCapture(flags, undefined)];
  }

  #parseCapture(flags: Flags, name: string | undefined): RegexNode {
    const index = this.#groups.length;
    if (index >= MAX_GROUPS) throw new UnsupportedRegexError(`more than ${MAX_GROUPS} groups`);
    if (name !== undefined) {
      if (!/^[\p{L}\p{Nl}_][\p{L}\p{Nl}\p{Mn}\p{Mc}\p{Nd}\p{Pc}]*$/u.test(name)) {
        throw new RegexSyntaxError(`bad character in group name '${name}'`);
      }
      if (this.#names.has(name)) throw new RegexSyntaxError('redefinition of group name');
      this.#names.set(name, index);
    }
    this.#groups.push('open');
    const body = this.#close(flags);
    this.#groups[index] = body;
    return { kind: 'capture', index, body };
  }

  #referByName(name: string): RegexNode {
    const index = this.#names.get(name);
    if (index === undefined) throw new RegexSyntaxError(`unknown group name '${name}'`);
    return this.#refer(index);
  }

  #parseLook(flags: Flags, isBehind: boolean, isNegated: boolean): RegexNode {
    const body = this.#close(flags);
    const { min, max } = measureWidth(body, this.#groups);
    if (isBehind && min !== max) {
      throw new RegexSyntaxError('look-behind requires fixed-width pattern');
    }
    return { kind: 'look', direction: isBehind ? 'behind' : 'ahead', isNegated, body };
  }

  #parseScopedFlags(flags: Flags, on = '', off = ''): RegexNode {
    if (on === '' && off === '') throw new RegexSyntaxError('missing flag');
    const both = Array.from(on).find((flag) => off.includes(flag));
    if (both !== undefined) throw new RegexSyntaxError('bad inline flags: flag turned on and off');
    const changed = { ...flags, ...readFlags(on, true), ...readFlags(off, false) };
    return { kind: 'group', flags: changed, body: this.#close(changed) };
  }

  #close(flags: Flags): RegexNode {
    const body = this.#parseChoice(flags);
    if (!this.#take(/\)/y)) throw new RegexSyntaxError('missing ), unterminated subpattern');
    return body;
  }

  #take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#pattern);
    if (found === null) return undefined;
    this.#at += found[0].length;
    return found;
  }
}

// "u", Unicode, is the default.
function readFlags(letters: string, value: boolean): Partial<Flags> {
  const changes = Array.from(letters).filter((letter) => letter !== 'u');
  return Object.fromEntries(changes.map((letter) => [letter, value]));
}
