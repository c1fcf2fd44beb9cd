import { BLANKS, isBlank, isBlankOrEnd, isBreak, REST_OF_LINE, type Cursor } from './cursor.js';
import type { ScalarToken } from './tokens.js';

// https://github.com/yaml/libyaml/blob/master/src/scanner.c, function by function.

/** Blanks and line breaks between two words of a text, and what becomes of them. */
class Gap {
  #blanks = '';
  #firstBreak: string | undefined;
  #otherBreaks = '';

  get hasBreak(): boolean {
    return this.#firstBreak !== undefined;
  }

  /** An escaped line break: it and the blanks after it are nothing. */
  startLine(): void {
    this.#firstBreak = '';
  }

  /** Passes blanks and breaks. */
  take(cursor: Cursor, assertBlank: (gap: Gap) => void): void {
    for (let next = cursor.peek(); isBlank(next) || isBreak(next); next = cursor.peek()) {
      if (isBreak(next)) {
        const lineBreak = cursor.takeBreak();
        if (this.#firstBreak === undefined) this.#firstBreak = lineBreak;
        else this.#otherBreaks += lineBreak;
      } else {
        assertBlank(this);
        if (!this.hasBreak) this.#blanks += next;
        cursor.skip();
      }
    }
  }

  /** One line break is a space, more are one less. */
  fold(): string {
    if (this.#firstBreak === undefined) return this.#blanks;
    if (this.#firstBreak !== '\n') return this.#firstBreak + this.#otherBreaks;
    return this.#otherBreaks === '' ? ' ' : this.#otherBreaks;
  }
}

const FLOW_END = /[,[\]{}]/;
const AFTER_FLOW_COLON = /[,?[\]{}]/;

/**
 * A text without quotes.
 *
 * @param indent the least column of its further lines outside of brackets
 * @returns the token, and whether it ended with a line break
 */
export function scanPlain(
  cursor: Cursor,
  indent: number,
  inFlow: boolean,
): { readonly token: ScalarToken; readonly endsLine: boolean } {
  const start = cursor.at;
  let end = start;
  let text = '';
  let gap = new Gap();
  while (!cursor.isAtDocumentMark() && cursor.peek() !== '#') {
    const word = takePlainWord(cursor, inFlow);
    if (word !== '') {
      text += gap.fold() + word;
      end = cursor.at;
      gap = new Gap();
    }
    if (!isBlank(cursor.peek()) && !isBreak(cursor.peek())) break;
    gap.take(cursor, ({ hasBreak }) => {
      if (hasBreak && cursor.column < indent && cursor.peek() === '\t') {
        throw cursor.fail('a tab cannot indent YAML; use spaces');
      }
    });
    if (!inFlow && cursor.column < indent) break;
  }
  return {
    token: { kind: 'scalar', start, end, text, isPlain: true },
    endsLine: gap.hasBreak,
  };
}

function takePlainWord(cursor: Cursor, inFlow: boolean): string {
  const start = cursor.at;
  for (let next = cursor.peek(); !isBlankOrEnd(next); next = cursor.peek()) {
    if (next === ':' && inFlow && AFTER_FLOW_COLON.test(cursor.peek(1))) {
      throw cursor.fail('a ":" inside of brackets needs a space after it');
    }
    if (next === ':' && isBlankOrEnd(cursor.peek(1))) break;
    if (inFlow && FLOW_END.test(next)) break;
    cursor.skip();
  }
  return cursor.text.slice(start, cursor.at);
}

/** A text in single or double quotes. */
export function scanQuoted(cursor: Cursor): ScalarToken {
  const start = cursor.at;
  const quote = cursor.peek();
  cursor.skip();
  let text = '';
  for (;;) {
    if (cursor.isAtDocumentMark()) throw cursor.fail('a quoted text holds a document marker');
    if (cursor.peek() === '') throw cursor.fail(`the text has no closing ${quote}`, start);
    const gap = new Gap();
    text += takeQuotedWord(cursor, quote, gap);
    if (cursor.peek() === quote) break;
    gap.take(cursor, () => undefined);
    text += gap.fold();
  }
  cursor.skip();
  return { kind: 'scalar', start, end: cursor.at, text, isPlain: false };
}

function takeQuotedWord(cursor: Cursor, quote: string, gap: Gap): string {
  let text = '';
  for (let next = cursor.peek(); !isBlankOrEnd(next); next = cursor.peek()) {
    if (next === quote) {
      if (quote === '"' || cursor.peek(1) !== "'") break;
      cursor.skip(2);
      text += "'";
    } else if (quote === '"' && next === '\\') {
      if (isBreak(cursor.peek(1))) {
        cursor.skip();
        cursor.takeBreak();
        gap.startLine();
        break;
      }
      text += takeEscape(cursor);
    } else {
      cursor.skip();
      text += next;
    }
  }
  return text;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '0': '\0',
  a: '\x07',
  b: '\b',
  t: '\t',
  '\t': '\t',
  n: '\n',
  v: '\v',
  f: '\f',
  r: '\r',
  e: '\x1B',
  ' ': ' ',
  '"': '"',
  '/': '/',
  '\\': '\\',
  N: '\x85',
  _: '\xA0',
  L: '\u2028',
  P: '\u2029',
};
const CODE_LENGTHS: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };
const MAX_CODE = 0x10ffff;

function takeEscape(cursor: Cursor): string {
  const start = cursor.at;
  const letter = cursor.peek(1);
  const known = ESCAPES[letter];
  cursor.skip(2);
  if (known !== undefined) return known;
  const length = CODE_LENGTHS[letter];
  if (length === undefined) {
    throw cursor.fail(`"\\${letter}" means nothing in double quotes; use single quotes`, start);
  }
  const digits = cursor.text.slice(cursor.at, cursor.at + length);
  const code = /^[0-9a-fA-F]+$/.test(digits) ? Number.parseInt(digits, 16) : NaN;
  if (digits.length < length || !(code <= MAX_CODE) || (code >= 0xd800 && code <= 0xdfff)) {
    throw cursor.fail(`"\\${letter}${digits}" is no character`, start);
  }
  cursor.skip(length);
  return String.fromCodePoint(code);
}

/**
 * A text after `|` or `>`.
 *
 * @param parent the column of the collection around it, -1 for none
 */
export function scanBlockText(cursor: Cursor, parent: number): ScalarToken {
  const start = cursor.at;
  const isFolded = cursor.peek() === '>';
  cursor.skip();
  const { chomping, increment } = takeBlockHeader(cursor);
  const lines = new BlockLines(cursor, parent);
  if (increment > 0) lines.indent = parent >= 0 ? parent + increment : increment;
  let breaks = lines.takeEmpty();
  let text = '';
  let lineBreak = '';
  let endsBlank = false;
  let end = cursor.at;
  while (cursor.column === lines.indent && cursor.peek() !== '') {
    const startsBlank = isBlank(cursor.peek());
    const folds = isFolded && lineBreak === '\n' && !endsBlank && !startsBlank;
    text += folds ? (breaks === '' ? ' ' : breaks) : lineBreak + breaks;
    endsBlank = startsBlank;
    text += cursor.take(REST_OF_LINE);
    end = cursor.at;
    lineBreak = cursor.takeBreak();
    breaks = lines.takeEmpty();
  }
  if (chomping !== '-') text += lineBreak;
  if (chomping === '+') text += breaks;
  return { kind: 'scalar', start, end, text, isPlain: false };
}

function takeBlockHeader(cursor: Cursor): { chomping: string; increment: number } {
  const header = cursor.take(/[-+]?[0-9]?[-+]?/y);
  const [chomping = ''] = /[-+]/.exec(header) ?? [];
  const [digit] = /[0-9]/.exec(header) ?? [];
  if (digit === '0') throw cursor.fail('the indentation of a block text cannot be 0');
  cursor.take(BLANKS);
  if (cursor.peek() === '#') cursor.take(REST_OF_LINE);
  if (!isBlankOrEnd(cursor.peek()) || /[-+].*[-+]/.test(header)) {
    throw cursor.fail('a block text starts on the line after its "|" or ">"');
  }
  cursor.takeBreak();
  return { chomping, increment: Number(digit ?? 0) };
}

/** The lines of a block text, whose indentation the first line that is not empty tells. */
class BlockLines {
  /** 0 while not known. */
  indent = 0;
  readonly #cursor: Cursor;
  readonly #parent: number;

  constructor(cursor: Cursor, parent: number) {
    this.#cursor = cursor;
    this.#parent = parent;
  }

  /** Passes empty lines and the indentation of the next, and gives the breaks of the empty ones. */
  takeEmpty(): string {
    const cursor = this.#cursor;
    let breaks = '';
    let deepest = 0;
    for (;;) {
      while ((this.indent === 0 || cursor.column < this.indent) && cursor.peek() === ' ') {
        cursor.skip();
      }
      deepest = Math.max(deepest, cursor.column);
      if ((this.indent === 0 || cursor.column < this.indent) && cursor.peek() === '\t') {
        throw cursor.fail('a tab cannot indent YAML; use spaces');
      }
      if (!isBreak(cursor.peek())) break;
      breaks += cursor.takeBreak();
    }
    if (this.indent === 0) this.indent = Math.max(deepest, this.#parent + 1, 1);
    return breaks;
  }
}
