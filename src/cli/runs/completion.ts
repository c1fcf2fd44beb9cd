import { AddonReleaseError } from '../../errors.js';
import type { CommandResult } from '../command.js';
import { describePlaces, renderBash, renderFish, renderZsh } from '../completion.js';
import { createProgram } from '../program.js';

const SHELLS = { bash: renderBash, zsh: renderZsh, fish: renderFish } as const;

function isShell(name: string): name is keyof typeof SHELLS {
  return Object.hasOwn(SHELLS, name);
}

/** The script for a shell, made from the same description as the help. */
export function runCompletion(shell = ''): CommandResult {
  if (!isShell(shell)) {
    throw new AddonReleaseError('usage', `"${shell}" is no shell that can be completed for`, {
      hint: `Use one of ${Object.keys(SHELLS).join(', ')}.`,
    });
  }
  const script = SHELLS[shell](describePlaces(createProgram(() => undefined)));
  return { text: script, json: { script }, error: undefined };
}
