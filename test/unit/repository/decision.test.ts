import { describe, expect, test } from 'vitest';
import { decide, listFiles, type AddonFacts } from '../../../src/repository/decision.js';

const TODAY = new Date('2026-11-23');
const CHANGED = { changed: true, bump: undefined, today: TODAY, isTest: false };
const BUMPED = { changed: true, bump: 'patch', today: TODAY, isTest: false } as const;
const ALL = { changed: false, bump: undefined, today: TODAY, isTest: false };

function facts(changes: Partial<AddonFacts> = {}): AddonFacts {
  return {
    slug: 'example',
    version: '1.2.0',
    versionAt: { file: '/addons/example/config.yaml', line: 2, column: 1 },
    lastRelease: { version: '1.2.0', commit: 'a1b2c3d', by: 'tag' },
    changes: [],
    isPublished: undefined,
    hasImage: true,
    ...changes,
  };
}

describe('by what changed since the last release', () => {
  test('nothing is no reason', () => {
    expect(decide(facts(), CHANGED)).toEqual({
      outcome: 'skip',
      reason: 'unchanged since 1.2.0 (a1b2c3d)',
    });
  });

  test('a new version in the config is released, with the files that changed', () => {
    const changes = ['Dockerfile', 'config.yaml'];
    expect(decide(facts({ version: '1.3.0', changes }), CHANGED)).toEqual({
      outcome: 'release',
      version: '1.3.0',
      reason: 'changed since 1.2.0 (a1b2c3d): Dockerfile, config.yaml',
    });
  });

  test('a new version alone is released too', () => {
    expect(decide(facts({ version: '1.3.0' }), CHANGED)).toMatchObject({
      outcome: 'release',
      reason: '1.3.0 is newer than the last release, 1.2.0 (a1b2c3d)',
    });
  });

  test('changes without a new version are refused at the place of the version', () => {
    expect(decide(facts({ changes: ['Dockerfile'] }), CHANGED)).toMatchObject({
      outcome: 'refuse',
      problem: {
        file: '/addons/example/config.yaml',
        line: 2,
        column: 1,
        message:
          'example changed since 1.2.0 (a1b2c3d): Dockerfile, but its version is still 1.2.0',
      },
    });
  });

  test('--bump gives them one', () => {
    const decision = decide(facts({ changes: ['Dockerfile'] }), BUMPED);
    expect(decision).toMatchObject({ outcome: 'release', version: '1.2.1' });
  });

  test('--bump leaves the version alone that somebody has chosen, and those without changes', () => {
    expect(decide(facts({ version: '2.0.0' }), BUMPED)).toMatchObject({ version: '2.0.0' });
    expect(decide(facts(), BUMPED)).toMatchObject({ outcome: 'skip' });
  });

  test('after going back to an older version --bump follows the newest', () => {
    const back = facts({ version: '1.1.0', changes: ['Dockerfile'] });
    expect(decide(back, BUMPED)).toMatchObject({ version: '1.2.1' });
    expect(decide(facts({ version: '1.1.0' }), BUMPED)).toMatchObject({ outcome: 'skip' });
  });

  test('without a tag the registry knows whether there was a release', () => {
    const lastRelease = { version: '1.2.0', commit: 'a1b2c3d', by: 'config' } as const;
    expect(decide(facts({ lastRelease, isPublished: false }), CHANGED)).toEqual({
      outcome: 'release',
      version: '1.2.0',
      reason: 'never released: there is no tag, and 1.2.0 is not in the registry',
    });
    const published = facts({ lastRelease, isPublished: true });
    expect(decide(published, CHANGED)).toMatchObject({ outcome: 'skip' });
    expect(decide({ ...published, changes: ['run'] }, CHANGED)).toMatchObject({
      outcome: 'refuse',
    });
    expect(decide(facts({ lastRelease: undefined, isPublished: false }), CHANGED)).toMatchObject({
      outcome: 'release',
    });
  });
});

describe('by what the registry has', () => {
  test('a version that is missing there is released', () => {
    expect(decide(facts({ isPublished: false }), ALL)).toEqual({
      outcome: 'release',
      version: '1.2.0',
      reason: '1.2.0 is not in the registry',
    });
  });

  test('a version that is there is not, unless every add-on is to get a new one', () => {
    const there = facts({ isPublished: true });
    expect(decide(there, ALL)).toEqual({ outcome: 'skip', reason: '1.2.0 is published' });
    expect(decide(there, { ...ALL, bump: 'minor' })).toMatchObject({
      outcome: 'release',
      version: '1.3.0',
    });
  });
});

test('what installations build themselves is never released', () => {
  for (const wish of [ALL, CHANGED, BUMPED]) {
    expect(decide(facts({ hasImage: false, changes: ['Dockerfile'] }), wish)).toMatchObject({
      outcome: 'skip',
    });
  }
});

test.each([
  [['a'], 'a'],
  [['a', 'b', 'c', 'd'], 'a, b, c, d'],
  [['a', 'b', 'c', 'd', 'e'], 'a, b, c and 2 more'],
])('%j is told as "%s"', (files, text) => {
  expect(listFiles(files)).toBe(text);
});

describe('for a test', () => {
  const TEST = { ...CHANGED, isTest: true };

  test('what changed needs no new version, and none that is built by installations is left out', () => {
    for (const hasImage of [true, false]) {
      expect(decide(facts({ hasImage, changes: ['Dockerfile'] }), TEST)).toEqual({
        outcome: 'release',
        version: '1.2.0',
        reason: 'changed since 1.2.0 (a1b2c3d): Dockerfile',
      });
      expect(decide(facts({ hasImage }), TEST)).toMatchObject({ outcome: 'skip' });
    }
  });

  test('what has no tag is tested, whatever the registry has', () => {
    expect(decide(facts({ lastRelease: undefined, isPublished: false }), TEST)).toEqual({
      outcome: 'release',
      version: '1.2.0',
      reason: 'there is no tag of a release',
    });
  });

  test('every add-on is tested where all are asked for', () => {
    expect(decide(facts(), { ...TEST, changed: false })).toMatchObject({
      outcome: 'release',
      reason: 'every add-on is asked for',
    });
  });
});
