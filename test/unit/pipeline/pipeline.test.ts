import { describe, expect, test } from 'vitest';
import { PIPELINES, RELEASE_PARTS } from '../../../src/pipeline/pipeline.js';

const { release } = PIPELINES;

describe('the release pipeline', () => {
  test('gives every step what it needs, by a step before it', () => {
    const reached = new Set<string>();
    for (const step of release) {
      expect({ step: step.id, missing: step.needs.filter((need) => !reached.has(need)) }).toEqual({
        step: step.id,
        missing: [],
      });
      reached.add(step.id);
    }
  });

  test('has each step once, each with a title of its own', () => {
    expect(new Set(release.map(({ id }) => id)).size).toBe(release.length);
    expect(new Set(release.map(({ title }) => title)).size).toBe(release.length);
  });

  test('commits late: what others can see comes last, in the order of its reach', () => {
    const ids = release.map(({ id }) => id);
    const order = [
      'plan',
      'preflight',
      'candidates',
      'approved',
      'pushed',
      'index',
      'versioned',
      'verified',
      'moved',
      'store',
    ] as const;
    expect(ids.filter((id) => order.some((one) => one === id))).toEqual(order);
  });
});

test('other commands run the beginning of it, none of which writes to a registry', () => {
  for (const name of ['plan', 'build', 'test'] as const) {
    // What they write is for this machine, or for the one that publishes.
    const steps = PIPELINES[name].filter(({ id }) => id !== 'exported');
    const local = release.filter(({ id }) => id !== 'githubDraft');
    expect(steps).toEqual(local.slice(0, steps.length));
    expect(steps.length).toBeGreaterThan(0);
    for (const { id } of steps)
      expect(['pushed', 'index', 'versioned', 'moved', 'store']).not.toContain(id);
  }
});

test('a plan starts no build', () => {
  for (const { tools } of PIPELINES.plan) {
    expect(tools).not.toContain('buildx');
    expect(tools).not.toContain('emulation');
  }
});

test('the parts of a release side by side are the whole release, in its order', () => {
  const { plan, prepare, build, attest, publish, announce, finish } = RELEASE_PARTS;
  const parts = [plan, prepare, build, attest, publish, announce, finish];
  expect(parts.flat()).toEqual(release);
  expect(build.map(({ id }) => id)).toEqual(['candidates', 'approved']);
  expect(announce.map(({ id }) => id)).toEqual(['store']);
  for (const part of parts) expect(part.length).toBeGreaterThan(0);
});
