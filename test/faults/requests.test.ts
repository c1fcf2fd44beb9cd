import { describe, expect, it } from 'vitest';
import type { CliRun } from '../helpers/cli.js';
import { STACK_TRACE } from '../helpers/expect-run.js';
import { FAULTS } from './fault-proxy.js';
import {
  count,
  findUnfinished,
  findViolations,
  HAS_STAGE,
  IS_SHORT,
  useTheatre,
  type Stage,
} from './stage.js';

/** More would mean that it does not get on. */
const MAX_RESUMES = 60;

describe.skipIf(!HAS_STAGE)('faults between the program and the registry', () => {
  const theatre = useTheatre();

  /** Runs a release to its good end, resuming it as often as it fails. */
  async function finish(stage: Stage, injected: () => number): Promise<readonly string[]> {
    const problems: string[] = [];
    let resumed = 0;
    let end: CliRun = await stage.release();
    while (end.exitCode !== 0 && resumed < MAX_RESUMES) {
      resumed++;
      expect([4, 7, 8, 9], end.stderr).toContain(end.exitCode);
      expect(end.stderr).not.toMatch(STACK_TRACE);
      problems.push(...(await findViolations(stage, theatre())));
      end = await stage.resume();
    }
    expect(end.exitCode, end.stderr).toBe(0);
    problems.push(...(await findUnfinished(stage, theatre())));
    const recovered = injected() - resumed;
    await count({ injected: injected(), recovered, resumed, violations: problems.length });
    return problems;
  }

  // Over all rotations every request meets every fault; over half of them every fault, and each request half of them.
  const rotations = FAULTS.map((name, offset) => ({ name, offset }));

  it.each(rotations.filter(({ offset }) => !IS_SHORT || offset % 2 === 0))(
    'one at every request of a release, beginning with $name',
    async ({ offset }) => {
      const stage = await theatre().setUp();
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
