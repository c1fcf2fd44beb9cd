import { Cursor, isBlank, isBlankOrEnd, isBreak, REST_OF_LINE } from './cursor.js';
import { scanDirective, scanName, scanTag } from './scan-names.js';
import { scanBlockText, scanPlain, scanQuoted } from './scan-scalars.js';
import type { MarkKind, Token } from './tokens.js';

/** What may turn out to be a key once a ":" follows it on the same line. */
interface KeyCandidate {
  /** The number of its first token. */
  readonly token: number;
  readonly start: number;
  readonly line: number;
  readonly column: number;
  /** It stands where only a key can stand. */
  readonly isRequired: boolean;
}

const MAX_KEY_LENGTH = 1024;
const FLOW_MARKS: Readonly<Record<string, MarkKind>> = {
  '[': 'flow-sequence-start',
  '{': 'flow-mapping-start',
  ']': 'flow-sequence-end',
  '}': 'flow-mapping-end',
  ',': 'flow-entry',
};
/** Characters that no plain text starts with. */
const INDICATORS = /[-?:,[\]{}#&*!|>'"%@`]/;

/**
 * Cuts a YAML text into tokens as libyaml does, which the Supervisor reads YAML with. It differs from
 * what YAML 1.2 says in where tabs, line breaks, brackets and colons may stand.
 * https://github.com/yaml/libyaml/blob/master/src/scanner.c
 */
export class Scanner {
  readonly #cursor: Cursor;
  #queue: Token[] = [];
  /** The number of the first token in the queue. */
  #passed = 0;
  /** One for each bracket that is open, and one for outside of them. */
  readonly #candidates: (KeyCandidate | undefined)[] = [undefined];
  /** Columns of the block collections that are open. */
  readonly #indents: number[] = [];
  #mayStartKey = true;
  #isDone = false;

  constructor(text: string) {
    this.#cursor = new Cursor(text);
  }

  /** The next token; at the end again and again `stream-end`. */
  peek(): Token {
    while (this.#needsMore()) this.#fetch();
    const [token] = this.#queue;
    const { length } = this.#cursor.text;
    return token ?? { kind: 'stream-end', start: length, end: length };
  }

  next(): Token {
    const token = this.peek();
    if (token.kind !== 'stream-end') {
      this.#queue.shift();
      this.#passed += 1;
    }
    return token;
  }

  #needsMore(): boolean {
    if (this.#isDone) return false;
    if (this.#queue.length === 0) return true;
    return this.#candidates.some((candidate) => candidate?.token === this.#passed);
  }

  get #inFlow(): boolean {
    return this.#candidates.length > 1;
  }

  get #indent(): number {
    return this.#indents.at(-1) ?? -1;
  }

  #fetch(): void {
    const cursor = this.#cursor;
    this.#skipToToken();
    this.#dropStaleCandidates();
    this.#unwind(cursor.column);
    const next = cursor.peek();
    if (next === '') this.#fetchEnd();
    else if (next === '%' && cursor.column === 0) this.#fetchDirective();
    else if (cursor.isAtDocumentMark('---')) this.#fetchDocumentMark('document-start');
    else if (cursor.isAtDocumentMark('...')) this.#fetchDocumentMark('document-end');
    else if (FLOW_MARKS[next] !== undefined) this.#fetchFlowMark(FLOW_MARKS[next]);
    else if (next === '-' && isBlankOrEnd(cursor.peek(1))) this.#fetchBlockEntry();
    else if (next === '?' && this.#isIndicator()) this.#fetchKey();
    else if (next === ':' && this.#isIndicator()) this.#fetchValue();
    else this.#fetchContent(next);
  }

  #isIndicator(): boolean {
    return this.#inFlow || isBlankOrEnd(this.#cursor.peek(1));
  }

  // Tabs may not stand where a block collection may start.
  #skipToToken(): void {
    const cursor = this.#cursor;
    for (;;) {
      if (cursor.column === 0 && cursor.peek() === '\uFEFF') cursor.skip();
      const takesTabs = this.#inFlow || !this.#mayStartKey;
      cursor.take(takesTabs ? /[ \t]*/y : / */y);
      if (cursor.peek() === '#') cursor.take(REST_OF_LINE);
      if (!isBreak(cursor.peek())) return;
      cursor.takeBreak();
      if (!this.#inFlow) this.#mayStartKey = true;
    }
  }

  #add(kind: MarkKind, length: number): void {
    const start = this.#cursor.at;
    this.#cursor.skip(length);
    this.#queue.push({ kind, start, end: this.#cursor.at });
  }

  #fetchEnd(): void {
    this.#unwind(-1);
    this.#dropCandidate();
    this.#isDone = true;
  }

  #fetchDirective(): void {
    this.#unwind(-1);
    this.#dropCandidate();
    this.#mayStartKey = false;
    this.#queue.push(scanDirective(this.#cursor));
  }

  #fetchDocumentMark(kind: 'document-start' | 'document-end'): void {
    this.#unwind(-1);
    this.#dropCandidate();
    this.#mayStartKey = false;
    this.#add(kind, 3);
  }

  #fetchFlowMark(kind: MarkKind): void {
    if (kind.endsWith('-start')) {
      this.#saveCandidate();
      this.#candidates.push(undefined);
      this.#mayStartKey = true;
    } else {
      this.#dropCandidate();
      this.#mayStartKey = kind === 'flow-entry';
      if (kind !== 'flow-entry' && this.#inFlow) this.#candidates.pop();
    }
    this.#add(kind, 1);
  }

  #fetchBlockEntry(): void {
    if (!this.#inFlow) {
      if (!this.#mayStartKey) throw this.#cursor.fail('not valid YAML: a list cannot start here: put its "-" on a line of its own');
      this.#roll(this.#cursor.column, 'block-sequence-start', this.#cursor.at);
    }
    this.#dropCandidate();
    this.#mayStartKey = true;
    this.#add('block-entry', 1);
  }

  #fetchKey(): void {
    if (!this.#inFlow) {
      if (!this.#mayStartKey) throw this.#cursor.fail('not valid YAML: a key cannot start here');
      this.#roll(this.#cursor.column, 'block-mapping-start', this.#cursor.at);
    }
    this.#dropCandidate();
    this.#mayStartKey = !this.#inFlow;
    this.#add('key', 1);
  }

  #fetchValue(): void {
    const candidate = this.#candidates.at(-1);
    if (candidate !== undefined) {
      const { token, start, column } = candidate;
      this.#queue.splice(token - this.#passed, 0, { kind: 'key', start, end: start });
      this.#roll(column, 'block-mapping-start', start, token);
      this.#setCandidate(undefined);
      this.#mayStartKey = false;
    } else {
      if (!this.#inFlow) {
        if (!this.#mayStartKey) {
          throw this.#cursor.fail('not valid YAML: a ":" cannot stand here: quote a text that holds ": " or ends with ":"');
        }
        this.#roll(this.#cursor.column, 'block-mapping-start', this.#cursor.at);
      }
      this.#mayStartKey = !this.#inFlow;
    }
    this.#add('value', 1);
  }

  #fetchContent(next: string): void {
    const cursor = this.#cursor;
    if ((next === '|' || next === '>') && !this.#inFlow) {
      this.#dropCandidate();
      this.#mayStartKey = true;
      this.#queue.push(scanBlockText(cursor, this.#indent));
      return;
    }
    const isName = next === '&' || next === '*';
    if (!isName && next !== '!' && next !== "'" && next !== '"' && !this.#startsPlain(next)) {
      if (next === '\t') throw cursor.fail('a tab cannot indent YAML; use spaces');
      throw cursor.fail(`not valid YAML: a text cannot start with "${next}"; quote it`);
    }
    this.#saveCandidate();
    this.#mayStartKey = false;
    if (isName) this.#queue.push(scanName(cursor));
    else if (next === '!') this.#queue.push(scanTag(cursor, this.#inFlow));
    else if (next === "'" || next === '"') this.#queue.push(scanQuoted(cursor));
    else {
      const { token, endsLine } = scanPlain(cursor, this.#indent + 1, this.#inFlow);
      if (endsLine) this.#mayStartKey = true;
      this.#queue.push(token);
    }
  }

  #startsPlain(next: string): boolean {
    if (!isBlankOrEnd(next) && !INDICATORS.test(next)) return true;
    const after = this.#cursor.peek(1);
    if (next === '-') return !isBlank(after);
    return !this.#inFlow && (next === '?' || next === ':') && !isBlankOrEnd(after);
  }

  #saveCandidate(): void {
    if (!this.#mayStartKey) return;
    const { at: start, line, column } = this.#cursor;
    const isRequired = !this.#inFlow && this.#indent === column;
    this.#dropCandidate();
    const token = this.#passed + this.#queue.length;
    this.#setCandidate({ token, start, line, column, isRequired });
  }

  #dropCandidate(): void {
    const candidate = this.#candidates.at(-1);
    if (candidate !== undefined) this.#assertNotRequired(candidate);
    this.#setCandidate(undefined);
  }

  #setCandidate(candidate: KeyCandidate | undefined): void {
    this.#candidates[this.#candidates.length - 1] = candidate;
  }

  // A key stands on one line and is not longer than 1024 characters.
  #dropStaleCandidates(): void {
    const { line, at, text } = this.#cursor;
    for (const [level, candidate] of this.#candidates.entries()) {
      if (candidate === undefined) continue;
      const isShort =
        at - candidate.start <= MAX_KEY_LENGTH ||
        Array.from(text.slice(candidate.start, at)).length <= MAX_KEY_LENGTH;
      if (candidate.line === line && isShort) continue;
      this.#assertNotRequired(candidate);
      this.#candidates[level] = undefined;
    }
  }

  #assertNotRequired({ isRequired, start }: KeyCandidate): void {
    if (isRequired) throw this.#cursor.fail('not valid YAML: a ":" is missing after this key', start);
  }

  /** Opens a block collection at a column deeper than the one around it. */
  #roll(column: number, kind: MarkKind, start: number, token?: number): void {
    if (this.#inFlow || this.#indent >= column) return;
    this.#indents.push(column);
    const at = token === undefined ? this.#queue.length : token - this.#passed;
    this.#queue.splice(at, 0, { kind, start, end: start });
  }

  /** Closes the block collections that a column ends. */
  #unwind(column: number): void {
    if (this.#inFlow) return;
    while (this.#indent > column) {
      this.#indents.pop();
      this.#queue.push({ kind: 'block-end', start: this.#cursor.at, end: this.#cursor.at });
    }
  }
}
