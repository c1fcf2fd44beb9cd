import { posix } from 'node:path';
import { isStoreFile, MAX_STORE_FILE_BYTES, type StoreFile } from '../addon/store-files.js';
import { gitOutput, readBytes } from './git.js';

interface ListedFile {
  /** From the folder, with `/`. */
  readonly path: string;
  readonly mode: string;
  readonly blob: string;
}

/** Links that lead to links that lead to links. */
const MAX_LINKS = 5;

/** The files that a store needs, as a folder (from the root, "" is the root) has them in a commit. */
export async function listStoreFiles(
  root: string,
  commit: string,
  folder: string,
): Promise<readonly ListedFile[]> {
  const prefix = folder === '' ? '' : `${folder}/`;
  const args = ['ls-tree', '-r', '-z', '--full-tree', commit];
  const output = await gitOutput(
    root,
    prefix === '' ? args : [...args, '--', prefix],
    'list the files of a commit',
  );
  return output.split('\0').flatMap((line): readonly ListedFile[] => {
    const [, mode = '', blob = '', full = ''] = /^(\d+) blob ([0-9a-f]+)\t(.+)$/s.exec(line) ?? [];
    const path = full.slice(prefix.length);
    return full !== '' && isStoreFile(path) ? [{ path, mode, blob }] : [];
  });
}

/** The content behind a path of a commit, symbolic links followed within the commit. */
async function readFollowed(
  root: string,
  commit: string,
  path: string,
  links = 0,
): Promise<Uint8Array | undefined> {
  const line = await gitOutput(
    root,
    ['ls-tree', '-z', '--full-tree', commit, '--', path],
    `look for ${path}`,
  );
  const [, mode = '', blob = ''] = /^(\d+) blob ([0-9a-f]+)\t/.exec(line) ?? [];
  if (blob === '') return undefined;
  const bytes = await readBytes(root, blob);
  if (mode !== '120000' || bytes === undefined) return bytes;
  const target = posix.join(posix.dirname(path), bytes.toString('utf8'));
  if (links === MAX_LINKS || target.startsWith('..') || target.startsWith('/')) return undefined;
  return readFollowed(root, commit, target, links + 1);
}

/**
 * What a store needs of an add-on, from a commit of its repository.
 *
 * @param folder the add-on's, from the root; "" is the root
 */
export async function readCommittedFiles(
  root: string,
  commit: string,
  folder: string,
): Promise<{ readonly files: readonly StoreFile[]; readonly left: readonly string[] }> {
  const files: StoreFile[] = [];
  const left: string[] = [];
  for (const { path } of await listStoreFiles(root, commit, folder)) {
    const bytes = await readFollowed(root, commit, posix.join(folder, path));
    if (bytes === undefined) left.push(`${path}: a link that leads to no file`);
    else if (bytes.length > MAX_STORE_FILE_BYTES) left.push(`${path}: ${bytes.length} bytes`);
    else files.push({ path, bytes });
  }
  return { files, left };
}
