import { RegexSyntaxError, UnsupportedRegexError, type Anchor, type Category } from './syntax.js';

/** What a backslash and the characters behind it stand for. */
export type Escape =
  | { readonly kind: 'character'; readonly code: number }
  | { readonly kind: 'category'; readonly category: Category }
  | { readonly kind: 'anchor'; readonly anchor: Anchor }
  | { readonly kind: 'reference'; readonly index: number };

const CONTROL: Readonly<Record<string, number>> = { a: 7, f: 12, n: 10, r: 13, t: 9, v: 11 };
const CATEGORIES: ReadonlySet<string> = new Set(['d', 'D', 'w', 'W', 's', 'S']);
const ANCHORS: Readonly<Record<string, Anchor>> = { A: 'A', Z: 'Z', z: 'Z', b: 'b', B: 'B' };
const HEX_LENGTHS: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };
const BACKSPACE = 8;
const MAX_CODE = 0x10ffff;

/**
 * Reads an escape as Python's `re` does.
 * https://github.com/python/cpython/blob/3.14/Lib/re/_parser.py
 *
 * @param rest the pattern from directly after the backslash
 * @returns the escape and how many UTF-16 units of `rest` it takes
 * @throws RegexSyntaxError
 */
export function readEscape(rest: string, inSet: boolean): readonly [Escape, number] {
  const character = String.fromCodePoint(rest.codePointAt(0) ?? 0);
  if (rest === '') throw new RegexSyntaxError('bad escape (end of pattern)');
  const digits = readDigits(rest, inSet);
  if (digits !== undefined) return digits;
  const control = CONTROL[character];
  if (control !== undefined) return [{ kind: 'character', code: control }, 1];
  if (CATEGORIES.has(character)) {
    return [{ kind: 'category', category: character as Category }, 1];
  }
  const anchor = ANCHORS[character];
  if (anchor !== undefined && !inSet) return [{ kind: 'anchor', anchor }, 1];
  if (character === 'b') return [{ kind: 'character', code: BACKSPACE }, 1];
  const length = HEX_LENGTHS[character];
  if (length !== undefined) return readHex(rest, length);
  if (/^N\{[^}]+\}/.test(rest)) throw new UnsupportedRegexError('\\N{…}');
  if (/^[A-Za-z]/.test(character)) throw new RegexSyntaxError(`bad escape \\${character}`);
  return [{ kind: 'character', code: character.codePointAt(0) ?? 0 }, character.length];
}

function readHex(rest: string, length: number): readonly [Escape, number] {
  const hex = new RegExp(`^.([0-9a-fA-F]{${length}})`).exec(rest)?.[1];
  const code = hex === undefined ? NaN : Number.parseInt(hex, 16);
  if (!(code <= MAX_CODE)) throw new RegexSyntaxError(`incomplete or bad escape \\${rest.charAt(0)}`);
  return [{ kind: 'character', code }, 1 + length];
}

// `\0`, `\012` and three octal digits are characters; other digits refer to a group.
function readDigits(rest: string, inSet: boolean): readonly [Escape, number] | undefined {
  const octal = (inSet ? /^[0-7]{1,3}/ : /^(?:0[0-7]{0,2}|[1-3][0-7]{2}|[4-7][0-7]{2})/).exec(rest);
  if (octal !== null) {
    const code = Number.parseInt(octal[0], 8);
    if (code > 0o377) throw new RegexSyntaxError(`octal escape value \\${octal[0]} out of range`);
    return [{ kind: 'character', code }, octal[0].length];
  }
  const number = /^[0-9]{1,2}/.exec(rest)?.[0];
  if (number === undefined) return undefined;
  if (inSet) throw new RegexSyntaxError(`bad escape \\${number.charAt(0)}`);
  return [{ kind: 'reference', index: Number(number) }, number.length];
}
