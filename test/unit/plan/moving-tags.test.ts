import { describe, expect, test } from 'vitest';
import { decideMove, movingTags } from '../../../src/plan/moving-tags.js';
import { parseVersion } from '../../../src/plan/version.js';

const OLD = `sha256:${'1'.repeat(64)}`;
const NEW = `sha256:${'2'.repeat(64)}`;

describe('movingTags', () => {
  test.each([
    ['1.2.3', ['latest', 'stable', '1.2', '1']],
    ['v1.2.3', ['latest', 'stable', 'v1.2', 'v1']],
    ['10.0.0', ['latest', 'stable', '10.0', '10']],
    ['0.4.1', ['latest', 'stable', '0.4']],
    ['2026.2.1', ['latest', 'stable', '2026']],
    ['2026.2', ['latest', 'stable', '2026']],
    ['3.23-1', ['latest', 'stable']],
    ['1.2', ['latest', 'stable']],
    ['1.2.3.4', ['latest', 'stable']],
  ])('of %s are %j', (version, tags) => {
    expect(movingTags(parseVersion(version), 'stable')).toEqual(tags);
  });

  test('of other channels are the channel alone', () => {
    expect(movingTags(parseVersion('1.3.0-beta.1'), 'beta')).toEqual(['beta']);
    expect(movingTags(parseVersion('1.3.0'), 'beta')).toEqual(['beta']);
    expect(movingTags(parseVersion('1.3.0-dev.1'), 'edge')).toEqual(['edge']);
  });

  test.each(['1.2.3', 'v1.2.3', '0.4.1', '2026.2.1', '2026.2', '3.23-1', '1.2.3.4'])(
    'of %s are never a version of its own form',
    (text) => {
      const version = parseVersion(text);
      for (const tag of movingTags(version, 'stable').filter((name) => /\d/.test(name))) {
        expect(parseVersion(tag).form).not.toBe(version.form);
      }
    },
  );
});

describe('decideMove', () => {
  const decide = (version: string, current?: string, tag = 'latest', digest = NEW) =>
    decideMove(current === undefined ? undefined : { digest: OLD, version: current }, {
      tag,
      version: parseVersion(version),
      digest,
    });

  test('moves a tag that names nothing yet', () => {
    expect(decide('1.2.0')).toEqual({ move: true, reason: 'new' });
  });

  test.each([
    ['1.2.0', '1.1.6'],
    ['1.10.0', '1.9.0'],
    ['1.2.0', '1.2.0-beta.3'],
    ['2026.10.0', '2026.9.3'],
    ['2026.2.1', '1.9.0'],
    ['2026.8.0', '2026.8.0b3'],
    ['2026.8.0b10', '2026.8.0b9'],
    ['3.23-2', '3.23-1'],
    ['3.23-1', '3.23'],
    ['3.23-ls12', '3.23-ls9'],
    ['v1.2.1', '1.2.0'],
    ['1.2.3.5', '1.2.3.4'],
  ])('moves to %s from %s, but not back', (newer, older) => {
    expect(decide(newer, older)).toEqual({ move: true, reason: `from ${older}` });
    expect(decide(older, newer)).toEqual({
      move: false,
      reason: `stays at ${newer}: ${older} is older`,
      isThere: false,
    });
  });

  test('leaves `latest` where it is after a correction of an old branch, and moves the branch', () => {
    expect(decide('1.1.6', '1.2.0')).toMatchObject({ move: false });
    expect(decide('1.1.6', '1.1.5', '1.1')).toEqual({ move: true, reason: 'from 1.1.5' });
  });

  test('has nothing to do where the image is named already', () => {
    expect(decide('1.2.0', '1.2.0', 'latest', OLD)).toEqual({
      move: false,
      reason: 'names 1.2.0 already',
      isThere: true,
    });
  });

  test('follows a version that was replaced', () => {
    expect(decide('1.2.0', '1.2.0')).toEqual({ move: true, reason: 'another image of 1.2.0' });
  });

  test('never takes the name of a version that was published under it', () => {
    expect(decide('1.2.5', '1.2', '1.2')).toEqual({
      move: false,
      reason: 'stays: 1.2 is a version of its own, published before',
      isThere: false,
    });
  });

  test('takes over what does not tell its version', () => {
    const current = { digest: OLD, version: undefined };
    const next = { tag: 'latest', version: parseVersion('1.0.0'), digest: NEW };
    expect(decideMove(current, next)).toMatchObject({ move: true });
    expect(decide('1.0.0', 'nightly')).toEqual({
      move: true,
      reason: 'named "nightly", which is no version',
    });
  });
});
