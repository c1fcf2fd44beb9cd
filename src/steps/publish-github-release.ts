import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { GithubClient } from '../github/client.js';
import { GithubError } from '../github/failures.js';
import { checkPackagePage } from '../github/package-page.js';
import { publishRelease, type ReleaseAsset } from '../github/release.js';
import type { ReleasedImage } from '../github/release-body.js';
import { storeLink } from '../github/store-link.js';
import type { Results } from '../pipeline/results.js';
import { defineStep, type StepContext } from '../pipeline/step.js';
import { describeRelease, findObstacle, openGithub } from './github-release.js';

/** Reports in the run's folder that are worth keeping with the release. */
const REPORTS = [
  ['report.html', 'text/html'],
  ['report.json', 'application/json'],
] as const;

function listImages({
  plan,
  pushed,
  index,
}: Pick<Results, 'plan' | 'pushed' | 'index'>): readonly ReleasedImage[] {
  const images = pushed.map(({ arch, repository, manifestDigest }) => ({
    arch,
    reference: `${repository}:${plan.version}`,
    digest: manifestDigest,
  }));
  const all = {
    arch: 'all',
    reference: `${index.repository}:${plan.version}`,
    digest: index.digest,
  };
  return [all, ...images];
}

async function listAssets(runFolder: string): Promise<readonly ReleaseAsset[]> {
  const assets = await Promise.all(
    REPORTS.map(async ([name, contentType]) => {
      const content = await readFile(join(runFolder, name), 'utf8').catch(() => undefined);
      return content === undefined ? [] : [{ name, contentType, content }];
    }),
  );
  return assets.flat();
}

/** A private package is the failure that users report most; only its owner can change it. */
async function lookAtPackages(
  client: GithubClient,
  { pushed, index }: Pick<Results, 'pushed' | 'index'>,
  { emit, signal }: StepContext,
): Promise<void> {
  const repositories = new Set([index.repository, ...pushed.map(({ repository }) => repository)]);
  for (const repository of repositories) {
    try {
      const finding = await checkPackagePage(client, repository);
      if (finding === undefined) continue;
      const message = `${finding.message}. ${finding.hint}`;
      emit({ type: 'notice', level: finding.problem === 'private' ? 'warning' : 'info', message });
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof GithubError)) throw error;
      emit({ type: 'notice', level: 'info', message: error.message });
    }
  }
}

/** Takes the GitHub Release out of draft, last of all: everything that it names is there and verified. */
export const publishGithubReleaseStep = defineStep({
  id: 'githubRelease',
  title: 'Publish the GitHub Release',
  needs: ['addon', 'settings', 'sources', 'plan', 'pushed', 'index', 'verified'],
  tools: [],
  skip: findObstacle,
  run: async (inputs, context) => {
    const { addon, plan, settings } = inputs;
    const client = await openGithub(plan.source.url, 'store', context);
    const release = await publishRelease(client, {
      ...(await describeRelease(inputs)),
      images: listImages(inputs),
      // Without repository.yaml the repository is no store.
      storeLink:
        addon.repository === undefined || plan.source.url === undefined
          ? undefined
          : storeLink(plan.source.url, plan.slug),
      assets: await listAssets(context.runFolder),
    });
    if (release.outcome !== 'unchanged') {
      const detail = `release ${release.outcome} and published`;
      await context.journal.wrote({ kind: 'github', target: release.url, detail });
    }
    for (const message of release.missingAssets) {
      context.emit({ type: 'notice', level: 'warning', message });
    }
    if (!settings.private) await lookAtPackages(client, inputs, context);
    return release;
  },
  summarize: ({ url }) => url,
});
