import { posix } from 'node:path';
import { replaceVersion } from '../addon/set-version.js';
import { AddonReleaseError } from '../errors.js';
import type { ChannelStore } from '../plan/channel-store.js';
import { listStoreFiles } from './committed-files.js';
import { readBlob } from './git.js';
import { findCommittedFile, writeBlob, type NewFile } from './objects.js';

/** What `git update-index --index-info` takes for a file that goes. */
function removal(path: string, blob: string): NewFile {
  return { path, mode: '0', blob: blob.replace(/./g, '0') };
}

async function changeVersion(
  { root, version, address }: ChannelStore,
  path: string,
  tip: string,
): Promise<readonly NewFile[]> {
  const found = await findCommittedFile(root, tip, path);
  const before = found === undefined ? undefined : await readBlob(root, found.blob);
  if (found === undefined || before === undefined || found.mode === '120000') {
    throw new AddonReleaseError('store', `${path} is no file in ${address} any more`, {
      hint: `Set \`version: "${version}"\` in the store by hand; the images are published.`,
    });
  }
  const after = replaceVersion(path, before, version);
  return after === before ? [] : [{ path, mode: found.mode, blob: await writeBlob(root, after) }];
}

/**
 * What has to change in a store for it to offer the version; nothing when it does.
 *
 * @param tip the newest commit of its branch, which must be there in `store.root`
 * @throws AddonReleaseError `store` when the config to be changed is gone
 */
export async function listStoreChanges(
  store: ChannelStore,
  tip: string,
): Promise<readonly NewFile[]> {
  const { root, folder, content } = store;
  if (content.kind === 'version') return changeVersion(store, content.path, tip);
  const there = await listStoreFiles(root, tip, folder);
  const before = new Map(there.map((file) => [posix.join(folder, file.path), file]));
  const wanted = new Set(content.files.map(({ path }) => path));
  const gone = [...before].filter(([path]) => !wanted.has(path));
  return [
    ...gone.map(([path, { blob }]) => removal(path, blob)),
    ...content.files.filter(({ path, blob, mode }) => {
      const known = before.get(path);
      return known?.blob !== blob || known.mode !== mode;
    }),
  ];
}
