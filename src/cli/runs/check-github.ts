import type { Addon } from '../../addon/types.js';
import type { ReleaseSettings } from '../../addon/settings.js';
import { AddonReleaseError } from '../../errors.js';
import { readSourceFacts } from '../../git/source-facts.js';
import { checkPackagePage } from '../../github/package-page.js';
import { findGithubTarget } from '../../github/target.js';
import type { ReleaseOptions } from '../../pipeline/options.js';
import { describe, type Finding } from './check-machines.js';

/** Whether users will be able to pull the images that GitHub keeps; nothing is asked without a token. */
export async function checkGithub({
  options,
  addon,
  settings,
  repositories,
  signal,
}: {
  readonly options: ReleaseOptions;
  readonly addon: Addon | undefined;
  readonly settings: ReleaseSettings | undefined;
  readonly repositories: readonly string[];
  readonly signal: AbortSignal;
}): Promise<readonly Finding[]> {
  const { environment } = options;
  if (addon === undefined || repositories.length === 0) return [];
  const { url } = await readSourceFacts(addon.folder, environment, 0);
  const target = findGithubTarget(url, environment);
  if ('reason' in target) return [];
  const { createGithubClient } = await import('../../github/client.js');
  const client = createGithubClient({ ...target, failure: 'environment', signal });
  const findings: Finding[] = [];
  for (const repository of repositories) {
    const name = `GitHub's page of ${repository}`;
    try {
      const problem = await checkPackagePage(client, repository);
      // Before the first release there is no page yet.
      const isFine =
        problem === undefined ||
        problem.problem === 'missing' ||
        (problem.problem === 'private' && settings?.private === true);
      findings.push({
        name,
        ok: isFine,
        found: problem?.message ?? 'as it should be',
        mend: problem?.hint,
      });
    } catch (error) {
      if (!(error instanceof AddonReleaseError)) throw error;
      findings.push({ name, ok: false, ...describe(error) });
    }
  }
  return findings;
}
