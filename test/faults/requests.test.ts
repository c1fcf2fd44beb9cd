import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AtEnd, CliRun } from '../helpers/cli.js';
import { STACK_TRACE } from '../helpers/expect-run.js';
import { requireTool } from '../helpers/tools.js';
import { FAULTS } from './fault-proxy.js';
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
});
