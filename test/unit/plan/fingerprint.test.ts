import { expect, test } from 'vitest';
import { comparePlans } from '../../../src/plan/fingerprint.js';
import { FINGERPRINT_ANNOTATION } from '../../../src/plan/release-plan.js';
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
