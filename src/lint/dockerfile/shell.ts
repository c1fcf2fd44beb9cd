import { sliceText, type LogicalText } from './logical-text.js';

/** A word of a shell command. */
export interface ShellWord {
  /** Without quotes and escapes; expansions as they are written. */
  readonly text: string;
  /** Offset in the file. */
  readonly start: number;
  readonly end: number;
}

/** One program call or builtin, wherever it stands: after `&&`, in a loop, in `$(…)`, in `sh -c '…'`. */
export interface ShellCommand {
  /** `NAME=value` in front of the command, or alone. */
  readonly assignments: readonly ShellWord[];
  /** The program and its arguments; empty for assignments alone. Redirections are left out. */
  readonly words: readonly ShellWord[];
  /** What output is written to. */
  readonly outputs: readonly ShellWord[];
  readonly start: number;
  readonly end: number;
}

/** Deeper nesting than anyone writes is not looked into. */
const MAX_DEPTH = 20;

/** Stand before a command and are none. */
const KEYWORDS: ReadonlySet<string> = new Set([
  ...['if', 'then', 'else', 'elif', 'fi', 'while', 'until', 'do', 'done', 'esac', '!', '{', '}'],
  'time',
]);

/** Programs that run the rest of their words. */
const WRAPPERS: ReadonlySet<string> = new Set([
  'exec',
  'command',
  'sudo',
  'env',
  'nice',
  'eatmydata',
]);

const ASSIGNMENT = /^[A-Za-z_]\w*\+?=/;

/**
 * Lists the commands of a POSIX shell script, bash's extensions as far as they occur in Dockerfiles. Control flow is
 * not followed: what may run counts as run. Text that is no valid script gives what can be recognized.
 *
 * @see https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html
 */
export function parseShell(script: LogicalText, depth = 0): readonly ShellCommand[] {
  return depth > MAX_DEPTH ? [] : new ShellParser(script, depth).parse();
}

class ShellParser {
  readonly #script: LogicalText;
  readonly #text: string;
  readonly #depth: number;
  readonly #commands: ShellCommand[] = [];
  #words: ShellWord[] = [];
  #outputs: ShellWord[] = [];
  #word: { text: string; readonly from: number } | undefined;
  #redirect: 'output' | 'other' | undefined;
  #delimiters: { readonly name: string; readonly tabs: boolean }[] = [];
  #awaitsDelimiter: 'plain' | 'tabs' | undefined;
  #at = 0;

  constructor(script: LogicalText, depth: number) {
    this.#script = script;
    this.#text = script.text;
    this.#depth = depth;
  }

  parse(): readonly ShellCommand[] {
    while (this.#at < this.#text.length) this.#step(this.#text[this.#at] ?? '');
    this.#endCommand();
    return this.#commands;
  }

  #step(char: string): void {
    if (char === '\n') {
      this.#endCommand();
      this.#at++;
      this.#skipHereDocuments();
    } else if (char === ' ' || char === '\t') {
      this.#endWord();
      this.#at++;
    } else if (char === '#' && this.#word === undefined) {
      const newline = this.#text.indexOf('\n', this.#at);
      this.#at = newline === -1 ? this.#text.length : newline;
    } else if (char === '<' || char === '>' || (char === '&' && this.#text[this.#at + 1] === '>')) {
      this.#readRedirection();
    } else if (';&|()'.includes(char)) {
      this.#endCommand();
      this.#at++;
    } else {
      this.#readPart(char);
    }
  }

  #readPart(char: string): void {
    const next = this.#text[this.#at + 1] ?? '';
    if (char === '\\') {
      if (next !== '\n') this.#append(next);
      this.#at += 2;
    } else if (char === "'") {
      const end = this.#find("'", this.#at + 1);
      this.#append(this.#text.slice(this.#at + 1, end));
      this.#at = end + 1;
    } else if (char === '"') {
      this.#readDoubleQuotes();
    } else if (char === '$' && next !== '') {
      this.#readExpansion(next);
    } else if (char === '`') {
      this.#readBackticks();
    } else {
      this.#append(char);
      this.#at++;
    }
  }

  #readDoubleQuotes(): void {
    this.#append('');
    this.#at++;
    while (this.#at < this.#text.length && this.#text[this.#at] !== '"') {
      const char = this.#text[this.#at] ?? '';
      const next = this.#text[this.#at + 1] ?? '';
      if (char === '\\') {
        if (next !== '\n') this.#append('"\\$`'.includes(next) ? next : `\\${next}`);
        this.#at += 2;
      } else if (char === '$' && next !== '' && next !== '"') {
        this.#readExpansion(next);
      } else if (char === '`') {
        this.#readBackticks();
      } else {
        this.#append(char);
        this.#at++;
      }
    }
    this.#at++;
  }

  /** `$NAME`, `${…}`, `$(…)`, `$((…))`: stays in the word as it is written; commands in it are commands. */
  #readExpansion(next: string): void {
    const from = this.#at;
    if (next === '{') {
      this.#at = this.#findClosing(from + 2, '{', '}') + 1;
    } else if (next === '(') {
      const end = this.#findClosing(from + 2, '(', ')');
      const isArithmetic = this.#text[from + 2] === '(';
      if (!isArithmetic) this.#parseInside(from + 2, end);
      this.#at = end + 1;
    } else {
      this.#at = from + 1;
    }
    this.#append(this.#text.slice(from, this.#at), from);
  }

  #readBackticks(): void {
    const end = this.#find('`', this.#at + 1);
    this.#parseInside(this.#at + 1, end);
    this.#append(this.#text.slice(this.#at, end + 1));
    this.#at = end + 1;
  }

  #parseInside(start: number, end: number): void {
    this.#add(parseShell(sliceText(this.#script, start, end), this.#depth + 1));
  }

  #find(text: string, from: number): number {
    const index = this.#text.indexOf(text, from);
    return index === -1 ? this.#text.length : index;
  }

  /** The bracket that closes one opened before `from`; quotes are skipped. */
  #findClosing(from: number, open: string, close: string): number {
    let level = 1;
    for (let at = from; at < this.#text.length; at++) {
      const char = this.#text[at];
      if (char === '\\') at++;
      else if (char === "'") at = this.#find("'", at + 1);
      else if (char === open) level++;
      else if (char === close && --level === 0) return at;
    }
    return this.#text.length;
  }

  #readRedirection(): void {
    if (this.#word !== undefined && /^\d+$/.test(this.#word.text)) this.#word = undefined;
    else this.#endWord();
    const operator = /^(?:<<-|<<<|<<|<>|<&|<|&>>|&>|>>|>&|>\||>)/.exec(
      this.#text.slice(this.#at, this.#at + 3),
    )?.[0] as string;
    this.#at += operator.length;
    if (this.#text[this.#at] === '(' && (operator === '<' || operator === '>')) {
      const end = this.#findClosing(this.#at + 1, '(', ')');
      this.#parseInside(this.#at + 1, end);
      this.#at = end + 1;
      return;
    }
    this.#redirect = operator.includes('>') && operator !== '>&' ? 'output' : 'other';
    if (operator === '<<' || operator === '<<-') {
      this.#awaitsDelimiter = operator === '<<-' ? 'tabs' : 'plain';
    }
  }

  /** The text of here-documents is input, no commands. */
  #skipHereDocuments(): void {
    for (const { name, tabs } of this.#delimiters) {
      while (this.#at < this.#text.length) {
        const end = this.#find('\n', this.#at);
        const line = this.#text.slice(this.#at, end);
        this.#at = end + 1;
        if ((tabs ? line.replace(/^\t+/, '') : line) === name) break;
      }
    }
    this.#delimiters = [];
  }

  #append(text: string, from = this.#at): void {
    this.#word ??= { text: '', from };
    this.#word.text += text;
  }

  #offset(index: number): number {
    return this.#script.offsets[Math.min(index, this.#text.length)] ?? 0;
  }

  #endWord(): void {
    if (this.#word === undefined) return;
    const { text, from } = this.#word;
    // The offset behind the last character, which is not that of the next one where a line was continued.
    const end = this.#offset(Math.max(from, this.#at - 1)) + 1;
    const word = { text, start: this.#offset(from), end };
    this.#word = undefined;
    const redirect = this.#redirect;
    this.#redirect = undefined;
    if (this.#awaitsDelimiter !== undefined) {
      this.#delimiters.push({ name: text, tabs: this.#awaitsDelimiter === 'tabs' });
      this.#awaitsDelimiter = undefined;
    } else if (redirect === 'output') {
      this.#outputs.push(word);
    } else if (redirect === undefined) {
      this.#words.push(word);
    }
  }

  #endCommand(): void {
    this.#endWord();
    const words = this.#words;
    const outputs = this.#outputs;
    this.#words = [];
    this.#outputs = [];
    this.#redirect = undefined;
    const command = makeCommand(words, outputs);
    if (command === undefined) return;
    this.#commands.push(command);
    this.#add(parseArgument(command, this.#depth));
  }

  #add(commands: readonly ShellCommand[]): void {
    for (const command of commands) this.#commands.push(command);
  }
}

function makeCommand(
  all: readonly ShellWord[],
  outputs: readonly ShellWord[],
): ShellCommand | undefined {
  const assignments: ShellWord[] = [];
  let at = 0;
  for (let word = all[at]; word !== undefined; word = all[++at]) {
    if (ASSIGNMENT.test(word.text)) assignments.push(word);
    else if (WRAPPERS.has(word.text)) at = skipOptions(all, at);
    else if (!KEYWORDS.has(word.text)) break;
  }
  const rest = all.slice(at);
  const first = assignments[0] ?? rest[0];
  const last = rest.at(-1) ?? assignments.at(-1);
  if (first === undefined || last === undefined) return undefined;
  return { assignments, words: rest, outputs, start: first.start, end: last.end };
}

/** The last option of the wrapper at `from`, or the wrapper itself. */
function skipOptions(words: readonly ShellWord[], from: number): number {
  let at = from;
  while (words[at + 1]?.text.startsWith('-') === true) at++;
  return at;
}

/** The script in `sh -c 'script'`; all of it is at the place of the word. */
function parseArgument({ words }: ShellCommand, depth: number): readonly ShellCommand[] {
  const [program, ...rest] = words;
  if (program === undefined || !/^(?:\/\S*\/)?(?:ba|da|a)?sh$/.test(program.text)) return [];
  const option = rest.findIndex(({ text }) => /^-[a-z]*c$/.test(text));
  const script = option === -1 ? undefined : rest[option + 1];
  if (script === undefined) return [];
  const { text, start, end } = script;
  const offsets = Array.from({ length: text.length + 1 }, (_, index) =>
    Math.min(start + index, end),
  );
  return parseShell({ text, offsets }, depth + 1);
}
