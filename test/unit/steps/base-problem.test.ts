import { describe, expect, test } from 'vitest';
import { AddonReleaseError } from '../../../src/errors.js';
import { RegistryError, type RegistryFailureKind } from '../../../src/registry/registry-error.js';
import { describeBaseProblem, failForBases } from '../../../src/steps/base-problem.js';

const BASE = {
  reference: 'ghcr.io/a/base:1',
  source: 'ghcr.io/a/base:1',
  platform: 'linux/arm64',
  file: '/addon/Dockerfile',
  line: 3,
  column: 6,
};

function problemOf(kind: RegistryFailureKind, message = 'no') {
  const error = new RegistryError({ kind, registry: 'ghcr.io', message });
  return describeBaseProblem(BASE, 'linux/arm64', error);
}

describe('a base image that is not found', () => {
  test.each(['unreachable', 'timeout', 'tls', 'rate-limited', 'server-error'] as const)(
    'is the failure of a registry that does not answer: %s',
    (kind) => {
      const error = failForBases([problemOf(kind), problemOf('unreachable')]);
      expect(error.exitCode).toBe(7);
      expect(error.message).toBe('base images could not be looked up');
      expect(error.problems).toHaveLength(2);
    },
  );

  // A registry says to strangers that they may not read what does not exist.
  test.each(['not-found', 'platform-missing', 'login-required', 'denied'] as const)(
    'is the failure of the file that names it: %s',
    (kind) => {
      const error = failForBases([problemOf('unreachable'), problemOf(kind)]);
      expect(error.exitCode).toBe(3);
      expect(error.message).toBe('base images are missing');
    },
  );

  test('is told with its place and what to do next', () => {
    const { file, line, column } = BASE;
    const hint =
      'Check the network and the name, or pull it from a mirror with --base-mirror FROM=TO.';
    const message = 'base image ghcr.io/a/base:1 for linux/arm64: gone';
    const problem = { severity: 'error', message, file, line, column, hint };
    expect(problemOf('unreachable', 'gone').problem).toEqual(problem);
  });

  test('is the failure of the file too when its name can not be read', () => {
    const error = new AddonReleaseError('addon', '"A b" is no image');
    expect(failForBases([describeBaseProblem(BASE, 'linux/arm64', error)]).exitCode).toBe(3);
  });
});
