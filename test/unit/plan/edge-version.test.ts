import { describe, expect, test } from 'vitest';
import { chooseChannel } from '../../../src/plan/channel.js';
import { makeEdgeVersion } from '../../../src/plan/edge-version.js';
import { movingTags } from '../../../src/plan/moving-tags.js';
import { compareVersions, parseVersion } from '../../../src/plan/version.js';

const COMMIT = {
  commit: '0123456789abcdef0123456789abcdef01234567',
  epochSeconds: Date.UTC(2026, 10, 23, 10, 11, 12) / 1000,
};

describe('the version of a commit', () => {
  test.each([
    [['1.2.3'], '1.2.4'],
    [['1.2.3', '1.10.0', '1.9.9'], '1.10.1'],
    [['v1.2.3'], '1.2.4'],
    [['1.3.0-beta.1', '1.2.9'], '1.3.0'],
    [['2026.2'], '2026.2.1'],
    [['2026.02.1'], '2026.2.2'],
    [['3.23-1'], '3.23.1'],
    [['1.2.3.4'], '1.2.4'],
    [['1.3b2'], '1.3.0'],
    [['dev', 'latest'], '0.0.0'],
    [[], '0.0.0'],
  ])('after %j begins with %s', (released, base) => {
    const version = makeEdgeVersion(COMMIT, released);
    expect(version).toBe(`${base}-edge.20261123101112.g0123456`);
    const parsed = parseVersion(version);
    for (const text of released.filter((one) => /\d/.test(one))) {
      expect(compareVersions(parsed, parseVersion(text)), text).toBeGreaterThan(0);
    }
  });

  test('is older than the next release, and newer than that of the commit before', () => {
    const version = parseVersion(makeEdgeVersion(COMMIT, ['1.2.3']));
    expect(compareVersions(version, parseVersion('1.2.4'))).toBeLessThan(0);
    const before = { ...COMMIT, commit: 'f'.repeat(40), epochSeconds: COMMIT.epochSeconds - 1 };
    const older = parseVersion(makeEdgeVersion(before, ['1.2.3']));
    expect(compareVersions(version, older)).toBeGreaterThan(0);
    expect(compareVersions(version, parseVersion(makeEdgeVersion(before, ['1.2.2'])))).toBe(1);
  });

  test('is one of the edge channel, whose tag alone it moves', () => {
    const version = parseVersion(makeEdgeVersion(COMMIT, ['2026.2.1']));
    expect(chooseChannel(version)).toBe('edge');
    expect(movingTags(version, 'edge')).toEqual(['edge']);
  });

  test('has a hash of digits alone that is no number with a leading zero', () => {
    const { text } = parseVersion(makeEdgeVersion({ ...COMMIT, commit: '0'.repeat(40) }, []));
    expect(text.endsWith('.g0000000')).toBe(true);
  });
});
