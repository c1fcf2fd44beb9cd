import { closeSync, openSync, readFileSync, readSync, realpathSync, statSync, type Stats } from 'node:fs';
import { lstat, readdir, realpath, stat } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';

// Files of add-ons are small and many. Looking at one and reading it does not wait for the file system, as that costs
// several times as much as doing it.

/** More than any file of an add-on needs; a larger one is refused unread. */
export const MAX_FILE_BYTES = 1024 * 1024;

export type FileText =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly message: string };

/**
 * Reads a text file that must lie, symbolic links followed, inside of a folder.
 *
 * @param boundary the folder that may not be left; undefined for a file that is known to be no link
 */
export function readTextFile(
  file: string,
  boundary: string | undefined,
): FileText {
  try {
    if (boundary !== undefined && !liesInside(file, boundary)) {
      return { ok: false, message: `is a link to a place outside of ${boundary}` };
    }
    // Opening a pipe waits for its writer, and a device may never end.
    const found = statSync(file);
    if (!found.isFile()) return { ok: false, message: 'is no regular file' };
    if (found.size > MAX_FILE_BYTES) {
      return { ok: false, message: `has ${found.size} bytes; at most ${MAX_FILE_BYTES} are read` };
    }
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    return { ok: true, text: text.decode(readFileSync(file)) };
  } catch (error) {
    if (error instanceof TypeError) return { ok: false, message: 'is not encoded in UTF-8' };
    if (isSystemError(error)) return { ok: false, message: `cannot be read (${error.code})` };
    throw error;
  }
}

/**
 * The beginning of a file that must lie, symbolic links followed, inside of a folder; undefined for
 * everything that is no readable file.
 */
export function readFirstBytes(
  file: string,
  boundary: string | undefined,
  maxBytes: number,
): Uint8Array | undefined {
  try {
    if (boundary !== undefined && !liesInside(file, boundary)) return undefined;
    if (!statSync(file).isFile()) return undefined;
    const handle = openSync(file, 'r');
    try {
      const bytes = new Uint8Array(maxBytes);
      return bytes.subarray(0, readSync(handle, bytes, 0, maxBytes, 0));
    } finally {
      closeSync(handle);
    }
  } catch (error) {
    if (isSystemError(error)) return undefined;
    throw error;
  }
}

/** The first of the names that is a file in the folder, and the others that are there too. */
export function findFiles(folder: string, names: readonly string[]): string[] {
  const files = names.map((name) => join(folder, name));
  return files.filter((file) => statNow(file)?.isFile() === true);
}

/** Is there a regular file, or a link to one? */
export async function isFile(path: string): Promise<boolean> {
  return (await statOrNothing(path))?.isFile() ?? false;
}

export async function isFolder(path: string): Promise<boolean> {
  return (await statOrNothing(path))?.isDirectory() ?? false;
}

/** Is there anything at all under the path, be it a broken link? */
export async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

/** Does the path, symbolic links followed, lie in the folder? */
export async function isInside(path: string, folder: string): Promise<boolean> {
  const [real, boundary] = await Promise.all([realpath(path), realpath(folder)]);
  return liesIn(real, boundary);
}

function liesIn(real: string, boundary: string): boolean {
  return real === boundary || real.startsWith(boundary.endsWith(sep) ? boundary : boundary + sep);
}

function liesInside(path: string, folder: string): boolean {
  return liesIn(realpathSync.native(path), realpathSync.native(folder));
}

/** Names in a folder in code-point order; none when there is no such folder. */
export async function listNames(folder: string): Promise<readonly string[]> {
  return readdir(folder).then(
    (names) => names.sort(),
    () => [],
  );
}

/** The folder and those above it, up to and including the one that holds a `.git`. */
export async function listFoldersUpwards(start: string): Promise<readonly string[]> {
  const folders = [start];
  for (let folder = start; !(await exists(join(folder, '.git'))); ) {
    const parent = dirname(folder);
    if (parent === folder) break;
    folders.push(parent);
    folder = parent;
  }
  return folders;
}

function statOrNothing(path: string): Promise<Stats | undefined> {
  return stat(path).catch(() => undefined);
}

function statNow(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

function isSystemError(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && 'code' in error && typeof error.code === 'string';
}
