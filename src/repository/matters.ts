import { candidateNames } from '../addon/source-file.js';
import { isIgnored, type IgnorePattern } from '../plan/dockerignore.js';

/** Read by the Supervisor with a version, whatever `.dockerignore` says: installations keep it until they update. */
const WITH_VERSION: ReadonlySet<string> = new Set([
  ...candidateNames('config'),
  ...candidateNames('build'),
  'apparmor.txt',
  '.dockerignore',
]);

/** Shown as they are in git, to everybody at once. */
const SHOWN_AT_ONCE: ReadonlySet<string> = new Set([
  'README.md',
  'DOCS.md',
  'CHANGELOG.md',
  'icon.png',
  'logo.png',
]);

/** What releases are made with, not from. */
const TOOLS: ReadonlySet<string> = new Set([
  ...candidateNames('smoke'),
  ...candidateNames('addon-release'),
]);

/**
 * Is a file something that a new version would bring to installations: in the build context, or read by the Supervisor
 * with the version?
 *
 * @param path from the add-on's folder, with `/`
 * @param ignored what `.dockerignore` leaves out of the build context
 * @param isTest asks for what a test could find, which is said by more files
 */
export function matters(path: string, ignored: readonly IgnorePattern[], isTest = false): boolean {
  if (WITH_VERSION.has(path) || /^Dockerfile(?:\.[^/]+)?$/.test(path)) return true;
  if (/^translations\/[^/]+$/.test(path)) return true;
  if (TOOLS.has(path)) return isTest;
  if (SHOWN_AT_ONCE.has(path)) return false;
  return !isIgnored(ignored, path);
}
