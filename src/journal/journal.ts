import { open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { Arch } from '../addon/arch.js';
import { AddonReleaseError } from '../errors.js';
import { redact } from '../exec/redact.js';
import type {
  Journal,
  RecordedAttempt,
  RecordedCommand,
  RecordedResults,
  RecordedStep,
  RecordedWrite,
  RunJournal,
  RunStatus,
} from '../pipeline/journal.js';
import type { ArchOutcome, PushedImage } from '../pipeline/results.js';
import { VERSION } from '../version.js';
import { findProcess, identifyProcess } from './process-identity.js';

/** The step results that a journal keeps; others are found out again. */
const KEPT: ReadonlySet<string> = new Set<keyof RecordedResults>([
  'sources',
  'plan',
  'existing',
  'candidates',
  'pushed',
  'index',
  'signed',
  'versioned',
  'verified',
  'moved',
  'store',
  'retag',
  'restored',
]);

export function journalPath(runFolder: string): string {
  return join(runFolder, 'journal.json');
}

function without<T extends { readonly arch?: Arch; readonly plan?: { readonly arch: Arch } }>(
  list: readonly T[],
  arch: Arch,
): readonly T[] {
  return list.filter((item) => (item.arch ?? item.plan?.arch) !== arch);
}

/** Whether some process still works on the run, as far as this machine can tell. */
export async function isRunning({ status, attempts }: Journal): Promise<boolean> {
  const last = attempts.at(-1);
  if (status !== 'running' || last === undefined) return false;
  return (await findProcess(last)) === 'runs';
}

/**
 * Writes down what a run does while it does it. The file is replaced as a whole each time and reaches the disk
 * before the run goes on, so that a reader finds one true state whenever the process died.
 */
export class JournalWriter implements RunJournal {
  readonly previous: Journal | undefined;
  readonly #file: string;
  #journal: Journal;
  /** Writes happen one after the other. */
  #queue: Promise<void> = Promise.resolve();

  private constructor(file: string, journal: Journal, previous: Journal | undefined) {
    this.#file = file;
    this.#journal = journal;
    this.previous = previous;
  }

  /** @throws AddonReleaseError `environment` when the journal can't be written */
  static async start(
    runFolder: string,
    run: string,
    command: RecordedCommand,
    previous?: Journal,
  ): Promise<JournalWriter> {
    const startedAt = new Date().toISOString();
    const attempt: RecordedAttempt = { startedAt, ...(await identifyProcess()) };
    const journal: Journal = {
      schemaVersion: 1,
      run,
      tool: VERSION,
      command,
      status: 'running',
      attempts: [...(previous?.attempts ?? []), attempt],
      steps: [],
      tested: previous?.tested ?? [],
      pushed: previous?.pushed ?? [],
      results: previous?.results ?? {},
      writes: previous?.writes ?? [],
    };
    const writer = new JournalWriter(journalPath(runFolder), journal, previous);
    await writer.#save();
    return writer;
  }

  get journal(): Journal {
    return this.#journal;
  }

  async step(step: RecordedStep, result?: unknown): Promise<void> {
    const { steps, results } = this.#journal;
    const keep = result !== undefined && KEPT.has(step.id);
    await this.#update({
      steps: [...steps.filter(({ id }) => id !== step.id), step],
      results: keep ? { ...results, [step.id]: result } : results,
    });
  }

  async tested(outcome: ArchOutcome): Promise<void> {
    const tested = [...without(this.#journal.tested, outcome.plan.arch), outcome];
    await this.#update({ tested });
  }

  async pushed(image: PushedImage): Promise<void> {
    await this.#update({ pushed: [...without(this.#journal.pushed, image.arch), image] });
  }

  async wrote(write: Omit<RecordedWrite, 'at'>): Promise<void> {
    const at = new Date().toISOString();
    await this.#update({ writes: [...this.#journal.writes, { at, ...write }] });
  }

  async end(
    status: Exclude<RunStatus, 'running'>,
    exitCode: number,
    error?: Journal['error'],
  ): Promise<void> {
    const attempts = this.#journal.attempts.map((attempt, index, { length }) =>
      index === length - 1 ? { ...attempt, endedAt: new Date().toISOString(), exitCode } : attempt,
    );
    await this.#update({ status, attempts, error });
  }

  async #update(change: Partial<Journal>): Promise<void> {
    this.#journal = { ...this.#journal, ...change };
    await this.#save();
  }

  #save(): Promise<void> {
    const saved = this.#queue.then(() => replaceFile(this.#file, this.#journal));
    this.#queue = saved.catch(() => undefined);
    return saved;
  }
}

async function replaceFile(file: string, journal: Journal): Promise<void> {
  const partial = `${file}.partial`;
  try {
    const handle = await open(partial, 'w', 0o600);
    try {
      await handle.writeFile(redact(`${JSON.stringify(journal, undefined, 1)}\n`));
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(partial, file);
  } catch (cause) {
    throw new AddonReleaseError('environment', `the journal can't be written: ${file}`, {
      output: cause instanceof Error ? cause.message : undefined,
      hint: 'Make room or give the folder back its rights, then `addon-release resume`.',
      cause,
    });
  }
}
