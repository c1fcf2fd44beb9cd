import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isInside, listNames } from './files.js';
import { candidateNames, SUFFIXES } from './source-file.js';

/** A file of an add-on, as its store needs it. */
export interface StoreFile {
  /** From the add-on's folder, with `/`. */
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** What Home Assistant reads of an add-on whose images are pulled (supervisor/store/data.py, apps/model.py). */
const NAMES: ReadonlySet<string> = new Set([
  ...candidateNames('config'),
  ...['CHANGELOG.md', 'DOCS.md', 'README.md', 'apparmor.txt', 'icon.png', 'logo.png'],
]);

const TRANSLATIONS = 'translations';

/** More than any picture or changelog needs. */
export const MAX_STORE_FILE_BYTES = 4 * 1024 * 1024;

/** Whether a store needs the file. Those files of the folder in the store are ours, all others are not. */
export function isStoreFile(path: string): boolean {
  const [folder, name, ...deeper] = path.split('/');
  if (name === undefined) return NAMES.has(path);
  return (
    folder === TRANSLATIONS &&
    deeper.length === 0 &&
    SUFFIXES.some((suffix) => name.endsWith(suffix))
  );
}

/**
 * What a store needs of an add-on, from its folder. Links are followed, but not out of the boundary.
 *
 * @returns the files, and those that were left out, with the reason
 */
export async function readStoreFiles(
  folder: string,
  boundary: string,
): Promise<{ readonly files: readonly StoreFile[]; readonly left: readonly string[] }> {
  const translations = await listNames(join(folder, TRANSLATIONS));
  const paths = [
    ...(await listNames(folder)),
    ...translations.map((name) => `${TRANSLATIONS}/${name}`),
  ].filter(isStoreFile);
  const files: StoreFile[] = [];
  const left: string[] = [];
  for (const path of paths) {
    const file = join(folder, path);
    const found = await stat(file).catch(() => undefined);
    if (found?.isFile() !== true) left.push(`${path}: no file`);
    else if (!(await isInside(file, boundary))) left.push(`${path}: a link out of ${boundary}`);
    else if (found.size > MAX_STORE_FILE_BYTES) left.push(`${path}: ${found.size} bytes`);
    else files.push({ path, bytes: await readFile(file) });
  }
  return { files, left };
}
