import { posix } from 'node:path';
import { readConfigText } from '../addon/config-text.js';
import { candidateNames } from '../addon/source-file.js';
import { readBlob } from './git.js';

/** What a store has of an add-on. */
export interface StoreState {
  /** The add-on's config, from the root; undefined when it has none. */
  readonly config: string | undefined;
  readonly slug: string | undefined;
  /** The version that it offers. */
  readonly offered: string | undefined;
  /** Whether the root has a repository.yaml, without which Home Assistant takes it for no store. */
  readonly isStore: boolean;
}

async function findText(
  root: string,
  commit: string,
  folder: string,
  stem: string,
): Promise<{ readonly path: string; readonly text: string } | undefined> {
  for (const name of candidateNames(stem)) {
    const path = posix.join(folder, name);
    const text = await readBlob(root, `${commit}:${path}`);
    if (text !== undefined) return { path, text };
  }
  return undefined;
}

/**
 * What a commit of a store says of the add-on in a folder.
 *
 * @param folder from the root, with `/`; "" is the root
 */
export async function readStoreState(
  root: string,
  commit: string,
  folder: string,
): Promise<StoreState> {
  const config = await findText(root, commit, folder, 'config');
  const repository = await findText(root, commit, '', 'repository');
  const read = (key: 'slug' | 'version') =>
    config === undefined ? undefined : readConfigText(config.path, config.text, key);
  return {
    config: config?.path,
    slug: read('slug'),
    offered: read('version'),
    isStore: repository !== undefined,
  };
}
