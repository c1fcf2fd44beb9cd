import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { GithubClient } from '../github/api.js';
import { GithubError } from '../github/failures.js';
import { checkPackagePage } from '../github/package-page.js';
import { publishRelease, type ReleaseAsset } from '../github/release.js';
import { storeLink } from '../github/store-link.js';
import type { Results } from '../pipeline/results.js';
import { defineStep, type StepContext } from '../pipeline/step.js';
import { describeRelease, findObstacle, listImages, openGithub } from './github-release.js';

/** Reports in the run's folder that are worth keeping with the release. */
const REPORTS = [
  ['report.html', 'text/html'],
  ['report.json', 'application/json'],
] as const;

async function listAssets({ runFolder, emit }: StepContext): Promise<readonly ReleaseAsset[]> {
  try {
    const { writeReport } = await import('../release-report/draw.js');
    await writeReport(runFolder);
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unknown reason';
    emit({ type: 'notice', level: 'warning', message: `there is no report to attach: ${reason}` });
  }
  const assets = await Promise.all(
    REPORTS.map(async ([name, contentType]) => {
      const content = await readFile(join(runFolder, name), 'utf8').catch(() => undefined);
      return content === undefined ? [] : [{ name, contentType, content }];
    }),
  );
  return assets.flat();
}

/** Opens the add-on where this version is offered. */
function linkStore({
  addon,
  plan,
  sources: { elsewhere },
}: Pick<Results, 'addon' | 'plan' | 'sources'>): string | undefined {
  if (elsewhere !== undefined) {
    if ('nowhere' in elsewhere || elsewhere.url === undefined) return undefined;
    return storeLink(elsewhere.url, elsewhere.slug);
  }
  // Without repository.yaml the repository is no store.
  if (addon.repository === undefined || plan.source.url === undefined) return undefined;
  return storeLink(plan.source.url, plan.slug);
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
  tools: ['github'],
  skip: findObstacle,
  run: async (inputs, context) => {
    const { plan, settings } = inputs;
    const client = await openGithub(plan.source.url, 'store', context);
    const release = await publishRelease(client, {
      ...(await describeRelease(inputs)),
      images: listImages(inputs),
      storeLink: linkStore(inputs),
      assets: await listAssets(context),
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
