const CODES = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
} as const satisfies Readonly<Record<string, readonly [open: number, close: number]>>;

export type StyleName = keyof typeof CODES;

/** Puts a text in a colour or weight, where those are wanted. */
export type Paint = (name: StyleName, text: string) => string;

export function createPaint(color: boolean): Paint {
  if (!color) return (_name, text) => text;
  return (name, text) => {
    if (text === '') return text;
    const [open, close] = CODES[name];
    return `\u001b[${open}m${text}\u001b[${close}m`;
  };
}

/**
 * Is colour wanted on a terminal?
 *
 * Source: https://no-color.org (a `NO_COLOR` that is set and not empty turns colour off).
 */
export function wantsColor(env: Readonly<Record<string, string | undefined>>): boolean {
  return (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb';
}
