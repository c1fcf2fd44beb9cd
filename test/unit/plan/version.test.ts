import { describe, expect, test } from 'vitest';
import { AddonReleaseError } from '../../../src/errors.js';
import {
  bumpVersion,
  chooseVersion,
  compareVersions,
  parseVersion,
} from '../../../src/plan/version.js';

function refusal(text: string): AddonReleaseError {
  try {
    parseVersion(text);
  } catch (error) {
    if (error instanceof AddonReleaseError) return error;
  }
  throw new Error(`"${text}" was accepted`);
}

describe('parseVersion', () => {
  test.each([
    ['1.2.3', 'semver', true],
    ['0.0.1', 'semver', true],
    ['1.3.0-beta.1', 'semver', false],
    ['1.3.0-rc1', 'semver', false],
    ['v1.2.3', 'semver', true],
    ['V1.2.3', 'semver', true],
    ['20.10.5', 'semver', true],
    ['2026.13.1', 'semver', true],
  ] as const)('takes %s for %s, stable: %s', (text, form, stable) => {
    expect(parseVersion(text)).toEqual({ text, form, stable });
  });

  test.each([
    ['2026.02.1', true],
    ['2026.2.1', true],
    ['2026.12', true],
    ['2026.8.0.1', true],
    ['v2026.02.1', true],
    ['2026.8.0b3', false],
    ['2026.8.0a0', false],
    ['2026.8.0rc1', false],
    ['2026.8.0.dev20260801', false],
    ['2026.8b1', false],
  ])('takes %s for a calendar version, stable: %s', (text, stable) => {
    expect(parseVersion(text)).toEqual({ text, form: 'calendar', stable });
  });

  test.each([
    ['3', true],
    ['3.23', true],
    ['3.23-1', true],
    ['1.2.3.4', true],
    ['1.2.3.4-r5', true],
    ['2.1-ls12', true],
    ['2.1b2', false],
    ['2.1-beta3', false],
    ['2026.02.1-beta.1', false],
    ['1.0.dev3', false],
  ])('takes %s for plain numbers, stable: %s', (text, stable) => {
    expect(parseVersion(text)).toEqual({ text, form: 'simple', stable });
  });

  test('explains that build metadata is no part of a tag, and offers one that is', () => {
    const error = refusal('1.0.0+build.7');
    expect(error.failure).toBe('usage');
    expect(error.message).toBe(
      'version "1.0.0+build.7" can\'t be an image tag: "+" is not allowed in tags',
    );
    expect(error.hint).toContain('"1.0.0-build.7"');
  });

  test.each([
    '',
    ' 1.2.3',
    '1.2.3 ',
    '1/2',
    '-1.2.3',
    '.1',
    'ä1.0',
    '1.2.3\n',
    '../1.2.3',
    `1.${'2'.repeat(127)}`,
  ])('refuses %j, which is no tag', (text) => {
    const error = refusal(text);
    expect(error.failure).toBe('usage');
    expect(error.message).toContain("can't be an image tag");
    expect(error.hint).toContain('at most 128');
  });

  test.each(['latest', 'dev', 'v', 'vv1.2.3', '1.2.x', '1..2', '1.2.3.4.5', '1.2.3-', 'build'])(
    'refuses %s, which is a tag but no version',
    (text) => {
      const error = refusal(text);
      expect(error.exitCode).toBe(2);
      expect(error.message).toBe(`"${text}" is not a version`);
    },
  );
});

describe('chooseVersion', () => {
  test.each([
    [undefined, '1.2.3', '1.2.3'],
    ['1.2.4', '1.2.3', '1.2.4'],
    ['v1.2.4', '1.2.3', '1.2.4'],
    ['1.2.4', 'v1.2.3', 'v1.2.4'],
    ['v1.2.4', 'v1.2.3', 'v1.2.4'],
    ['V1.2.4', 'v1.2.3', 'v1.2.4'],
    ['1.2.4', 'V1.2.3', 'V1.2.4'],
    ['2026.02.1', 'dev', '2026.02.1'],
  ])('releases %s over %s as %s', (requested, configured, text) => {
    expect(chooseVersion(requested, configured).text).toBe(text);
  });
});

describe('bumpVersion', () => {
  const TODAY = new Date('2026-11-23');

  test.each([
    ['1.2.3', 'patch', '1.2.4'],
    ['1.2.3', 'minor', '1.3.0'],
    ['1.2.3', 'major', '2.0.0'],
    ['v1.2.3', 'minor', 'v1.3.0'],
    ['1.3.0-beta.1', 'patch', '1.3.0'],
    ['2026.2.1', 'patch', '2026.2.2'],
    ['2026.02.1', 'patch', '2026.02.2'],
    ['2026.2', 'patch', '2026.2.1'],
    ['2026.2.1', 'minor', '2026.11.0'],
    ['2025.02.1', 'major', '2026.11.0'],
    ['2026.11.4', 'minor', '2026.11.5'],
    ['2026.12.0b3', 'patch', '2026.12.0'],
    ['2026.8.0.dev20260801', 'patch', '2026.8.0'],
    ['3.23', 'patch', '3.23.1'],
    ['3.23', 'minor', '3.24'],
    ['3.23', 'major', '4.0'],
    ['3.23-1', 'patch', '3.23-2'],
    ['3.23-r9', 'patch', '3.23-r10'],
    ['3.23-1', 'minor', '3.24'],
    ['1.2.3.4', 'patch', '1.2.3.5'],
    ['7', 'major', '8'],
    ['7', 'minor', '7.1'],
  ] as const)('%s, %s: %s', (before, part, after) => {
    const version = parseVersion(before);
    const next = bumpVersion(version, part, TODAY);
    expect(next.text).toBe(after);
    expect(compareVersions(next, version)).toBeGreaterThan(0);
  });
});
