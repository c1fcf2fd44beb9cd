import { join } from 'node:path';
import { findFiles, isFolder, listNames } from './files.js';
import { PyDict } from './python-value.js';
import { candidateNames, loadSourceFile } from './source-file.js';

/** Deeper than repositories of add-ons are. */
const MAX_DEPTH = 3;

/** An add-on as a repository names it. */
export interface ListedAddon {
  readonly slug: string;
  /** Absolute. */
  readonly folder: string;
}

function readSlugs(folder: string, root: string): readonly ListedAddon[] {
  const addons: ListedAddon[] = [];
  for (const file of findFiles(folder, candidateNames('config'))) {
    const loaded = loadSourceFile(file, root);
    const value = loaded.ok ? loaded.source.document.value : undefined;
    const slug = value instanceof PyDict && value.has('version') ? value.get('slug') : undefined;
    if (typeof slug === 'string') addons.push({ slug, folder });
  }
  return addons;
}

async function collect(
  folder: string,
  root: string,
  depth: number,
): Promise<readonly ListedAddon[]> {
  const addons = [...(readSlugs(folder, root))];
  if (depth === 0) return addons;
  for (const name of await listNames(folder)) {
    if (name.startsWith('.') || name === 'rootfs' || name === 'node_modules') continue;
    const child = join(folder, name);
    if (await isFolder(child)) addons.push(...(await collect(child, root, depth - 1)));
  }
  return addons;
}

/**
 * All add-ons in a repository, in the order of their folders. Files that can't be read are left out, as the store
 * leaves them out.
 *
 * @param root absolute path of the repository's folder
 */
export async function listAddons(root: string): Promise<readonly ListedAddon[]> {
  return collect(root, root, MAX_DEPTH);
}

/**
 * The slugs of all add-ons in a repository, in the order of their folders. Files that can't be read are left out, as
 * the store leaves them out.
 *
 * @param root absolute path of the repository's folder
 */
export async function listSlugs(root: string): Promise<readonly string[]> {
  return [...new Set((await listAddons(root)).map(({ slug }) => slug))];
}
