import type { InstructionSpan } from '../../plan/dockerfile.js';
import { joinLines, sliceText, takeText, type LogicalText } from './logical-text.js';
import { parseShell, type ShellCommand, type ShellWord } from './shell.js';

/** `--name=value` in front of an instruction's arguments. */
export interface InstructionFlag {
  readonly name: string;
  readonly value: string;
  readonly start: number;
  readonly end: number;
}

/** One instruction of a Dockerfile. Offsets are those of the file's text. */
export interface Instruction {
  /** In upper case. */
  readonly keyword: string;
  readonly start: number;
  /** Behind its last character, here-documents included. */
  readonly end: number;
  readonly flags: readonly InstructionFlag[];
  /** What follows keyword and flags, lines joined, without here-documents. */
  readonly rest: LogicalText;
  /** `rest` as a list of texts, where it is JSON. */
  readonly json: readonly string[] | undefined;
  readonly heredocs: readonly LogicalText[];
}

/** Reads the parts of an instruction. */
export function readInstruction(
  source: string,
  span: InstructionSpan,
  escape: string,
): Instruction {
  const { keyword, start, end } = span;
  const bodies = span.heredocs.map((heredoc) => takeText(source, heredoc.start, heredoc.end));
  const headEnd = span.heredocs[0] === undefined ? end : span.heredocs[0].start - 1;
  const all = joinLines(source, start, Math.max(headEnd, start), escape);
  let at = /^\s*\S*\s*/.exec(all.text)?.[0].length ?? 0;
  const flags: InstructionFlag[] = [];
  for (let found = readFlag(all, at); found !== undefined; found = readFlag(all, at)) {
    flags.push(found.flag);
    at = found.next;
  }
  const rest = sliceText(all, at);
  return { keyword, start, end, flags, rest, json: readJson(rest.text), heredocs: bodies };
}

const FLAG = /--([a-z][a-z-]*)(?:=(\S*))?(\s*)/y;

function readFlag(
  text: LogicalText,
  at: number,
): { readonly flag: InstructionFlag; readonly next: number } | undefined {
  FLAG.lastIndex = at;
  const match = FLAG.exec(text.text);
  if (match === null) return undefined;
  const [all, name = '', value = '', blanks = ''] = match;
  const end = at + all.length - blanks.length;
  const flag = {
    name,
    value,
    start: text.offsets[at] ?? 0,
    end: (text.offsets[end - 1] ?? 0) + 1,
  };
  return { flag, next: at + all.length };
}

function readJson(text: string): readonly string[] | undefined {
  if (!text.startsWith('[')) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    if (Array.isArray(value) && value.every((word) => typeof word === 'string')) return value;
  } catch {
    // Not JSON: the builder takes it for a shell command, too.
  }
  return undefined;
}

/** What a RUN starts: its command, or the script in its here-document. */
export function listCommands({ rest, json, heredocs }: Instruction): readonly ShellCommand[] {
  const [start = 0] = rest.offsets;
  const end = rest.offsets.at(-1) ?? start;
  if (json !== undefined) {
    const words = json.map((text): ShellWord => ({ text, start, end }));
    return [{ assignments: [], words, outputs: [], start, end }];
  }
  const commands = parseShell(rest);
  const [first] = commands;
  // `RUN <<EOF` and `RUN bash -e <<EOF`; other programs read their here-document as data.
  const isScript =
    first === undefined ||
    (commands.length === 1 && /^(?:\/\S*\/)?(?:ba|da|a)?sh$/.test(first.words[0]?.text ?? ''));
  const [body] = heredocs;
  return isScript && body !== undefined ? parseShell(body) : commands;
}

/** The words of an instruction that takes paths or names. */
export function listWords({ rest, json }: Instruction): readonly ShellWord[] {
  if (json !== undefined) {
    const [start = 0] = rest.offsets;
    const end = rest.offsets.at(-1) ?? start;
    return json.map((text) => ({ text, start, end }));
  }
  return [...rest.text.matchAll(/(?:"(?:\\.|[^"\\])*"|'[^']*'|\\.|[^\s"'\\])+/gs)].map((match) => ({
    text: unquote(match[0]),
    start: rest.offsets[match.index] ?? 0,
    end: (rest.offsets[match.index + match[0].length - 1] ?? 0) + 1,
  }));
}

function unquote(text: string): string {
  return text.replace(
    /"((?:\\.|[^"\\])*)"|'([^']*)'|\\(.)/gs,
    (_all, double?: string, single?: string, escaped?: string) =>
      double?.replace(/\\(["\\$])/g, '$1') ?? single ?? escaped ?? '',
  );
}

export interface Mount {
  readonly type: string;
  /** In lower case; `target` also for `dst` and `destination`, `source` for `src`. */
  readonly options: ReadonlyMap<string, string>;
  readonly flag: InstructionFlag;
}

const OPTION_NAMES: Readonly<Record<string, string>> = {
  dst: 'target',
  destination: 'target',
  src: 'source',
};

/** `--mount` flags of a RUN. @see https://docs.docker.com/reference/dockerfile/#run---mount */
export function listMounts({ flags }: Instruction): readonly Mount[] {
  return flags
    .filter(({ name }) => name === 'mount')
    .map((flag) => {
      const options = new Map(
        flag.value.split(',').map((part) => {
          const [key = '', ...value] = part.split('=');
          const name = key.toLowerCase();
          return [OPTION_NAMES[name] ?? name, unquote(value.join('='))] as const;
        }),
      );
      return { type: options.get('type') ?? 'bind', options, flag };
    });
}
