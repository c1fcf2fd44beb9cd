import { MARKS, SCALAR_FOLLOWS } from './tokens.js';

// No add-on comes near these. The parser's work grows with the square of some of them.

/** How deep lists and mappings may be nested. */
export const MAX_DEPTH = 100;
/** How many values a file may hold, those behind aliases counted each time. */
export const MAX_NODES = 100_000;
const MAX_LINES = 20_000;
const MAX_TOKENS = 200_000;

export const TOO_DEEP = 'the file is nested too deeply';

/**
 * Finds where a text goes beyond the limits. Depth is told by brackets, indentation and rows of block
 * indicators ("- - - ").
 *
 * @param tokens the pieces of the text in order, as the library's lexer yields them; read lazily
 */
export function findExcess(
  tokens: Iterable<string>,
): { readonly offset: number; readonly message: string } | undefined {
  const indents: number[] = [];
  let offset = 0;
  let brackets = 0;
  let indicators = 0;
  let indent: number | undefined = 0;
  let isScalar = false;
  let count = 0;
  let lines = 0;
  for (const token of tokens) {
    count += 1;
    if (count > MAX_TOKENS) return { offset, message: 'the file holds too many values' };
    if (MARKS.has(token)) {
      isScalar = token === SCALAR_FOLLOWS;
      continue;
    }
    if (token.endsWith('\n')) {
      lines += 1;
      if (lines > MAX_LINES) return { offset, message: `the file has more than ${MAX_LINES} lines` };
      indent = 0;
      indicators = 0;
    } else if (indent !== undefined && /^ +$/.test(token)) indent += token.length;
    else {
      if (indent !== undefined) enterLine(indents, indent);
      indent = undefined;
    }
    if (!isScalar && (token === '[' || token === '{')) brackets += 1;
    if (!isScalar && (token === ']' || token === '}')) brackets -= 1;
    if (!isScalar && (token === '-' || token === '?')) indicators += 1;
    if (Math.max(brackets, indicators, indents.length) > MAX_DEPTH) {
      return { offset, message: TOO_DEEP };
    }
    offset += token.length;
    isScalar = false;
  }
  return undefined;
}

function enterLine(indents: number[], indent: number): void {
  while ((indents.at(-1) ?? -1) > indent) indents.pop();
  if ((indents.at(-1) ?? -1) < indent) indents.push(indent);
}
