/** A regular expression in Python's dialect, parsed. */
export type RegexNode =
  | { readonly kind: 'character'; readonly code: number }
  | { readonly kind: 'any' }
  | { readonly kind: 'category'; readonly category: Category }
  | { readonly kind: 'set'; readonly isNegated: boolean; readonly items: readonly SetItem[] }
  | { readonly kind: 'anchor'; readonly anchor: Anchor }
  | { readonly kind: 'sequence'; readonly items: readonly RegexNode[] }
  | { readonly kind: 'choice'; readonly branches: readonly RegexNode[] }
  | { readonly kind: 'capture'; readonly index: number; readonly body: RegexNode }
  | { readonly kind: 'group'; readonly flags: Flags | undefined; readonly body: RegexNode }
  | { readonly kind: 'atomic'; readonly body: RegexNode }
  | {
      readonly kind: 'look';
      readonly direction: 'ahead' | 'behind';
      readonly isNegated: boolean;
      readonly body: RegexNode;
    }
  | { readonly kind: 'reference'; readonly index: number }
  | {
      readonly kind: 'repeat';
      readonly body: RegexNode;
      readonly min: number;
      readonly max: number;
      readonly mode: 'greedy' | 'lazy' | 'possessive';
    };

/** `\d`, `\w`, `\s` and, in upper case, their opposites. */
export type Category = 'd' | 'D' | 'w' | 'W' | 's' | 'S';

/** `^`, `$`, `\A`, `\Z` (and `\z`), `\b`, `\B`. */
export type Anchor = '^' | '$' | 'A' | 'Z' | 'b' | 'B';

export type SetItem =
  | { readonly kind: 'range'; readonly from: number; readonly to: number }
  | { readonly kind: 'category'; readonly category: Category };

/** The flags in force at a place: a(scii), i(gnore case), m(ultiline), s (dot all), x (verbose). */
export interface Flags {
  readonly a: boolean;
  readonly i: boolean;
  readonly m: boolean;
  readonly s: boolean;
  readonly x: boolean;
}

export interface ParsedRegex {
  readonly root: RegexNode;
  readonly flags: Flags;
}

/** A pattern that Python refuses to compile. */
export class RegexSyntaxError extends Error {}

/** A pattern that Python compiles and that has no equivalent here. */
export class UnsupportedRegexError extends Error {}
