import { dirname } from 'node:path';
import { findFiles, listFoldersUpwards } from './files.js';
import { candidateNames } from './source-file.js';

/** The nearest folder at or above a folder that holds a `repository.yaml`, within the same checkout. */
export async function findRepositoryRoot(folder: string): Promise<string | undefined> {
  for (const candidate of await listFoldersUpwards(folder)) {
    const [file] = findFiles(candidate, candidateNames('repository'));
    if (file !== undefined) return dirname(file);
  }
  return undefined;
}
