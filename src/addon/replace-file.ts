import { mkdir, readdir, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isProcess } from '../is-process.js';

/** A file that is being written: `.config.yaml.123.addon-release`, with the writer's process. */
const UNFINISHED = /^\..+\.(\d+)\.addon-release$/;

/** Whether a path names what an interrupted run left behind, and the next one removes. */
export function isUnfinishedFile(path: string): boolean {
  return UNFINISHED.test(basename(path));
}

async function removeUnfinished(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const pid = UNFINISHED.exec(name)?.[1];
    if (pid === undefined || isProcess(Number(pid))) continue;
    await rm(join(folder, name), { force: true });
  }
}

/**
 * Replaces a file's content as a whole or not at all; a new file comes into being the same way. A link stays one: the
 * file that it names is replaced.
 */
export async function replaceFile(file: string, content: string): Promise<void> {
  const target = await realpath(file).catch(() => file);
  const folder = dirname(target);
  await mkdir(folder, { recursive: true });
  await removeUnfinished(folder);
  const mode = await stat(target).then(
    (found) => found.mode,
    () => 0o644,
  );
  const temporary = join(folder, `.${basename(target)}.${process.pid}.addon-release`);
  try {
    await writeFile(temporary, content, { mode: mode & 0o7777, flush: true });
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/**
 * Writes a file that does not exist yet, with the folders that it needs.
 *
 * @throws what the file system says, also when the file exists
 */
export async function createFile(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text, { flag: 'wx' });
}
