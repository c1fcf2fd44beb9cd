import { describe, expect, test } from 'vitest';
import { parseIgnorePatterns } from '../../../src/plan/dockerignore.js';
import { matters } from '../../../src/repository/matters.js';

const EVERYTHING = parseIgnorePatterns('*\n');

describe('files that a new version brings to installations', () => {
  test.each([
    'config.yaml',
    'config.json',
    'build.yml',
    'Dockerfile',
    'Dockerfile.aarch64',
    '.dockerignore',
    'translations/en.yaml',
    'apparmor.txt',
  ])('%s, whatever .dockerignore says', (path) => {
    expect(matters(path, [])).toBe(true);
    expect(matters(path, EVERYTHING)).toBe(true);
  });

  test.each(['rootfs/run.sh', 'requirements.txt', 'docs/config.yaml', 'rootfs/README.md'])(
    '%s, unless it is not in the build context',
    (path) => {
      expect(matters(path, [])).toBe(true);
      expect(matters(path, EVERYTHING)).toBe(false);
    },
  );

  test('not what the store shows as it is in git, nor what only releases need', () => {
    for (const path of ['README.md', 'DOCS.md', 'CHANGELOG.md', 'icon.png', 'logo.png']) {
      expect(matters(path, [])).toBe(false);
    }
    expect(matters('smoke.yaml', [])).toBe(false);
    expect(matters('addon-release.yaml', [])).toBe(false);
    // A test may find something in them.
    expect(matters('smoke.yaml', EVERYTHING, true)).toBe(true);
    expect(matters('README.md', [], true)).toBe(false);
  });

  test('an exception in .dockerignore brings a file back', () => {
    const patterns = parseIgnorePatterns('tests\n!tests/data\n');
    expect(matters('tests/run.py', patterns)).toBe(false);
    expect(matters('tests/data', patterns)).toBe(true);
  });
});
