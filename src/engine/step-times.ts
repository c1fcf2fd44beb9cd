import type { BuildStepFact } from '../report/facts.js';
import type { SolveStatus } from './progress-records.js';

/** One instruction of one target as it was built. */
export interface BuiltStep {
  readonly target: string;
  /** Without the target: `builder 3/5`; `3/5` in a file with one stage. */
  readonly label: string;
  readonly instruction: string;
  readonly cached: boolean;
  /** Between start and end; what waited for other steps counts too. */
  readonly seconds: number;
}

const NAME = /^\[([^\]]+)\] ?(.*)$/s;
const COUNTER = /(?:^| )\d+\/\d+$/;
/** What takes less, and is no instruction, is nothing to look at. */
const SHOWN_MS = 100;

interface Entry {
  readonly name: string;
  started: number | undefined;
  completed: number | undefined;
  cached: boolean;
}

/** Follows the records of one bake call and keeps how long each instruction took. */
export class StepTimes {
  readonly #targets: ReadonlySet<string>;
  readonly #only: string | undefined;
  /** By digest and name: stages that are equal are one vertex with the name of one target. */
  readonly #entries = new Map<string, Entry>();

  constructor(targets: readonly string[]) {
    this.#targets = new Set(targets);
    this.#only = targets.length === 1 ? targets[0] : undefined;
  }

  apply(record: SolveStatus): void {
    for (const { digest, name, started, completed, cached } of record.vertexes ?? []) {
      const key = `${digest} ${name}`;
      const entry = this.#entries.get(key) ?? {
        name,
        started: undefined,
        completed: undefined,
        cached: false,
      };
      this.#entries.set(key, entry);
      if (started !== undefined) entry.started ??= Date.parse(started);
      if (completed !== undefined) entry.completed = Date.parse(completed);
      if (cached === true) entry.cached = true;
    }
  }

  /** Instructions that were built or taken from the cache, `FROM` not counted, in the order in which they began. */
  list(): readonly BuiltStep[] {
    return [...this.#entries.values()]
      .toSorted((a, b) => (a.started ?? Infinity) - (b.started ?? Infinity))
      .flatMap((entry) => this.#describe(entry) ?? []);
  }

  /** Everything that was done for a target, also before and after its instructions, in the order of its beginning. */
  timeline(target: string): readonly BuildStepFact[] {
    return [...this.#entries.values()]
      .flatMap((entry) => {
        const { target: owner, label, text } = this.#place(entry.name);
        const { started, completed, cached } = entry;
        if (owner !== target || started === undefined || completed === undefined) return [];
        const durationMs = cached ? 0 : Math.max(0, completed - started);
        if (!COUNTER.test(label) && durationMs < SHOWN_MS) return [];
        const startedAt = new Date(started).toISOString();
        return [
          { label, instruction: text.replaceAll(/\s+/g, ' '), cached, startedAt, durationMs },
        ];
      })
      .sort((a, b) => (a.startedAt < b.startedAt ? -1 : a.startedAt > b.startedAt ? 1 : 0));
  }

  #place(name: string): { target: string | undefined; label: string; text: string } {
    const [, bracket = '', text = name] = NAME.exec(name) ?? [];
    const [first = '', ...rest] = bracket.split(' ');
    return this.#targets.has(first)
      ? { target: first, label: rest.join(' '), text }
      : { target: this.#only, label: bracket, text };
  }

  #describe({ name, started, completed, cached }: Entry): BuiltStep | undefined {
    const { target, label, text } = this.#place(name);
    if (target === undefined || !COUNTER.test(label) || text.startsWith('FROM ')) return undefined;
    if (started === undefined || completed === undefined) return undefined;
    const seconds = cached ? 0 : Math.max(0, completed - started) / 1000;
    return { target, label, instruction: text.replaceAll(/\s+/g, ' '), cached, seconds };
  }
}
