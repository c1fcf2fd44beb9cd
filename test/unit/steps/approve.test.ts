import { describe, expect, test } from 'vitest';
import type { ArchOutcome } from '../../../src/pipeline/results.js';
import { runPipeline } from '../../../src/pipeline/run.js';
import type { ArchPlan } from '../../../src/plan/release-plan.js';
import type { RunEvent } from '../../../src/report/events.js';
import type { CheckResult } from '../../../src/smoke/report.js';
import { approveStep } from '../../../src/steps/approve.js';
import { sampleCandidate, sampleDigest } from '../../helpers/sample-candidate.js';
import { givenStep, sampleContext } from '../../helpers/sample-context.js';
import { sampleOptions } from '../../helpers/sample-options.js';
import { samplePlan } from '../../helpers/sample-plan.js';

const PLAN = samplePlan({ arches: ['amd64', 'armv7'] });

function planOf(arch: string): ArchPlan {
  const plan = PLAN.architectures.find((one) => one.arch === arch);
  if (plan === undefined) throw new Error(`no plan for ${arch}`);
  return plan;
}

const GOOD: CheckResult = {
  id: 'ready',
  title: 'becomes healthy',
  outcome: 'passed',
  evidence: 'after 1 s',
  durationMs: 1,
};

function tested(arch: string, ...checks: readonly CheckResult[]): ArchOutcome {
  const plan = planOf(arch);
  const candidate = sampleCandidate(plan);
  return {
    plan,
    build: { status: 'built', candidate },
    smoke: {
      arch: plan.arch,
      configDigest: candidate.configDigest,
      checks,
      passed: checks.every(({ outcome }) => outcome !== 'failed'),
      durationMs: 1,
      log: [],
    },
    unpackedBytes: undefined,
  };
}

function unbuilt(arch: string): ArchOutcome {
  return {
    plan: planOf(arch),
    build: {
      status: 'failed',
      failure: {
        message: 'exit code: 3',
        instruction: 'RUN make',
        file: '/addons/example/Dockerfile',
        line: 8,
        log: ['one', 'two'],
      },
    },
    smoke: undefined,
    unpackedBytes: undefined,
  };
}

async function approve(candidates: readonly ArchOutcome[], smoke = true) {
  const events: RunEvent[] = [];
  const { results, error } = await runPipeline(
    [
      givenStep('plan', PLAN),
      givenStep('existing', { indexDigest: undefined, published: undefined }),
      givenStep('candidates', candidates),
      approveStep,
    ],
    sampleContext({
      options: sampleOptions({ smoke }),
      emit: (event) => events.push(event),
      runFolder: '/run',
    }),
  );
  return { approved: results.approved?.map(({ arch }) => arch), error, events };
}

describe('approval', () => {
  test('lets a complete set of tested images through', async () => {
    expect(await approve([tested('amd64', GOOD), tested('armv7', GOOD)])).toMatchObject({
      approved: ['amd64', 'armv7'],
      error: undefined,
    });
  });

  test('is not stopped by warnings and what was skipped', async () => {
    const checks = [
      { ...GOOD, outcome: 'warning' } as const,
      { ...GOOD, outcome: 'skipped' } as const,
    ];
    expect((await approve([tested('amd64', ...checks), tested('armv7')])).error).toBeUndefined();
  });

  test('needs no tests where none were asked for', async () => {
    const built = { ...tested('amd64'), smoke: undefined };
    const other = { ...tested('armv7'), smoke: undefined };
    expect((await approve([built, other], false)).approved).toEqual(['amd64', 'armv7']);
  });

  test('ends at what did not build, with its instruction, its line and the end of its log', async () => {
    const { approved, error } = await approve([unbuilt('amd64'), tested('armv7', GOOD)]);
    expect(approved).toBeUndefined();
    expect(error).toMatchObject({
      failure: 'build',
      exitCode: 5,
      message: 'amd64 did not build; nothing was published',
      problems: [
        {
          severity: 'error',
          message: 'amd64: RUN make\n  | one\n  | two\n  exit code: 3',
          file: '/addons/example/Dockerfile',
          line: 8,
        },
      ],
      hint: expect.stringContaining('/run/logs') as unknown,
    });
  });

  test('ends at a failed test, with every finding of every architecture', async () => {
    const bad = { ...GOOD, outcome: 'failed', evidence: 'exit code 1', hint: 'Look' } as const;
    const { error } = await approve([tested('amd64', GOOD, bad), tested('armv7', bad)]);
    expect(error).toMatchObject({
      failure: 'smoke',
      exitCode: 6,
      message: 'amd64, armv7 failed the smoke test; nothing was published',
      problems: [
        { message: 'amd64: becomes healthy: exit code 1', hint: 'Look' },
        { message: 'armv7: becomes healthy: exit code 1', hint: 'Look' },
      ],
    });
  });

  test('of both kinds of failure names the build, and shows both', async () => {
    const bad = { ...GOOD, outcome: 'failed' } as const;
    const { error } = await approve([unbuilt('amd64'), tested('armv7', bad)]);
    expect(error).toMatchObject({ failure: 'build', problems: [{}, {}] });
  });

  test.each([
    ['an architecture without any outcome', [tested('amd64', GOOD)]],
    [
      'an image that nobody tested',
      [tested('amd64', GOOD), { ...tested('armv7', GOOD), smoke: undefined }],
    ],
    [
      'the test of another image',
      [
        tested('amd64', GOOD),
        {
          ...tested('armv7', GOOD),
          build: {
            status: 'built' as const,
            candidate: { ...sampleCandidate(planOf('armv7')), configDigest: sampleDigest('0') },
          },
        },
      ],
    ],
  ])('takes %s for a defect', async (_what, outcomes) => {
    const { approved, error } = await approve(outcomes);
    expect(approved).toBeUndefined();
    expect(error).toEqual(new Error('armv7 was neither tested nor reported as failed'));
  });
});

describe('an optional architecture', () => {
  const optional = (outcome: ArchOutcome): ArchOutcome => ({
    ...outcome,
    plan: { ...outcome.plan, optional: true },
  });

  test('that fails is left out, and the reason is told', async () => {
    for (const broken of [unbuilt('armv7'), tested('armv7', { ...GOOD, outcome: 'failed' })]) {
      const { approved, error, events } = await approve([tested('amd64', GOOD), optional(broken)]);
      expect(error).toBeUndefined();
      expect(approved).toEqual(['amd64']);
      const notices = events.flatMap((event) => (event.type === 'notice' ? [event.message] : []));
      expect(notices).toHaveLength(1);
      expect(notices[0]).toMatch(/^armv7 is optional and left out:\narmv7: /);
    }
  });

  test('is published when it is good', async () => {
    const { approved } = await approve([tested('amd64', GOOD), optional(tested('armv7', GOOD))]);
    expect(approved).toEqual(['amd64', 'armv7']);
  });

  test('does not make a release of nothing', async () => {
    const { approved, error } = await approve([
      optional(unbuilt('amd64')),
      optional(unbuilt('armv7')),
    ]);
    expect(approved).toBeUndefined();
    expect(error).toMatchObject({ failure: 'build' });
  });

  test('saves no required one', async () => {
    const { error } = await approve([optional(tested('amd64', GOOD)), unbuilt('armv7')]);
    const message = expect.stringMatching(/^armv7 /) as unknown;
    expect(error).toMatchObject({ failure: 'build', message });
  });
});
