/**
 * One thing that is wrong with a file, a flag or the environment, as shown to the user.
 *
 * `line` and `column` count from 1. `hint` is the next action, in the imperative.
 */
export interface Problem {
  readonly severity: 'error' | 'warning';
  readonly message: string;
  readonly file?: string | undefined;
  readonly line?: number | undefined;
  readonly column?: number | undefined;
  readonly hint?: string | undefined;
}
