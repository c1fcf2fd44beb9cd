import { YamlFailure } from './failure.js';

/** A place in a text, moving forward. Past the end, the character is the empty text. */
export class Cursor {
  readonly text: string;
  at = 0;
  line = 0;
  #lineStart = 0;

  constructor(text: string) {
    this.text = text;
  }

  get column(): number {
    return this.at - this.#lineStart;
  }

  peek(ahead = 0): string {
    return this.text.charAt(this.at + ahead);
  }

  skip(count = 1): void {
    this.at += count;
  }

  /** Passes the characters that the pattern, with the flag `y`, finds here. */
  take(pattern: RegExp): string {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0] ?? '';
    this.at += found.length;
    return found;
  }

  /** Passes a line break and tells what it is in a text: the rarer breaks stay what they are. */
  takeBreak(): string {
    const character = this.peek();
    if (!isBreak(character)) return '';
    this.skip();
    this.line += 1;
    this.#lineStart = this.at;
    return character === '\u2028' || character === '\u2029' ? character : '\n';
  }

  /** Does `---` or `...` stand at the start of a line here? */
  isAtDocumentMark(mark?: '---' | '...'): boolean {
    if (this.column !== 0 || !isBlankOrEnd(this.peek(3))) return false;
    const found = this.text.slice(this.at, this.at + 3);
    return mark === undefined ? found === '---' || found === '...' : found === mark;
  }

  fail(message: string, offset = this.at): YamlFailure {
    return new YamlFailure(offset, message);
  }
}

/** A line break of YAML 1.1. The reader has made CR and CR LF one LF. */
export function isBreak(character: string): boolean {
  return (
    character === '\n' || character === '\x85' || character === '\u2028' || character === '\u2029'
  );
}

export function isBlank(character: string): boolean {
  return character === ' ' || character === '\t';
}

export function isBlankOrEnd(character: string): boolean {
  return character === '' || isBlank(character) || isBreak(character);
}

/** The rest of a line. */
export const REST_OF_LINE = /[^\n\x85\u2028\u2029]*/y;
/** A run of spaces and tabs. */
export const BLANKS = /[ \t]*/y;
