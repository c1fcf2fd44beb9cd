/** One authentication scheme offered by WWW-Authenticate. Scheme and parameter names are lower case. */
export interface AuthChallenge {
  readonly scheme: string;
  readonly parameters: Readonly<Record<string, string>>;
}

const TOKEN = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;
const QUOTED = /"((?:[^"\\]|\\.)*)"/y;
const SEPARATORS = /[\s,]*/y;
const EQUALS = /\s*=\s*/y;

/** Matches at a position and says where the match ends. */
function matchAt(pattern: RegExp, text: string, position: number) {
  pattern.lastIndex = position;
  const match = pattern.exec(text);
  return match === null ? undefined : { match, end: pattern.lastIndex };
}

/**
 * Reads a WWW-Authenticate header, which may hold several challenges. What cannot be read ends the reading.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#name-www-authenticate
 */
export function parseChallenges(header: string): readonly AuthChallenge[] {
  const challenges: { scheme: string; parameters: Record<string, string> }[] = [];
  let position = 0;
  for (;;) {
    position = matchAt(SEPARATORS, header, position)?.end ?? position;
    const name = matchAt(TOKEN, header, position);
    if (name === undefined) return challenges;
    const equals = matchAt(EQUALS, header, name.end);
    const current = challenges.at(-1);
    if (equals === undefined || current === undefined) {
      challenges.push({ scheme: name.match[0].toLowerCase(), parameters: {} });
      position = name.end;
      continue;
    }
    const quoted = matchAt(QUOTED, header, equals.end);
    const value = quoted ?? matchAt(TOKEN, header, equals.end);
    if (value === undefined) return challenges;
    const text = quoted === undefined ? value.match[0] : (quoted.match[1] ?? '');
    current.parameters[name.match[0].toLowerCase()] = text.replace(/\\(.)/g, '$1');
    position = value.end;
  }
}
