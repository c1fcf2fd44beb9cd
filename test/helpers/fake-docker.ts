import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { makeTemporaryFolder } from './cli.js';
import { findTool } from './tools.js';

/**
 * Puts a `docker` first on the PATH that runs a few lines of shell and then passes everything on to the real one.
 *
 * @param script sees docker's arguments as `$@`; `exit` keeps them from the real one
 * @returns the PATH to use
 */
export async function fakeDocker(script: string): Promise<string> {
  const folder = await makeTemporaryFolder('fake-docker');
  const real = findTool('docker');
  if (real === undefined) throw new Error('docker is not installed');
  const content = `#!/bin/sh\n${script}\nexec '${real}' "$@"\n`;
  await writeFile(path.join(folder, 'docker'), content, { mode: 0o755 });
  return [folder, process.env['PATH']].join(path.delimiter);
}
