import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { listCommandLines } from './processes.js';

const POLL_MS = 50;

/** Looks at the arguments of all processes until the promise settles; returns those that hold one of the texts. */
export async function watchCommandLines(
  texts: readonly string[],
  until: Promise<unknown>,
): Promise<readonly string[]> {
  const found = new Set<string>();
  const watching = new AbortController();
  const end = (): void => {
    watching.abort();
  };
  until.then(end, end);
  while (!watching.signal.aborted) {
    for (const text of texts) {
      for (const line of await listCommandLines(text)) found.add(line);
    }
    await sleep(POLL_MS);
  }
  return [...found];
}

/** The files below a folder that hold a text. */
export async function findInFiles(folder: string, text: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const matches = await Promise.all(
    files.map(async ({ parentPath, name }) => {
      const content = await readFile(path.join(parentPath, name));
      return content.includes(text) ? [path.join(parentPath, name)] : [];
    }),
  );
  return matches.flat();
}
