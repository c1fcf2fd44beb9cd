import { AddonReleaseError } from '../errors.js';
import type { BaseImage } from '../plan/release-plan.js';
import type { Problem } from '../problem.js';
import { RegistryError, type RegistryFailureKind } from '../registry/registry-error.js';

/** A base image that can't be built on. */
export interface BaseProblem {
  readonly problem: Problem;
  /** The registry did not say whether the image is there: nothing in the add-on's files need be wrong. */
  readonly isUnanswered: boolean;
}

/**
 * Others are answers: registries tell those without a login that they may not read what is not there, so that a wrong
 * name looks like a missing right.
 */
const UNANSWERED: ReadonlySet<RegistryFailureKind> = new Set([
  'unreachable',
  'timeout',
  'tls',
  'not-a-registry',
  'login-refused',
  'rate-limited',
  'server-error',
]);

function describeNextStep(error: AddonReleaseError, platform: string): string {
  const kind = error instanceof RegistryError ? error.kind : undefined;
  if (kind === 'platform-missing') {
    return `Choose a base image that is made for ${platform}, or remove the architecture from \`arch\`.`;
  }
  if (kind === 'unreachable') {
    return 'Check the network and the name, or pull it from a mirror with --base-mirror FROM=TO.';
  }
  return error.hint ?? 'Correct the name, or pull it from a mirror with --base-mirror FROM=TO.';
}

/** @param platform as people write it: "linux/arm/v7" */
export function describeBaseProblem(
  { source, file, line, column }: BaseImage,
  platform: string,
  error: AddonReleaseError,
): BaseProblem {
  const kind = error instanceof RegistryError ? error.kind : undefined;
  const message =
    kind === 'platform-missing'
      ? `base image ${error.message}`
      : `base image ${source} for ${platform}: ${error.message}`;
  const hint = describeNextStep(error, platform);
  return {
    problem: { severity: 'error', message, file, line, column, hint },
    isUnanswered: kind !== undefined && UNANSWERED.has(kind),
  };
}

/** All of them as one failure; it is the registry's as long as no file of the add-on has to be changed. */
export function failForBases(found: readonly BaseProblem[]): AddonReleaseError {
  const problems = found.map(({ problem }) => problem);
  return found.every(({ isUnanswered }) => isUnanswered)
    ? new AddonReleaseError('registry', 'base images could not be looked up', { problems })
    : new AddonReleaseError('addon', 'base images are missing', { problems });
}
