import type { DictEntry, SourceNode } from './document.js';
import { MAX_DEPTH, MAX_NODES, TOO_DEEP, TOO_MANY } from './yaml/limits.js';
import { narrowInteger, PyFloat, type PyScalar } from './python-value.js';

/**
 * `orjson` is what the Supervisor reads files with: integers beyond 64 bits become floats. `python` is
 * Python's own module, which keeps them and knows NaN and infinity, for data that Python wrote: without
 * limits on its size.
 */
export type JsonDialect = 'orjson' | 'python';

/** A text that is not JSON, with the offset of the first character that does not fit. */
export class JsonSyntaxError extends Error {
  readonly offset: number;

  constructor(offset: number, message: string) {
    super(message);
    this.offset = offset;
  }
}

const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?/y;
// eslint-disable-next-line no-control-regex -- JSON forbids control characters inside a string
const STRING = /"(?:[^"\\\u0000-\u001F]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const LONE_SURROGATE = /\p{Cs}/u;
// Integers beyond 64 bits become floats in the Supervisor's JSON reader (orjson).
const MIN_INTEGER = -(2n ** 63n);
const MAX_INTEGER = 2n ** 64n - 1n;
const MAX_INTEGER_CHARACTERS = 20;
const WORDS: readonly (readonly [string, PyScalar])[] = [
  ['null', null],
  ['true', true],
  ['false', false],
];
/** What Python writes, and reads, beside what JSON has. */
const PYTHON_WORDS: typeof WORDS = [
  ...WORDS,
  ['NaN', new PyFloat(NaN)],
  ['Infinity', new PyFloat(Infinity)],
  ['-Infinity', new PyFloat(-Infinity)],
];

/**
 * Parses JSON as RFC 8259 has it, keeping what JavaScript's own parser drops: where things stand,
 * integers of any size, and whether a number was written as an integer.
 *
 * @throws JsonSyntaxError
 */
export function parseJsonNode(text: string, dialect: JsonDialect = 'orjson'): SourceNode {
  return new JsonReader(text, dialect).readDocument();
}

class JsonReader {
  readonly #text: string;
  readonly #dialect: JsonDialect;
  #at = 0;
  #nodes = 0;

  constructor(text: string, dialect: JsonDialect) {
    this.#text = text;
    this.#dialect = dialect;
  }

  readDocument(): SourceNode {
    if (this.#text.startsWith('\uFEFF')) {
      throw new JsonSyntaxError(0, 'a byte order mark is not allowed in JSON');
    }
    const root = this.#readValue(0);
    this.#skipSpace();
    if (this.#at < this.#text.length) throw this.#fail('nothing may follow the JSON value');
    return root;
  }

  #readValue(depth: number): SourceNode {
    this.#skipSpace();
    if (depth > MAX_DEPTH) throw this.#fail(TOO_DEEP);
    this.#nodes += 1;
    if (this.#isStrict && this.#nodes > MAX_NODES) throw this.#fail(TOO_MANY);
    const start = this.#at;
    switch (this.#text[start]) {
      case '{':
        return { kind: 'dict', start, entries: this.#readEntries(depth), end: this.#at };
      case '[':
        return { kind: 'list', start, items: this.#readItems(depth), end: this.#at };
      case '"':
        return { kind: 'scalar', start, value: this.#readString(), end: this.#at };
      default:
        return { kind: 'scalar', start, value: this.#readWord(), end: this.#at };
    }
  }

  #readEntries(depth: number): readonly DictEntry[] {
    const entries: DictEntry[] = [];
    this.#readMembers('}', () => {
      this.#skipSpace();
      const keyStart = this.#at;
      if (this.#text[keyStart] !== '"') throw this.#fail('expected a key in double quotes');
      const key = this.#readString();
      this.#skipSpace();
      if (this.#text[this.#at] !== ':') throw this.#fail('expected ":" after the key');
      this.#at += 1;
      entries.push({ key, keyStart, value: this.#readValue(depth + 1) });
    });
    return entries;
  }

  #readItems(depth: number): readonly SourceNode[] {
    const items: SourceNode[] = [];
    this.#readMembers(']', () => items.push(this.#readValue(depth + 1)));
    return items;
  }

  #readMembers(close: '}' | ']', readMember: () => void): void {
    this.#at += 1;
    this.#skipSpace();
    if (this.#text[this.#at] === close) {
      this.#at += 1;
      return;
    }
    for (;;) {
      readMember();
      this.#skipSpace();
      const mark = this.#text[this.#at];
      if (mark !== ',' && mark !== close) throw this.#fail(`expected "," or "${close}"`);
      this.#at += 1;
      if (mark === close) return;
    }
  }

  #readString(): string {
    const source = this.#take(STRING);
    if (source === undefined) throw this.#fail('this text has no end, or a character that needs \\');
    const value = JSON.parse(source) as string;
    if (this.#isStrict && LONE_SURROGATE.test(value)) {
      throw this.#fail('half of a surrogate pair is not a character');
    }
    return value;
  }

  #readWord(): PyScalar {
    for (const [word, value] of this.#isStrict ? WORDS : PYTHON_WORDS) {
      if (this.#text.startsWith(word, this.#at)) {
        this.#at += word.length;
        return value;
      }
    }
    NUMBER.lastIndex = this.#at;
    const number = NUMBER.exec(this.#text);
    if (number === null) throw this.#fail('expected a JSON value');
    const isFloat = number[1] !== undefined || number[2] !== undefined;
    if (this.#isStrict && !Number.isFinite(Number(number[0]))) {
      throw this.#fail('the number is too large');
    }
    this.#at += number[0].length;
    if (isFloat) return new PyFloat(Number(number[0]));
    return this.#isStrict ? readInteger(number[0]) : narrowInteger(BigInt(number[0]));
  }

  get #isStrict(): boolean {
    return this.#dialect === 'orjson';
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    this.#at += found?.length ?? 0;
    return found;
  }

  #skipSpace(): void {
    while (/[ \t\r\n]/.test(this.#text[this.#at] ?? '')) this.#at += 1;
  }

  #fail(message: string): JsonSyntaxError {
    return new JsonSyntaxError(this.#at, message);
  }
}

function readInteger(source: string): PyScalar {
  if (source.length <= MAX_INTEGER_CHARACTERS) {
    const value = BigInt(source);
    if (value >= MIN_INTEGER && value <= MAX_INTEGER) return narrowInteger(value);
  }
  return new PyFloat(Number(source));
}
