import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { DeadEnd } from '../../../src/smoke/checks/dead-end.js';
import type { CheckFinding } from '../../../src/smoke/report.js';
import { candidateFor, checkContext, standInContainer } from './support.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

interface Look {
  readonly inside: readonly string[];
  readonly log?: readonly string[];
}

/** What is found by one look after another at a container that changes. */
async function look(
  looks: readonly Look[],
  arch: 'amd64' | 'armv7' = 'amd64',
  ports: readonly number[] = [],
): Promise<readonly (CheckFinding | undefined)[]> {
  let now = 0;
  const { container } = standInContainer();
  Object.defineProperties(container, {
    log: { get: () => looks[now]?.log ?? [] },
    execAsRoot: {
      value: () => Promise.resolve({ stdout: [...(looks[now]?.inside ?? []), 'end|'].join('\n') }),
    },
  });
  const context = checkContext({
    container,
    candidate: candidateFor(arch),
    timeScale: arch === 'amd64' ? 1 : 3,
  });
  const deadEnd = new DeadEnd(context, ports);
  const findings: (CheckFinding | undefined)[] = [];
  for (now = 0; now < looks.length; now += 1) {
    vi.advanceTimersByTime(8_000);
    findings.push(await deadEnd.find());
  }
  return findings;
}

const CRASH = 'qemu: uncaught target signal 11 (Segmentation fault) - core dumped';

/** Process 1 and the processor time that it has used. */
const alone = (ticks = 7): readonly string[] => [
  'process|1|0|0|start',
  `first|1 (start (x) y) S 0 1 1 0 -1 4194560 100 0 0 0 ${ticks} 3 0 0 20 0 1 0 5 1 1`,
];

describe('a hang after a crash of process 1 under QEMU', () => {
  test('is seen at the second look, wherever the crash is in the log', async () => {
    const seen = { inside: alone(), log: [CRASH, 'start: about to crash'] };
    const [first, second] = await look([seen, seen], 'armv7');
    expect(first).toBeUndefined();
    expect(second).toMatchObject({
      outcome: 'failed',
      evidence: `it hangs after a crash: ${CRASH}`,
      hint: expect.stringContaining("often QEMU's own") as string,
    });
  });

  test.each<readonly [string, Look, Look, 'amd64' | 'armv7']>([
    [
      'without emulation',
      { inside: alone(), log: [CRASH] },
      { inside: alone(), log: [CRASH] },
      'amd64',
    ],
    ['without a crash', { inside: alone(), log: ['a'] }, { inside: alone(), log: ['a'] }, 'armv7'],
    [
      'while it uses time',
      { inside: alone(7), log: [CRASH] },
      { inside: alone(8), log: [CRASH] },
      'armv7',
    ],
    [
      'while it says something',
      { inside: alone(), log: [CRASH] },
      { inside: alone(), log: [CRASH, 'a'] },
      'armv7',
    ],
    [
      'while something else runs',
      { inside: [...alone(), 'process|9|1|0|app'], log: [CRASH] },
      { inside: [...alone(), 'process|9|1|0|app'], log: [CRASH] },
      'armv7',
    ],
    [
      'while nothing can be read of it',
      { inside: ['process|1|0|0|start'], log: [CRASH] },
      { inside: ['process|1|0|0|start'], log: [CRASH] },
      'armv7',
    ],
  ])('is none %s', async (_when, first, second, arch) => {
    expect(await look([first, second], arch)).toEqual([undefined, undefined]);
  });
});

describe('a service that is started again and again', () => {
  const UP = 'service|web|up (pid 20) 0 seconds';
  const deaths = (count: number) => Array<string>(count).fill('death|web|@4 exitcode 3');

  test('will not come up', async () => {
    const log = ['no such host'];
    const [few, many] = await look([
      { inside: [UP, ...deaths(4)], log },
      { inside: [UP, ...deaths(5)], log },
    ]);
    expect(few).toBeUndefined();
    expect(many).toMatchObject({
      outcome: 'failed',
      evidence: 'web ended 5 times, last with exitcode 3; last line: no such host',
    });
  });

  test('because it gets no memory is told as that', async () => {
    const [finding] = await look([
      { inside: [UP, ...deaths(5), 'usage|memory.events|oom_kill 5'] },
    ]);
    expect(finding?.evidence).toMatch(
      /^web ended 5 times, last with exitcode 3, because .* of memory/,
    );
  });
});

test('a port on localhost is a dead end when it is still there at the second look', async () => {
  const local = 'tcp|  0: 0100007F:1F40 00000000:0000 0A 0:0';
  const open = 'tcp|  0: 00000000:1F40 00000000:0000 0A 0:0';
  const findings = await look([{ inside: [local] }, { inside: [local] }], 'amd64', [8000]);
  expect(findings[1]?.evidence).toBe('port 8000 listens on localhost only');
  expect(await look([{ inside: [local] }, { inside: [open] }], 'amd64', [8000])).toEqual([
    undefined,
    undefined,
  ]);
});

test('nothing is looked at before its time', async () => {
  const { container } = standInContainer({ inside: alone() });
  const deadEnd = new DeadEnd(checkContext({ container }), []);
  vi.advanceTimersByTime(2_000);
  const execAsRoot = vi.spyOn(container, 'execAsRoot');
  await deadEnd.find();
  expect(execAsRoot).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1_000);
  await deadEnd.find();
  expect(execAsRoot).toHaveBeenCalledOnce();
});
