import { MARKS, SCALAR_FOLLOWS } from './tokens.js';

/**
 * Finds a tab that PyYAML refuses and the `yaml` library does not: in the indentation of a line
 * outside of brackets, and directly after a block indicator ("- ", "? ").
 *
 * @param tokens the pieces of the text in order, as the library's lexer yields them
 * @returns the offset of the tab
 */
export function findForbiddenTab(tokens: Iterable<string>): number | undefined {
  let offset = 0;
  let flowLevel = 0;
  let mayBeKey = true;
  let lineStart = 0;
  let inPlainText = false;
  let isScalar = false;
  for (const token of tokens) {
    if (MARKS.has(token)) {
      isScalar = token === SCALAR_FOLLOWS;
      continue;
    }
    const isSpace = !isScalar && token.trim() === '' && !token.includes('\n');
    const tab = isSpace ? token.indexOf('\t') : -1;
    // After a plain scalar, a tab behind the indentation is a part of the space that ends the scalar.
    const endsPlainText = inPlainText && offset + tab > lineStart;
    if (tab !== -1 && flowLevel === 0 && mayBeKey && !endsPlainText) return offset + tab;
    if (!isScalar) flowLevel += countBrackets(token);
    offset += token.length;
    if (token.endsWith('\n')) lineStart = offset;
    if (!isSpace) {
      mayBeKey = !isScalar && (token.endsWith('\n') || token === '-' || token === '?');
      if (isScalar) inPlainText = true;
      else if (token !== '\n' && !token.startsWith('#')) inPlainText = false;
    }
    isScalar = false;
  }
  return undefined;
}

function countBrackets(token: string): number {
  if (token === '[' || token === '{') return 1;
  return token === ']' || token === '}' ? -1 : 0;
}
