import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { IgnoreRules } from './ignore-rules.js';

/** The files of a folder that matter, as they were at one moment. */
export interface TreeSnapshot {
  /** What tells versions of a file apart, by its path: relative to the folder, or absolute outside of it. */
  readonly files: ReadonlyMap<string, string>;
  /** The folders that were looked into: absolute path, and what tells a folder from one that replaced it. */
  readonly folders: ReadonlyMap<string, string>;
}

async function stampOf(file: string): Promise<string | undefined> {
  const stats = await lstat(file).catch(() => undefined);
  if (stats === undefined || stats.isDirectory()) return undefined;
  return `${stats.mtimeMs} ${stats.size} ${stats.mode}`;
}

/**
 * Looks at all files of a folder that are not ignored. Links are not followed.
 *
 * @param others absolute paths of single files elsewhere
 */
export async function takeSnapshot(
  folder: string,
  rules: IgnoreRules,
  others: readonly string[],
): Promise<TreeSnapshot> {
  const files = new Map<string, string>();
  const folders = new Map<string, string>();
  const add = async (file: string, path: string): Promise<void> => {
    const stamp = await stampOf(file);
    if (stamp !== undefined) files.set(path, stamp);
  };
  const visit = async (current: string, prefix: string): Promise<void> => {
    const [stats, entries] = await Promise.all([
      lstat(current).catch(() => undefined),
      readdir(current, { withFileTypes: true }).catch(() => undefined),
    ]);
    // Removed meanwhile, or not readable: its files are gone for the build, too.
    if (stats === undefined || entries === undefined) return;
    folders.set(current, `${stats.dev} ${stats.ino}`);
    await Promise.all(
      entries.map(async (entry) => {
        const path = `${prefix}${entry.name}`;
        const file = join(current, entry.name);
        if (entry.isDirectory()) {
          if (!rules.prunes(path)) await visit(file, `${path}/`);
        } else if (!rules.ignores(path)) {
          await add(file, path);
        }
      }),
    );
  };
  await Promise.all([visit(folder, ''), ...others.map((file) => add(file, file))]);
  return { files, folders };
}

/** Paths that were added, removed or changed between two snapshots, in order. */
export function listChanges(before: TreeSnapshot, after: TreeSnapshot): readonly string[] {
  const paths = new Set([...before.files.keys(), ...after.files.keys()]);
  return [...paths].filter((path) => before.files.get(path) !== after.files.get(path)).sort();
}
