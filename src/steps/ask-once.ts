import type { StepContext } from '../pipeline/step.js';

/** Asks what has the same answer for all runs that go side by side; only the first one's question is asked. */
export function askOnce<T>(
  { session }: Pick<StepContext, 'session'>,
  question: string,
  ask: () => Promise<T>,
): Promise<T> {
  return session === undefined ? ask() : session.once(question, ask);
}
