import { createContext, Script } from 'node:vm';
import { parsePythonRegex } from './parse.js';
import { RegexSyntaxError, UnsupportedRegexError } from './syntax.js';
import { translateRegex } from './translate.js';

/** How long one match may take; some patterns need longer than the universe for some texts. */
const TIMEOUT_MS = 1000;

export type MatchResult =
  | { readonly outcome: 'match' | 'no-match' }
  /** Python cannot compile the pattern, so that the Supervisor raises an error that nobody catches. */
  | { readonly outcome: 'invalid'; readonly message: string }
  /** The pattern is fine for Python but cannot be tried here. */
  | { readonly outcome: 'unknown'; readonly message: string };

/** Python's `re.match(pattern, text)`: does the pattern match at the start of the text? */
export function matchPythonRegex(pattern: string, text: string): MatchResult {
  try {
    const { source, flags } = translateRegex(parsePythonRegex(pattern));
    const regex = new RegExp(source, flags);
    return { outcome: runWithTimeout(regex, text) ? 'match' : 'no-match' };
  } catch (error) {
    if (error instanceof RegexSyntaxError) return { outcome: 'invalid', message: error.message };
    if (error instanceof UnsupportedRegexError) return unknown(`uses ${error.message}`);
    if (isTimeout(error)) return unknown(`takes longer than ${TIMEOUT_MS} ms on this text`);
    if (error instanceof SyntaxError || error instanceof RangeError) {
      return unknown('is too complex');
    }
    throw error;
  }
}

const TEST = new Script('regex.test(text)');

function runWithTimeout(regex: RegExp, text: string): boolean {
  return TEST.runInContext(createContext({ regex, text }), { timeout: TIMEOUT_MS }) === true;
}

function unknown(message: string): MatchResult {
  return { outcome: 'unknown', message };
}

// The error may come from the other context, whose Error is not ours.
function isTimeout(error: unknown): boolean {
  return (
    typeof error === 'object' &&
    error !== null &&
    'code' in error &&
    error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT'
  );
}
