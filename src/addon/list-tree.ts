import type { Dirent } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
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

/** Lists everything below a folder without following links. Never throws: what is gone is left out. */
export async function listTree(folder: string, options: ListOptions): Promise<Tree> {
  const { maxEntries, maxDepth = Infinity, enters = () => true, measure } = options;
  const entries: TreeEntry[] = [];
  let isComplete = true;
  const visit = async (path: string, depth: number): Promise<void> => {
    const found = await readFolder(join(folder, path));
    if (found === undefined) isComplete = false;
    const room = Math.max(0, maxEntries - entries.length);
    const kept = (found ?? []).slice(0, room);
    if (kept.length < (found?.length ?? 0)) isComplete = false;
    const described = measure
      ? await Promise.all(kept.map((one) => describeMeasured(folder, path, one)))
      : kept.map((one) => describe(path, one));
    for (const [index, entry] of described.entries()) {
      if (entry === undefined) continue;
      if (entries.length >= maxEntries) {
        isComplete = false;
        return;
      }
      entries.push(entry);
      const name = kept[index]?.name ?? '';
      if (entry.kind === 'folder' && depth < maxDepth && enters(name)) {
        await visit(entry.path, depth + 1);
      }
    }
  };
  await visit('', 1);
  return { entries, isComplete };
}

async function readFolder(folder: string): Promise<readonly Dirent[] | undefined> {
  const found = await readdir(folder, { withFileTypes: true }).catch(() => undefined);
  return found?.sort((one, other) => (one.name < other.name ? -1 : 1));
}

function describe(parent: string, found: Pick<Dirent, 'name' | KindTest>): TreeEntry {
  const path = parent === '' ? found.name : `${parent}/${found.name}`;
  return { path, kind: kindOf(found), bytes: 0, mode: 0 };
}

type KindTest = 'isFile' | 'isDirectory' | 'isSymbolicLink';

function kindOf(found: Pick<Dirent, KindTest>): TreeEntry['kind'] {
  if (found.isFile()) return 'file';
  if (found.isDirectory()) return 'folder';
  return found.isSymbolicLink() ? 'link' : 'other';
}

async function describeMeasured(
  folder: string,
  parent: string,
  found: Dirent,
): Promise<TreeEntry | undefined> {
  const entry = describe(parent, found);
  if (entry.kind === 'link') return entry;
  const stats = await lstat(join(folder, entry.path)).catch(() => undefined);
  if (stats === undefined) return undefined;
  return { ...entry, bytes: entry.kind === 'file' ? stats.size : 0, mode: stats.mode & 0o7777 };
}
