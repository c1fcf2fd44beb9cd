/** Decides which files of an add-on's folder matter. Paths are relative to it, with slashes. */
export interface IgnoreRules {
  ignores(path: string): boolean;
  /** Nothing below this folder can matter. */
  prunes(folder: string): boolean;
}

interface Rule {
  readonly pattern: RegExp;
  /** `!`: what it fits is kept after all. */
  readonly keeps: boolean;
}

/** Folders that are large or change by themselves, and files that file managers leave. */
const NEVER_WATCHED: ReadonlySet<string> = new Set([
  '.git',
  '.hg',
  '.svn',
  '.idea',
  '.vscode',
  '.DS_Store',
  'Thumbs.db',
  'node_modules',
  '__pycache__',
]);

/** What editors write beside a file that is being edited: Vim, Emacs, JetBrains, GNOME, Kate, LibreOffice. */
const TEMPORARY =
  /^(?:.*~|4913|\..*\.sw[a-px]|\.#.*|#.*#|.*___jb_(?:tmp|old)___|\.goutputstream-.*|\..*\.kate-swp|\.~lock\..*#|\.nfs[0-9a-f]+|.*\.crswap)$/;

/** What decides how the image is built and started, whatever `.dockerignore` says about it. */
const ALWAYS_WATCHED =
  /^(?:(?:config|build|smoke)\.(?:ya?ml|json)|Dockerfile(?:\.[^/]+)?|(?:[^/]+)?\.dockerignore|translations(?:\/[^/]+)?)$/;

/**
 * The rules of a `.dockerignore` file, together with what is never worth a build (version control, dependencies
 * of the editor's machine, temporary files) and what always is (the add-on's own files).
 *
 * @param text content of the file; undefined when there is none
 * @see https://docs.docker.com/build/concepts/context/#dockerignore-files
 */
export function parseIgnoreRules(text: string | undefined): IgnoreRules {
  const rules = (text ?? '')
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .flatMap(parseRule);
  const hasExceptions = rules.some(({ keeps }) => keeps);
  const ignoredByName = (path: string): boolean =>
    path.split('/').some((name) => NEVER_WATCHED.has(name) || TEMPORARY.test(name));
  const ignoredByRules = (path: string): boolean => {
    const places = listPlaces(path);
    const last = rules.findLast(({ pattern }) => places.some((place) => pattern.test(place)));
    return last?.keeps === false;
  };
  return {
    ignores: (path) => ignoredByName(path) || (!ALWAYS_WATCHED.test(path) && ignoredByRules(path)),
    prunes: (folder) =>
      ignoredByName(folder) ||
      (!hasExceptions && !ALWAYS_WATCHED.test(folder) && ignoredByRules(folder)),
  };
}

/** The path and the folders it is in: a rule for a folder holds for everything below. */
function listPlaces(path: string): readonly string[] {
  const names = path.split('/');
  return names.map((_, index) => names.slice(0, index + 1).join('/'));
}

function parseRule(line: string): readonly Rule[] {
  if (line.startsWith('#')) return [];
  const text = line.trim();
  const keeps = text.startsWith('!');
  const path = cleanPath(keeps ? text.slice(1).trim() : text);
  if (path === '') return [];
  try {
    return [{ pattern: compile(path), keeps }];
  } catch {
    // The build itself reports a pattern that can't be read.
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
  const tokens = /\*\*\/|\*\*|\*|\?|\[(?:\\.|[^\]\\])+\]|\\.|[^]/gu;
  const source = path.replace(tokens, (token) => {
    if (token === '**/') return '(?:.*/)?';
    if (token === '**') return '.*';
    if (token === '*') return '[^/]*';
    if (token === '?') return '[^/]';
    if (token.startsWith('[') && token.length > 1) return token;
    const literal = token.startsWith('\\') ? token.slice(1) : token;
    return literal.replace(/[\\^$.*+?()[\]{}|/]/u, '\\$&');
  });
  return new RegExp(`^${source}$`, 'su');
}
