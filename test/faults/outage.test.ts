import { describe, expect, it } from 'vitest';
import { STACK_TRACE } from '../helpers/expect-run.js';
import type { Fault } from './fault-proxy.js';
import {
  count,
  findUnfinished,
  findViolations,
  HAS_STAGE,
  IS_SHORT,
  useTheatre,
  type Stage,
} from './stage.js';

/** What one release meets. */
interface Outage {
  readonly stage: Stage;
  readonly kind: string;
  readonly fault: Fault;
  injected: number;
  isOver: boolean;
}

describe.skipIf(!HAS_STAGE)('a registry that refuses', () => {
  const theatre = useTheatre();

  /** A request without what is different from stage to stage and from image to image. */
  const kindOf = (request: string): string =>
    request.replace(/sha256:\w+/g, 'DIGEST').replace(/stage\d+/, 'stage');

  const stageOf = (request: string): string => /stage\d+/.exec(request)?.[0] ?? '';

  it('for as long as the program tries, at one request of each kind', async () => {
    const recorded = await theatre().setUp();
    expect((await recorded.release()).exitCode).toBe(0);
    const found = [...new Set(recorded.proxy.requests.map(kindOf))];
    expect(found.length).toBeGreaterThan(8);
    const kinds = found.filter((_kind, index) => !IS_SHORT || index % 2 === 0);
    const all: Outage[] = [];
    for (const [position, kind] of kinds.entries()) {
      const stage = await theatre().setUp();
      const fault = position % 2 === 0 ? '503' : '429';
      all.push({ stage, kind, fault, injected: 0, isOver: false });
    }
    const outages = new Map<string, Outage>();
    theatre().proxy.disturb = (request) => {
      const outage = outages.get(stageOf(request));
      if (outage === undefined || outage.isOver || kindOf(request) !== outage.kind)
        return undefined;
      outage.injected = 1;
      return outage.fault;
    };

    async function suffer(outage: Outage): Promise<void> {
      const { stage, kind } = outage;
      const first = await stage.release();
      outage.isOver = true;
      expect(outage.injected, `${kind}\n${first.stderr}`).toBe(1);
      expect(first.stderr).not.toMatch(STACK_TRACE);
      const problems = [...(await findViolations(stage, theatre()))];
      // Some are only to clean up: the release does not depend on them.
      const isAlone = first.exitCode === 0;
      if (!isAlone) {
        const second = await stage.resume();
        expect(second.exitCode, `${kind}\n${second.stderr}`).toBe(0);
      }
      problems.push(...(await findUnfinished(stage, theatre())));
      const [recovered, resumed] = isAlone ? [1, 0] : [0, 1];
      await count({ injected: 1, recovered, resumed, violations: problems.length });
      expect(problems, kind).toEqual([]);
    }

    const isOfStage = ({ kind }: Outage): boolean => kind.includes('stage');
    // What every release asks alike tells nothing of whose it is: such a one is alone.
    for (const outage of all.filter((one) => !isOfStage(one))) {
      outages.set('', outage);
      await suffer(outage);
    }
    outages.delete('');
    const queue = all.filter(isOfStage);
    for (const outage of queue) outages.set(stageOf(outage.stage.repository), outage);
    const work = async (): Promise<void> => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) await suffer(next);
    };
    // Nearly all of it is waiting.
    await Promise.all([work(), work(), work()]);
  });
});
