import { describe, expect, test } from 'vitest';
import { renderSummary, summarize } from '../../../src/cli/summary.js';
import type { ArchOutcome, Results } from '../../../src/pipeline/results.js';
import type { ArchPlan } from '../../../src/plan/release-plan.js';
import { renderPlan } from '../../../src/report/plan-text.js';
import type { CheckResult } from '../../../src/smoke/report.js';
import { sampleCandidate, sampleDigest } from '../../helpers/sample-candidate.js';
import { samplePlan } from '../../helpers/sample-plan.js';

const PLAN = samplePlan({ arches: ['amd64', 'armv7'] });

function planOf(arch: string): ArchPlan {
  const plan = PLAN.architectures.find((one) => one.arch === arch);
  if (plan === undefined) throw new Error(`no plan for ${arch}`);
  return plan;
}

function check(outcome: CheckResult['outcome'], more: Partial<CheckResult> = {}): CheckResult {
  return {
    id: 'ready',
    title: 'becomes healthy',
    outcome,
    evidence: 'seen',
    durationMs: 1,
    ...more,
  };
}

function built(arch: string, checks?: readonly CheckResult[]): ArchOutcome {
  const plan = planOf(arch);
  const candidate = sampleCandidate(plan);
  return {
    plan,
    build: { status: 'built', candidate },
    smoke:
      checks === undefined
        ? undefined
        : {
            arch: plan.arch,
            configDigest: candidate.configDigest,
            checks,
            passed: checks.every(({ outcome }) => outcome !== 'failed'),
            durationMs: 5,
            log: [],
          },
    unpackedBytes: 2_000_000,
  };
}

const NOT_BUILT: ArchOutcome = {
  plan: planOf('armv7'),
  build: {
    status: 'failed',
    failure: {
      message: 'exit code: 3',
      instruction: 'RUN make',
      file: '/addons/example/Dockerfile',
      line: 8,
      log: ['about to fail'],
    },
  },
  smoke: undefined,
  unpackedBytes: undefined,
};

const PUBLISHED: Partial<Results> = {
  plan: PLAN,
  candidates: [built('amd64', [check('passed')])],
  pushed: [
    {
      arch: 'amd64',
      repository: 'ghcr.io/owner/amd64-example',
      manifestDigest: sampleDigest('1'),
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      configDigest: sampleDigest('c'),
      manifestBytes: 500,
      compressedBytes: 700_000,
    },
  ],
  index: { repository: 'ghcr.io/owner/example', digest: sampleDigest('2') },
};

describe('summarize', () => {
  test('of nothing has nothing but the folder of the run', () => {
    expect(summarize({}, '/run')).toEqual({
      rows: [],
      lines: [],
      json: { architectures: [], tags: [], runFolder: '/run' },
    });
  });

  test('shows an image that was only built by its local name', () => {
    expect(summarize({ candidates: [built('amd64')] }, '/run').rows).toEqual([
      {
        arch: 'amd64',
        image: 'local/amd64-addon-example:1.2.3',
        digest: sampleDigest('c'),
        compressedBytes: undefined,
        unpackedBytes: 2_000_000,
        buildSeconds: 12.5,
        emulated: false,
        cachedSteps: 2,
        totalSteps: 5,
        outcome: 'built',
        note: undefined,
      },
    ]);
  });

  test('counts the checks of a tested one; warnings count as passed and are told apart', () => {
    const checks = [
      check('passed'),
      check('warning', { title: 'stops in time', evidence: 'exit code 143', hint: 'Exit with 0' }),
      check('skipped'),
    ];
    const { rows, lines } = summarize({ candidates: [built('armv7', checks)] }, '/run');
    expect(rows[0]).toMatchObject({
      outcome: 'tested',
      emulated: true,
      checksPassed: 2,
      checksFailed: 0,
      checksSkipped: 1,
    });
    expect(lines[0]).toBe('warning: armv7: stops in time: exit code 143. Exit with 0');
  });

  test('shows failures beside what went well', () => {
    const broken = built('amd64', [check('passed'), check('failed', { evidence: 'exit code 1' })]);
    const { rows, json } = summarize({ candidates: [broken, NOT_BUILT] }, '/run');
    expect(rows.map(({ arch, outcome, note }) => ({ arch, outcome, note }))).toEqual([
      { arch: 'amd64', outcome: 'failed', note: 'exit code 1' },
      { arch: 'armv7', outcome: 'failed', note: 'RUN make: exit code: 3' },
    ]);
    expect(json).toMatchObject({
      architectures: [
        { arch: 'amd64', smoke: { passed: false } },
        { arch: 'armv7', build: { status: 'failed', line: 8, log: ['about to fail'] } },
      ],
    });
  });

  test('calls an image published only when its version has been tagged', () => {
    expect(summarize(PUBLISHED, '/run').rows[0]).toMatchObject({
      outcome: 'tested',
      image: 'local/amd64-addon-example:1.2.3',
    });
    const versioned = { references: ['ghcr.io/owner/example:1.2.3'] };
    const { rows, lines, json } = summarize({ ...PUBLISHED, versioned }, '/run');
    expect(rows[0]).toMatchObject({
      outcome: 'published',
      image: 'ghcr.io/owner/amd64-example',
      digest: sampleDigest('1'),
      compressedBytes: 700_000,
    });
    expect(lines).toContain('published ghcr.io/owner/example:1.2.3');
    expect(lines.some((line) => line.endsWith(sampleDigest('2')))).toBe(true);
    expect(json).toMatchObject({
      tags: ['ghcr.io/owner/example:1.2.3'],
      index: { digest: sampleDigest('2') },
      architectures: [{ manifestDigest: sampleDigest('1'), compressedBytes: 700_000 }],
    });
  });

  test('names everything else that was written, and where the logs are', () => {
    const { lines, json } = summarize(
      {
        ...PUBLISHED,
        versioned: { references: ['a:1.2.3'] },
        moved: { references: ['a:latest'] },
        store: { file: '/addons/example/config.yaml' },
      },
      '/run',
    );
    const text = lines.join('\n');
    expect(json['tags']).toEqual(['a:1.2.3', 'a:latest']);
    for (const part of ['a:latest', '/addons/example/config.yaml', '/run/logs']) {
      expect(text).toContain(part);
    }
  });

  test('is data that survives JSON', () => {
    const { json } = summarize({ ...PUBLISHED, versioned: { references: ['a:1'] } }, '/run');
    expect(JSON.parse(JSON.stringify(json))).toMatchObject({
      plan: { schemaVersion: 1, version: '1.2.3' },
      architectures: [{ arch: 'amd64', platform: 'linux/amd64', emulated: false }],
      runFolder: '/run',
    });
  });
});

test('the store of a channel is named: what offers the version, or that none does', () => {
  const address = 'https://github.com/octo/store';
  const store = { address, branch: 'main', folder: 'example', commit: 'c0ffee', isNew: true };
  const linesOf = (elsewhere: Partial<NonNullable<Results['store']['elsewhere']>>) =>
    summarize(
      {
        store: { file: undefined, elsewhere: { ...store, pullRequest: undefined, ...elsewhere } },
      },
      '/run',
    ).lines;
  const url = 'https://github.com/octo/store/pull/1';
  expect(linesOf({})).toEqual([`offered   ${address} example, main`]);
  expect(linesOf({ isNew: false, folder: '' })).toEqual([
    `offered   ${address}, main (it was already)`,
  ]);
  expect(linesOf({ pullRequest: { url, outcome: 'created' } })).toEqual([`proposed  ${url}`]);
  const plan = { ...PLAN, notOffered: 'addon-release.yaml names no store for edge versions' };
  expect(summarize({ plan }, '/run').lines).toEqual([
    `store     none: ${plan.notOffered}`,
    'report    /run/report.html',
  ]);
  expect(renderPlan(plan)).toContain(`  store     none: ${plan.notOffered}\n`);
});

test('renderSummary puts the table above the lines, and no table where there is nothing', () => {
  const text = renderSummary(summarize({ candidates: [built('amd64')] }, '/run'));
  expect(text).toMatch(/^(?:ARCH .*\n)?amd64 [^]*\n\nlogs /);
  expect(text).toContain('/run/logs');
  expect(renderSummary({ rows: [], lines: ['one', 'two'], json: {} })).toBe('one\ntwo');
});
