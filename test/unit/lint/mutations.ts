/** A generator of pseudo-random numbers that gives the same ones every time (mulberry32). */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** An integer below a limit. */
  below(limit: number): number {
    return Math.floor(this.next() * Math.max(1, limit));
  }

  pick<Item>(items: readonly [Item, ...Item[]]): Item {
    return items[this.below(items.length)] ?? items[0];
  }
}

type Mutation = (text: string, dice: Dice) => string | Uint8Array;

/** What stands where nobody expects it. */
const NASTY = [
  'null',
  '~',
  '[]',
  '{}',
  '""',
  "''",
  'yes',
  '1.10',
  '0o17',
  '1_000',
  '.inf',
  '-.nan',
  '1e999',
  '2024-01-02',
  '22:22',
  '!!binary aGVsbG8=',
  '!!set {a, b}',
  '!!omap [a: 1]',
  '!secret x',
  '&a [*a]',
  '*a',
  '<<: *a',
  '? [a]',
  '{{{',
  ']]]',
  '|',
  '>-',
  '%YAML 1.2',
  '---',
  '...',
  '@',
  '`',
  '\t',
  '\0',
  '\u0085',
  '\u2028',
  '\uFEFF',
  '\uD800',
  '😀',
  '-',
  '- - - -',
  ': :',
  '#',
  '"\\x',
  "'",
  '\r',
  '\r\n',
  '$BUILD_FROM',
  '${A:-${B}}',
  '<<EOF',
  '\\',
  'FROM',
  'FROM --platform=$X $Y AS',
  'RUN <<EOF',
  'COPY --from=9',
  '# escape=`',
  'ARG A=$A',
  '{arch}',
  '{',
  '[PORT:0]',
  'match((',
  'match((a+)+b)',
  'int(,)',
  'list()',
  'str(9,1)?',
  'device(subsystem=x)',
  '99999999999999999999',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
] as const;

function splice(text: string, at: number, removed: number, added: string): string {
  return text.slice(0, at) + added + text.slice(at + removed);
}

function mutateLine(text: string, dice: Dice, change: (line: string) => string): string {
  const lines = text.split('\n');
  const at = dice.below(lines.length);
  lines[at] = change(lines[at] ?? '');
  return lines.join('\n');
}

const MUTATIONS: readonly [Mutation, ...Mutation[]] = [
  (text, dice) => text.slice(0, dice.below(text.length)),
  (text, dice) => splice(text, dice.below(text.length), dice.below(20), ''),
  (text, dice) => splice(text, dice.below(text.length), 0, dice.pick(NASTY)),
  (text, dice) => splice(text, dice.below(text.length), dice.below(6), dice.pick(NASTY)),
  // Another value for a key.
  (text, dice) =>
    mutateLine(text, dice, (line) => line.replace(/(:|-) .*$/, `$1 ${dice.pick(NASTY)}`)),
  // Another key.
  (text, dice) =>
    mutateLine(text, dice, (line) => line.replace(/^( *)[^:]*:/, `$1${dice.pick(NASTY)}:`)),
  // A typing mistake.
  (text, dice) =>
    splice(text, dice.below(text.length), 1, String.fromCharCode(97 + dice.below(26))),
  (text, dice) => mutateLine(text, dice, (line) => ' '.repeat(dice.below(9)) + line.trimStart()),
  (text, dice) => mutateLine(text, dice, (line) => `${line}\n${line}`),
  (text, dice) => mutateLine(text, dice, () => ''),
  (text, dice) =>
    text
      .split('\n')
      .sort(() => dice.next() - 0.5)
      .join('\n'),
  (text) => text.replaceAll('\n', '\r\n'),
  (text) => `\uFEFF${text}`,
  (text, dice) => text + '['.repeat(dice.below(3000)),
  (text, dice) => `${text}deep: ${'{a: '.repeat(dice.below(300))}`,
  (text, dice) => text + ' - '.repeat(dice.below(2000)),
  (text, dice) =>
    text + Array.from({ length: dice.below(2000) }, (_, at) => `${' '.repeat(at)}a:\n`).join(''),
  (text) => `${text}${makeAliasBomb()}`,
  (text) => makeAliasBomb() + text,
  (text, dice) => text + 'x'.repeat(dice.below(20_000)),
  (text, dice) => text.repeat(dice.below(30)),
  // Other encodings than UTF-8, and bytes that are none.
  (text) => Buffer.from(text, 'utf16le'),
  (text) => Buffer.from(`ä${text}`, 'latin1'),
  (text, dice) => mutateBytes(Buffer.from(text), dice),
  () => '',
  () => '\n',
  (_, dice) => dice.pick(NASTY),
  (_, dice) => `{"a": ${'['.repeat(dice.below(2000))}`,
  (text) => JSON.stringify({ text, numbers: [1e308, -0, 1e-308], nested: { a: [{}] } }),
];

function makeAliasBomb(): string {
  const lines = Array.from({ length: 20 }, (_, level) =>
    level === 0 ? 'b0: &b0 [x, x]' : `b${level}: &b${level} [*b${level - 1}, *b${level - 1}]`,
  );
  return `${lines.join('\n')}\n`;
}

function mutateBytes(bytes: Buffer, dice: Dice): Uint8Array {
  const copy = Uint8Array.from(bytes);
  for (let count = 1 + dice.below(8); count > 0; count -= 1) {
    copy[dice.below(copy.length)] = dice.below(256);
  }
  return copy;
}

/** The text with one to three things done to it. */
export function mutate(text: string, dice: Dice): string | Uint8Array {
  let result: string | Uint8Array = text;
  for (let count = 1 + dice.below(3); count > 0 && typeof result === 'string'; count -= 1) {
    result = dice.pick(MUTATIONS)(result, dice).slice(0, 200_000);
  }
  return result;
}
