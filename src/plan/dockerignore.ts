/** One line of a `.dockerignore`. */
export interface IgnorePattern {
  readonly pattern: RegExp;
  /** `!`: what it fits is kept after all. */
  readonly keeps: boolean;
}

const MAX_WILDCARDS = 6;

/**
 * Reads a `.dockerignore`. Lines that Go would not take for a pattern are left out: the build itself reports them.
 *
 * @see https://docs.docker.com/build/concepts/context/#dockerignore-files
 */
export function parseIgnorePatterns(text: string): readonly IgnorePattern[] {
  return text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .flatMap(parseLine);
}

/** Is the path, relative to the context and with slashes, left out of the context? The last line that fits decides. */
export function isIgnored(patterns: readonly IgnorePattern[], path: string): boolean {
  if (patterns.length === 0) return false;
  const places = listPlaces(path);
  const last = patterns.findLast(({ pattern }) => places.some((place) => pattern.test(place)));
  return last?.keeps === false;
}

/** The path and the folders it is in: a rule for a folder holds for everything below. */
function listPlaces(path: string): readonly string[] {
  const names = path.split('/');
  return names.map((_, index) => names.slice(0, index + 1).join('/'));
}

function parseLine(line: string): readonly IgnorePattern[] {
  if (line.startsWith('#')) return [];
  const text = line.trim();
  const keeps = text.startsWith('!');
  const path = cleanPath(keeps ? text.slice(1).trim() : text);
  // Each wildcard multiplies the ways in which a path can be compared.
  if (path === '' || (path.match(/\*+/g)?.length ?? 0) > MAX_WILDCARDS) return [];
  try {
    return [{ pattern: compile(path), keeps }];
  } catch {
    return [];
  }
}

/** `./a//b/` and `/a/b` are `a/b`. */
function cleanPath(path: string): string {
  const names: string[] = [];
  for (const name of path.split('/')) {
    if (name === '..') names.pop();
    else if (name !== '' && name !== '.') names.push(name);
  }
  return names.join('/');
}

/** Go's file patterns, and `**` for any number of folders (github.com/moby/patternmatcher). */
function compile(path: string): RegExp {
  const tokens = /\*\*+\/|\*\*+|\*|\?|\[(?:\\.|[^\]\\])+\]|\\.|[^]/gu;
  const source = path.replace(tokens, (token) => {
    if (token.startsWith('**')) return token.endsWith('/') ? '(?:.*/)?' : '.*';
    if (token === '*') return '[^/]*';
    if (token === '?') return '[^/]';
    if (token.startsWith('[') && token.length > 1) return token;
    const literal = token.startsWith('\\') ? token.slice(1) : token;
    return literal.replace(/[\\^$.*+?()[\]{}|/]/u, '\\$&');
  });
  return new RegExp(`^${source}$`, 'su');
}
