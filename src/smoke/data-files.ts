import { extract } from 'tar-stream';
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
  const stream = await container.readTar(folder);
  if (stream === undefined) return [];
  const files: string[] = [];
  for await (const entry of stream.stdout.pipe(extract())) {
    const { name, type } = entry.header;
    const path = name.split('/').slice(1).join('/');
    if (type === 'file' && path !== OPTIONS && !PASSING.test(path)) files.push(path);
    entry.resume();
  }
  await stream.ended;
  return files;
}
