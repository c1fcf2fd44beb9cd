import { lstatSync, readdirSync, type Dirent, type Stats } from 'node:fs';
import { join } from 'node:path';

/** One thing below a folder. */
export interface TreeEntry {
  /** Relative to the folder, with `/`. */
  readonly path: string;
  readonly kind: 'file' | 'folder' | 'link' | 'other';
  /** Of a file; else, and when it was not asked for, 0. */
  readonly bytes: number;
  /** Permission bits, as `0o755`; of a link, and when they were not asked for, 0. */
  readonly mode: number;
}

export interface Tree {
  /** A folder before what it holds, the names of a folder in code-point order. */
  readonly entries: readonly TreeEntry[];
  /** False when the limit ended the listing, or a folder could not be read. */
  readonly isComplete: boolean;
}

export interface ListOptions {
  readonly maxEntries: number;
  /** 1 lists the folder alone; by default there is no limit. */
  readonly maxDepth?: number | undefined;
  /** Is a folder of this name entered? By default every one is. */
  readonly enters?: ((name: string) => boolean) | undefined;
  /** Ask for sizes and permissions too. */
  readonly measure: boolean;
}

/**
 * Lists everything below a folder without following links. Never throws: what is gone is left out.
 *
 * It does not wait for the file system, as that costs several times as much as looking, and there are
 * thousands of entries.
 */
export function listTree(folder: string, options: ListOptions): Tree {
  const { maxEntries, maxDepth = Infinity, enters = () => true, measure } = options;
  const entries: TreeEntry[] = [];
  let isComplete = true;
  const visit = (path: string, depth: number): void => {
    const found = readFolder(join(folder, path));
    if (found === undefined) isComplete = false;
    for (const one of found ?? []) {
      if (entries.length >= maxEntries) {
        isComplete = false;
        return;
      }
      const entry = describe(folder, path, one, measure);
      if (entry === undefined) continue;
      entries.push(entry);
      if (entry.kind === 'folder' && depth < maxDepth && enters(one.name)) {
        visit(entry.path, depth + 1);
      }
    }
  };
  visit('', 1);
  return { entries, isComplete };
}

function readFolder(folder: string): readonly Dirent[] | undefined {
  try {
    const found = readdirSync(folder, { withFileTypes: true });
    return found.sort((one, other) => (one.name < other.name ? -1 : 1));
  } catch {
    return undefined;
  }
}

function describe(
  folder: string,
  parent: string,
  found: Dirent,
  measure: boolean,
): TreeEntry | undefined {
  const path = parent === '' ? found.name : `${parent}/${found.name}`;
  const kind = kindOf(found);
  if (!measure || kind === 'link') return { path, kind, bytes: 0, mode: 0 };
  const stats = measureEntry(join(folder, path));
  if (stats === undefined) return undefined;
  return { path, kind, bytes: kind === 'file' ? stats.size : 0, mode: stats.mode & 0o7777 };
}

function measureEntry(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

function kindOf(found: Dirent): TreeEntry['kind'] {
  if (found.isFile()) return 'file';
  if (found.isDirectory()) return 'folder';
  return found.isSymbolicLink() ? 'link' : 'other';
}
