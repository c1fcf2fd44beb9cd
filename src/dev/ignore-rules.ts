import { isIgnored, parseIgnorePatterns } from '../plan/dockerignore.js';

/** Decides which files of an add-on's folder matter. Paths are relative to it, with slashes. */
export interface IgnoreRules {
  ignores(path: string): boolean;
  /** Nothing below this folder can matter. */
  prunes(folder: string): boolean;
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
  const rules = parseIgnorePatterns(text ?? '');
  const hasExceptions = rules.some(({ keeps }) => keeps);
  const ignoredByName = (path: string): boolean =>
    path.split('/').some((name) => NEVER_WATCHED.has(name) || TEMPORARY.test(name));
  const ignoredByRules = (path: string): boolean => isIgnored(rules, path);
  return {
    ignores: (path) => ignoredByName(path) || (!ALWAYS_WATCHED.test(path) && ignoredByRules(path)),
    prunes: (folder) =>
      ignoredByName(folder) ||
      (!hasExceptions && !ALWAYS_WATCHED.test(folder) && ignoredByRules(folder)),
  };
}
