import type { ReleaseOptions } from './options.js';
import type { RunJournal } from './journal.js';
import type { LayerUploads } from '../engine/layer-uploads.js';
import type { RegistryClient } from '../registry/client.js';
import type { Emit } from '../report/events.js';
import type { Once } from './once.js';
import type { Results } from './results.js';
import type { Session } from './session.js';

/** Programs that a step starts. `doctor` checks those of all steps. */
export type Tool = 'docker' | 'buildx' | 'emulation' | 'registry' | 'git' | 'github' | 'cosign';

export interface StepContext {
  readonly options: ReleaseOptions;
  readonly emit: Emit;
  /** Aborted by SIGINT and SIGTERM. Steps stop what they started and clean up before they return. */
  readonly signal: AbortSignal;
  /** With the logins of `docker login`. */
  readonly registry: RegistryClient;
  /** Layers of tested images on their way to the registry. */
  readonly uploads: LayerUploads;
  /** Hands over what only the run's end waits for: clearing away while the next steps go on. */
  readonly atEnd: (work: Promise<void>) => void;
  /** A folder of this run's own for logs, definitions and metadata, outside the add-on. */
  readonly runFolder: string;
  readonly journal: RunJournal;
  /** Where the locks of all runs are. */
  readonly locksFolder: string;
  /** What has the same answer for the whole run, and for those at its side: what the engine is, what a base image is. */
  readonly once: Once;
  /** What this run shares with others at its side; undefined = it is alone. */
  readonly session?: Session | undefined;
}

/** A result that holds without the step being run. */
export interface Recalled<Result> {
  readonly result: Result;
  /** Why, for people: "published already". */
  readonly reason: string;
}

/** One step of the pipeline: reads the results it needs, returns its own. */
export interface Step<
  Id extends keyof Results = keyof Results,
  Needs extends keyof Results = keyof Results,
> {
  readonly id: Id;
  /** What it does, as shown while it runs: "Push images by digest". */
  readonly title: string;
  readonly needs: readonly Needs[];
  readonly tools: readonly Tool[];
  /** A reason that a person reads when there is nothing to do; undefined to run. */
  readonly skip?: (results: Pick<Results, Needs>, context: StepContext) => string | undefined;
  /** Whether its result is known already: from an earlier attempt, or because there is nothing to do. */
  readonly recall?: (
    results: Pick<Results, Needs>,
    context: StepContext,
  ) => Recalled<Results[Id]> | undefined;
  readonly run: (results: Pick<Results, Needs>, context: StepContext) => Promise<Results[Id]>;
  /** One line about the result. */
  readonly summarize?: (result: Results[Id]) => string;
}

/** Ties a step's `needs` to what its functions may read. */
export function defineStep<Id extends keyof Results, const Needs extends keyof Results>(
  step: Step<Id, Needs>,
): Step {
  // The runner hands over exactly the results named in `needs`, so widening the parameter is safe.
  return step as unknown as Step;
}
