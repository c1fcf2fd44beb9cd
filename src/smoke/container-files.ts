import { text } from 'node:stream/consumers';
import { extract } from 'tar-stream';
import type { Container } from './container.js';

/** A regular file of a container. */
export interface FoundFile {
  /** As `docker cp` names it: below the last part of the path that was asked for. */
  readonly name: string;
  readonly sizeBytes: number;
  /** Reads its content; only before the next file is asked for. */
  readonly read: () => Promise<string>;
}

/**
 * The regular files of a container, which may have ended: a file, or all in a folder. None when there is no such path.
 */
export async function* findContainerFiles(
  container: Pick<Container, 'readTar'>,
  path: string,
): AsyncGenerator<FoundFile, void, undefined> {
  const stream = await container.readTar(path);
  if (stream === undefined) return;
  const archive = extract();
  stream.on('error', (error) => {
    archive.destroy(error);
  });
  try {
    for await (const entry of stream.pipe(archive)) {
      const { name, type, size } = entry.header;
      if (type === 'file') yield { name, sizeBytes: size, read: () => text(entry) };
      entry.resume();
    }
  } finally {
    stream.destroy();
  }
}
