import { expect, test } from 'vitest';
import { comparePlans } from '../../../src/plan/fingerprint.js';
import { FINGERPRINT_ANNOTATION } from '../../../src/plan/release-plan.js';
import { renderPlan } from '../../../src/report/plan-text.js';
import { samplePlan } from '../../helpers/sample-plan.js';

test('is the same for the same release, wherever it is made', () => {
  const plan = samplePlan();
  expect(plan.fingerprint).toMatch(/^sha256:[0-9a-f]{64}$/);
  expect(samplePlan({ folder: '/elsewhere' }).fingerprint).toBe(plan.fingerprint);
  expect(plan.indexAnnotations[FINGERPRINT_ANNOTATION]).toBe(plan.fingerprint);
  expect(comparePlans(plan, plan)).toEqual([]);
});

test.each([
  ['version', { version: '1.2.4' }],
  ['architectures', { arches: ['amd64'] as const }],
  ['image', { image: 'ghcr.io/owner/other' }],
])('is another one with another %s', (_name, changes) => {
  const [before, now] = [samplePlan(), samplePlan(changes)];
  expect(now.fingerprint).not.toBe(before.fingerprint);
  expect(comparePlans(before, now).length).toBeGreaterThan(0);
});

test('differences are told by name, but no build arguments: they may be secret', () => {
  const before = samplePlan({ arches: ['amd64'] });
  const now = {
    ...before,
    source: { ...before.source, revision: 'b'.repeat(40) },
    architectures: before.architectures.map((arch) => ({
      ...arch,
      buildArgs: { ...arch.buildArgs, TOKEN: 'correct-horse' },
    })),
  };
  expect(comparePlans(before, now)).toEqual([
    `revision: none → ${'b'.repeat(40)}`,
    'amd64: build arguments differ',
  ]);
});

test('attestations belong to it, but not where their generator is pulled from', () => {
  const sbomGenerator = 'docker/generator:1';
  const attest = { provenance: 'max', sbomGenerator } as const;
  const [without, plan] = [samplePlan(), samplePlan({ attest })];
  expect(plan.fingerprint).not.toBe(without.fingerprint);
  expect(comparePlans(without, plan)).toEqual([
    `attestations: none → {"provenance":"max","generator":"${sbomGenerator}"}`,
  ]);
  const baseMirrors = [{ from: 'docker.io', to: 'localhost:5000' }];
  const mirrored = samplePlan({ attest, baseMirrors });
  expect(mirrored.attest?.sbom?.source).toBe('localhost:5000/docker/generator:1');
  expect(mirrored.fingerprint).toBe(plan.fingerprint);
});

test('attestations are written before the index that names them', () => {
  const plan = samplePlan({ attest: { provenance: 'min', sbomGenerator: 'docker/generator:1' } });
  const pushes = plan.writes.filter(({ kind }) => kind === 'push').map(({ detail }) => detail);
  expect(pushes.slice(-2)).toEqual([
    'provenance (min) and SBOM of linux/amd64, linux/arm64, linux/arm/v7 by digest',
    'index of linux/amd64, linux/arm64, linux/arm/v7 by digest',
  ]);
  expect(renderPlan(plan)).toContain('attested  provenance (min), SBOM by docker/generator:1\n');
});
