import type { Problem } from '../problem.js';
import type { Decision } from './decision.js';

/** What becomes of one add-on of the repository. */
export interface Choice {
  /** The folder's name where the config can't be read. */
  readonly slug: string;
  /** Absolute. */
  readonly folder: string;
  /** What the config says now; undefined where it can't be read. */
  readonly version: string | undefined;
  readonly decision:
    | Decision
    /** Nothing can be decided. */
    | {
        readonly outcome: 'broken';
        readonly reason: string;
        readonly problems: readonly Problem[];
      };
}

/** An add-on that gets a release. */
export interface ChosenAddon extends Choice {
  readonly decision: Extract<Decision, { readonly outcome: 'release' }>;
}

export function isChosen(choice: Choice): choice is ChosenAddon {
  return choice.decision.outcome === 'release';
}
