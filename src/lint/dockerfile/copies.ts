import type { Step } from './build-file.js';
import { listWords } from './instruction.js';

export interface CopyOfContext {
  readonly step: Step;
  /** Relative to the context, without `./`; `.` for all of it. */
  readonly sources: readonly string[];
  readonly target: string;
}

/** What a COPY or ADD takes from the build context; undefined for other stages' and images' files. */
export function readCopy(step: Step): CopyOfContext | undefined {
  if (step.keyword !== 'COPY' && step.keyword !== 'ADD') return undefined;
  if (step.flags.some(({ name }) => name === 'from')) return undefined;
  const words = listWords(step).map(({ text }) => text);
  const sources = words
    .slice(0, -1)
    .filter((text) => !text.startsWith('<<') && !/^(?:https?|git|ssh):|^git@/.test(text))
    .map((text) => text.replace(/^(?:\.?\/)+/, '').replace(/\/+$/, '') || '.');
  return sources.length === 0 ? undefined : { step, sources, target: words.at(-1) ?? '' };
}
