import type { CheckContext } from '../check.js';
import { lookInside, type Inside } from '../inside.js';
import { skipped, type CheckFinding } from '../report.js';

/** What the container looks like after all that was asked of it, looked at once for all checks. */
export async function lookLate({ container, notes }: CheckContext): Promise<Inside | undefined> {
  notes.late ??= await lookInside(container);
  return notes.late;
}

/** The finding of a check that could not look inside. */
export async function skipUnseen({ container }: CheckContext): Promise<CheckFinding> {
  const { running } = await container.state();
  return skipped(running ? 'the image has no /bin/sh to look with' : 'it has ended');
}
