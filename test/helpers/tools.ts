import { accessSync, constants } from 'node:fs';
import path from 'node:path';

/** Where a program is that a test needs; undefined when it is not installed. */
export function findTool(name: string): string | undefined {
  // Distributions put some servers and admin tools where a plain user's PATH does not look.
  const folders = [...(process.env['PATH'] ?? '').split(path.delimiter), '/usr/sbin', '/sbin'];
  return folders
    .filter((folder) => folder !== '')
    .map((folder) => path.join(folder, name))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/**
 * Whether a program that a test needs is installed, so that its tests can be left out on a machine without it. In CI
 * a missing program is an error: there a test that was left out would pass for one that succeeded.
 */
export function requireTool(name: string): boolean {
  if (findTool(name) !== undefined) return true;
  if ((process.env['CI'] ?? '') !== '') {
    throw new Error(`${name} is not installed, and in CI no test may be left out for it`);
  }
  return false;
}
