import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AtEnd, CliRun } from '../helpers/cli.js';
import { STACK_TRACE } from '../helpers/expect-run.js';
import { requireTool } from '../helpers/tools.js';
import { FAULTS, type Fault } from './fault-proxy.js';
import {
  count,
  findUnfinished,
  findViolations,
  openTheatre,
  type Stage,
  type Theatre,
} from './stage.js';

const hasTools = ['docker', 'docker-registry', 'skopeo', 'git'].map(requireTool).every(Boolean);

/** More would mean that it does not get on. */
const MAX_RESUMES = 60;

describe.skipIf(!hasTools)('faults between the program and the registry', () => {
  const cleanUps: (() => Promise<unknown>)[] = [];
  const atEnd: AtEnd = (action) => cleanUps.unshift(action);
  let theatre: Theatre;

  beforeAll(async () => {
    theatre = await openTheatre(atEnd);
  });
  afterAll(async () => {
    for (const cleanUp of cleanUps) await cleanUp();
  });

  /** Runs a release to its good end, resuming it as often as it fails. */
  async function finish(stage: Stage, injected: () => number): Promise<readonly string[]> {
    const problems: string[] = [];
    let resumed = 0;
    let end: CliRun = await stage.release();
    while (end.exitCode !== 0 && resumed < MAX_RESUMES) {
      resumed++;
      expect([4, 7, 8, 9], end.stderr).toContain(end.exitCode);
      expect(end.stderr).not.toMatch(STACK_TRACE);
      problems.push(...(await findViolations(stage, theatre)));
      end = await stage.resume();
    }
    expect(end.exitCode, end.stderr).toBe(0);
    problems.push(...(await findUnfinished(stage, theatre)));
    const recovered = injected() - resumed;
    await count({ injected: injected(), recovered, resumed, violations: problems.length });
    return problems;
  }

  // Over all rotations every request meets every fault.
  it.each(FAULTS.map((name, offset) => ({ name, offset })))(
    'one at every request of a release, beginning with $name',
    async ({ offset }) => {
      const stage = await theatre.setUp();
      const met = new Set<string>();
      stage.proxy.disturb = (request) => {
        if (met.has(request)) return undefined;
        met.add(request);
        return FAULTS[(met.size + offset) % FAULTS.length];
      };
      expect(await finish(stage, () => met.size)).toEqual([]);
      expect(met.size).toBeGreaterThan(20);
    },
  );

  it('for as long as the program tries, at one request of each kind', async () => {
    const recorded = await theatre.setUp();
    expect((await recorded.release()).exitCode).toBe(0);
    const kinds = new Map(
      recorded.proxy.requests.map((request) => [
        request.replace(/sha256:\w+/g, 'DIGEST').replace(/stage\d+/, 'stage'),
        request,
      ]),
    );
    expect(kinds.size).toBeGreaterThan(8);
    let position = 0;
    for (const kind of kinds.keys()) {
      const stage = await theatre.setUp();
      const fault: Fault = position++ % 2 === 0 ? '503' : '429';
      let injected = 0;
      let isOver = false;
      stage.proxy.disturb = (request) => {
        const same = request.replace(/sha256:\w+/g, 'DIGEST').replace(/stage\d+/, 'stage') === kind;
        if (!same || isOver) return undefined;
        injected = 1;
        return fault;
      };
      const first = await stage.release();
      isOver = true;
      expect(injected, `${kind}\n${first.stderr}`).toBe(1);
      expect(first.stderr).not.toMatch(STACK_TRACE);
      const problems = [...(await findViolations(stage, theatre))];
      // Some are only to clean up: the release does not depend on them.
      const isAlone = first.exitCode === 0;
      if (!isAlone) {
        const second = await stage.resume();
        expect(second.exitCode, `${kind}\n${second.stderr}`).toBe(0);
      }
      problems.push(...(await findUnfinished(stage, theatre)));
      const [recovered, resumed] = isAlone ? [1, 0] : [0, 1];
      await count({ injected: 1, recovered, resumed, violations: problems.length });
      expect(problems, kind).toEqual([]);
    }
  });
});
