import { findContainerFiles } from './container-files.js';
import type { Container } from './container.js';

/** Files that come and go with the process that has them open. */
const PASSING = /(?:\.(?:pid|lock|lck|sock|tmp|swp)|-(?:wal|shm|journal)|\/lost\+found)$/i;

/** Written anew by the Supervisor before every start. */
const OPTIONS = 'options.json';

/**
 * The files in a folder of a container, which may have ended, relative to the folder: those that are there to stay.
 */
export async function listDataFiles(
  container: Pick<Container, 'readTar'>,
  folder: string,
): Promise<readonly string[]> {
  const files: string[] = [];
  for await (const { name } of findContainerFiles(container, folder)) {
    const path = name.split('/').slice(1).join('/');
    if (path !== OPTIONS && !PASSING.test(path)) files.push(path);
  }
  return files;
}
