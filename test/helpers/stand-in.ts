import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { onTestFinished, vi } from 'vitest';

/** A program that takes the place of a real one while one test runs. */
export interface StandIn {
  /** A folder of its own, gone after the test; its script starts there. */
  readonly folder: string;
  /** The arguments of every call so far, joined by spaces. */
  readonly calls: () => Promise<readonly string[]>;
}

/**
 * Puts a shell script first on PATH under the name of a program. Files that it needs can be written to its folder
 * later, which it finds as `$HERE`.
 */
export async function standInFor(name: string, script: string): Promise<StandIn> {
  const folder = await mkdtemp(join(tmpdir(), 'stand-in-'));
  onTestFinished(async () => {
    vi.unstubAllEnvs();
    await rm(folder, { recursive: true });
  });
  const program = join(folder, name);
  const calls = join(folder, 'calls.log');
  await writeFile(calls, '');
  await writeFile(
    program,
    `#!/bin/sh\nHERE='${folder}'\nprintf '%s\\n' "$*" >>"$HERE/calls.log"\n${script}\n`,
  );
  await chmod(program, 0o755);
  vi.stubEnv('PATH', `${folder}${delimiter}${process.env['PATH'] ?? ''}`);
  return {
    folder,
    calls: async () => (await readFile(calls, 'utf8')).split('\n').slice(0, -1),
  };
}
