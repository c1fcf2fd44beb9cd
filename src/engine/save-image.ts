import { createWriteStream } from 'node:fs';
import { link, mkdir } from 'node:fs/promises';
import { dirname, posix } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { extract, type ExtractEvents } from 'tar-stream';
import { AddonReleaseError } from '../errors.js';
import { streamDocker } from './docker.js';
import { entryPath, unreadable } from './image-archive.js';

/** Another name for an entry: engines before version 25 write a layer that occurs twice as a symbolic link. */
interface Alias {
  readonly path: string;
  readonly target: string;
}

async function unpackEntry(
  folder: string,
  header: ExtractEvents['entry'][0],
  content: ExtractEvents['entry'][1],
): Promise<Alias | undefined> {
  const name = header.name.replace(/\/$/, '');
  const path = entryPath(folder, name);
  switch (header.type) {
    case 'directory':
      await mkdir(path, { recursive: true });
      content.resume();
      return undefined;
    case 'file':
    case 'contiguous-file':
      await mkdir(dirname(path), { recursive: true });
      await pipeline(content, createWriteStream(path, { flags: 'wx' }));
      return undefined;
    case 'symlink': {
      const { linkname } = header;
      const relative = posix.isAbsolute(linkname)
        ? linkname
        : posix.join(posix.dirname(name), linkname);
      const target = entryPath(folder, relative);
      content.resume();
      return { path, target };
    }
    default:
      throw unreadable(`${name} is neither a file nor a folder`);
  }
}

/** Unpacks the tar file that the engine sends into `folder`. */
async function unpackArchive(
  source: Readable,
  folder: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const aliases: Alias[] = [];
  const archive = extract();
  archive.on('entry', (header, content, next) => {
    // The stream of the whole archive reports the same error.
    content.on('error', () => undefined);
    unpackEntry(folder, header, content).then((alias) => {
      if (alias !== undefined) aliases.push(alias);
      next();
    }, next);
  });
  await pipeline(source, archive, signal === undefined ? {} : { signal });
  for (const { path, target } of aliases) {
    await mkdir(dirname(path), { recursive: true });
    await link(target, path);
  }
}

async function readText(stream: Readable): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part as Buffer);
  return Buffer.concat(parts).toString('utf8').trim();
}

/**
 * Copies an image out of the engine into an empty folder, layer by layer as the engine keeps them. Memory use does
 * not depend on the image.
 *
 * @param imageId as `Candidate.imageId`
 * @throws AddonReleaseError `environment` when the engine or the disk fails.
 */
export async function saveImage(
  imageId: string,
  folder: string,
  signal?: AbortSignal,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const save = streamDocker(['image', 'save', imageId], { signal });
  save.stdin.end();
  const [ended, message, unpacked] = await Promise.allSettled([
    save.ended,
    readText(save.stderr),
    unpackArchive(save.stdout, folder, signal).catch((error: unknown) => {
      save.kill();
      throw error;
    }),
  ]);
  signal?.throwIfAborted();
  if (ended.status === 'rejected') throw ended.reason;
  const broken =
    unpacked.status === 'rejected' ? describeUnpackError(unpacked.reason, folder) : undefined;
  // An archive that ends early is explained by docker's message; docker's end may also be our doing.
  if (broken instanceof AddonReleaseError) throw broken;
  if (ended.value !== 0) {
    throw new AddonReleaseError('environment', `docker image save ${imageId} failed`, {
      output: message.status === 'fulfilled' ? message.value : '',
      hint: 'Run `addon-release doctor` to check the engine.',
    });
  }
  if (broken !== undefined) throw unreadable(broken.message, broken);
}

/** Failures of the disk and of what was found in the archive get their words; a bad tar file stays as it is. */
function describeUnpackError(error: unknown, folder: string): Error {
  if (!(error instanceof Error)) return new Error(String(error));
  if (error instanceof AddonReleaseError || !('syscall' in error)) return error;
  return new AddonReleaseError('environment', `cannot keep an image in ${folder}`, {
    output: error.message,
    hint: 'Free some space there.',
    cause: error,
  });
}
