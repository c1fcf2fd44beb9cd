import { readdir, readFile } from 'node:fs/promises';

/** Command lines of running processes that hold a text: what everybody on this machine can read. Linux only. */
export async function listCommandLines(text: string): Promise<readonly string[]> {
  const names = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(
    names.map(async (pid) => {
      // The process may have ended meanwhile.
      const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      return line.replaceAll('\0', ' ');
    }),
  );
  return lines.filter((line) => line.includes(text));
}
