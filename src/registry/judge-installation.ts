import { AddonReleaseError } from '../errors.js';
import type { Problem } from '../problem.js';
import type { InstallationReport, InstallationTarget } from './installation.js';
import { parsePlatform } from './platform.js';
import { parseImageReference } from './reference.js';

/**
 * What an installation of one architecture asks the registry for.
 *
 * @param repository registry and path, without tag
 * @param platform Docker's name of the architecture's platform: "linux/arm64"
 */
export function installationTarget(
  repository: string,
  version: string,
  arch: string,
  platform: string,
): InstallationTarget {
  return {
    arch,
    platform: parsePlatform(platform),
    reference: { ...parseImageReference(repository, 'addon'), tag: version },
  };
}

/** The findings of a report, one problem each, with the architectures that it holds for. */
export function toProblems({ architectures }: InstallationReport): readonly Problem[] {
  const found = architectures.flatMap(({ findings }) => findings);
  const unasked = architectures.flatMap((one) =>
    one.outcome === 'unchecked'
      ? [{ severity: 'error' as const, arch: one.arch, message: one.message, hint: one.hint }]
      : [],
  );
  const all = [...found, ...unasked];
  return [...new Set(all.map(({ message }) => message))].flatMap((message) => {
    const same = all.filter((one) => one.message === message);
    const arches = [...new Set(same.map(({ arch }) => arch))].join(', ');
    return same.slice(0, 1).map(({ severity, hint }) => ({
      severity,
      message: `${arches}: ${message}`,
      hint,
    }));
  });
}

/**
 * Throws what a report says is wrong.
 *
 * @throws AddonReleaseError `verification` when something can't be installed, `registry` when that could not be found
 * out
 */
export function requireInstallable(report: InstallationReport, what: string, hint: string): void {
  const problems = toProblems(report).filter(({ severity }) => severity === 'error');
  if (report.outcome === 'broken') {
    throw new AddonReleaseError('verification', what, { problems, hint });
  }
  if (report.outcome === 'unchecked') {
    throw new AddonReleaseError('registry', 'the registry could not be asked', { problems, hint });
  }
}
