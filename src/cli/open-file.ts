import { AddonReleaseError } from '../errors.js';
import { run } from '../exec/run.js';

/** How each platform shows a file with the program that its user has chosen for it. */
const OPENERS: Readonly<Record<string, readonly string[]>> = {
  darwin: ['open'],
  win32: ['rundll32', 'url.dll,FileProtocolHandler'],
};

const OPEN_TIMEOUT_MS = 20_000;

/** @throws AddonReleaseError `environment` when there is nothing to show it with */
export async function openFile(file: string, signal: AbortSignal): Promise<void> {
  const [program = '', ...args] = OPENERS[process.platform] ?? ['xdg-open'];
  const { exitCode, stderr } = await run(program, [...args, file], {
    signal,
    timeoutMs: OPEN_TIMEOUT_MS,
  });
  if (exitCode === 0) return;
  signal.throwIfAborted();
  throw new AddonReleaseError('environment', `${program} could not show ${file}`, {
    output: stderr.trim(),
    hint: 'Open the file in a browser yourself.',
  });
}
