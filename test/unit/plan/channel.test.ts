import { describe, expect, test } from 'vitest';
import { chooseChannel } from '../../../src/plan/channel.js';
import { parseVersion } from '../../../src/plan/version.js';

describe('chooseChannel', () => {
  test.each([
    ['1.2.3', 'stable'],
    ['2026.2.1', 'stable'],
    ['3.23-1', 'stable'],
    ['1.3.0-beta.2', 'beta'],
    ['1.3.0-rc.1', 'beta'],
    ['2026.8.0b3', 'beta'],
    ['1.3.0-dev.4', 'edge'],
    ['2026.9.0dev1', 'edge'],
    ['1.3.0-nightly.20260102', 'edge'],
    ['1.3.0-device.1', 'beta'],
  ])('of %s is %s', (version, channel) => {
    expect(chooseChannel(parseVersion(version))).toBe(channel);
  });

  test('is the one that was asked for', () => {
    expect(chooseChannel(parseVersion('1.3.0'), 'beta')).toBe('beta');
    expect(chooseChannel(parseVersion('1.3.0-beta.1'), 'edge')).toBe('edge');
    expect(chooseChannel(parseVersion('1.3.0'), 'stable')).toBe('stable');
  });

  test('is never stable for a pre-release', () => {
    expect(() => chooseChannel(parseVersion('1.3.0-beta.1'), 'stable')).toThrow(
      expect.objectContaining({
        failure: 'usage',
        hint: expect.stringContaining('--as') as string,
      }),
    );
  });

  test('is one that exists', () => {
    expect(() => chooseChannel(parseVersion('1.3.0'), 'nightly')).toThrow(
      '"nightly" is not a channel',
    );
  });
});
