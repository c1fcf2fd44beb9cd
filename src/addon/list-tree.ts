import type { Dirent } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** One thing below a folder. */
export interface TreeEntry {
  /** Relative to the folder, with `/`. */
  readonly path: string;
  readonly kind: 'file' | 'folder' | 'link' | 'other';
  /** Of a file; else 0. */
  readonly bytes: number;
  /** Permission bits, as `0o755`; of a link 0. */
  readonly mode: number;
}

export interface Tree {
  /** A folder before what it holds, the names of a folder in code-point order. */
  readonly entries: readonly TreeEntry[];
  /** False when the limit ended the listing, or a folder could not be read. */
  readonly isComplete: boolean;
}

/**
 * Lists everything below a folder without following links. Never throws: what is gone is left out.
 *
 * @param maxDepth 1 lists the folder alone
 */
export async function listTree(
  folder: string,
  maxEntries: number,
  maxDepth = Infinity,
): Promise<Tree> {
  const entries: TreeEntry[] = [];
  let isComplete = true;
  const visit = async (path: string, depth: number): Promise<void> => {
    const names = await readFolder(join(folder, path));
    if (names === undefined) {
      isComplete = false;
      return;
    }
    const room = Math.max(0, maxEntries - entries.length);
    if (names.length > room) isComplete = false;
    const found = await Promise.all(names.slice(0, room).map((name) => describe(folder, path, name)));
    for (const entry of found) {
      if (entry === undefined) continue;
      if (entries.length >= maxEntries) {
        isComplete = false;
        return;
      }
      entries.push(entry);
      if (entry.kind === 'folder' && depth < maxDepth) await visit(entry.path, depth + 1);
    }
  };
  await visit('', 1);
  return { entries, isComplete };
}

async function readFolder(folder: string): Promise<readonly Dirent[] | undefined> {
  const found = await readdir(folder, { withFileTypes: true }).catch(() => undefined);
  return found?.sort((one, other) => (one.name < other.name ? -1 : 1));
}

async function describe(
  folder: string,
  parent: string,
  found: Dirent,
): Promise<TreeEntry | undefined> {
  const path = parent === '' ? found.name : `${parent}/${found.name}`;
  const stats = await lstat(join(folder, path)).catch(() => undefined);
  if (stats === undefined) return undefined;
  const kind = stats.isFile()
    ? 'file'
    : stats.isDirectory()
      ? 'folder'
      : stats.isSymbolicLink()
        ? 'link'
        : 'other';
  return {
    path,
    kind,
    bytes: kind === 'file' ? stats.size : 0,
    mode: kind === 'link' ? 0 : stats.mode & 0o7777,
  };
}
