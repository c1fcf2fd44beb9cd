import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { AddonReleaseError } from '../../../src/errors.js';
import type { RecordedWrite } from '../../../src/pipeline/journal.js';
import type { ReleaseOptions } from '../../../src/pipeline/options.js';
import { runPipeline } from '../../../src/pipeline/run.js';
import type { StoreTarget } from '../../../src/plan/announcement.js';
import { draftGithubReleaseStep } from '../../../src/steps/draft-github-release.js';
import { publishGithubReleaseStep } from '../../../src/steps/publish-github-release.js';
import { FAULTS } from '../../helpers/github-answers.js';
import { startGithubServer, type GithubServer } from '../../helpers/github-server.js';
import { sampleAddon } from '../../helpers/sample-addon.js';
import { givenStep, recordingContext } from '../../helpers/sample-context.js';
import { sampleOptions } from '../../helpers/sample-options.js';
import { samplePlan } from '../../helpers/sample-plan.js';
import { sampleSettings } from '../../helpers/sample-settings.js';

const STORE: StoreTarget = {
  root: '/addons',
  path: 'example/config.yaml',
  revision: 'c0ffee',
  branch: 'main',
  remote: { name: 'origin', address: 'https://github.com/octo/addons' },
  tag: 'v1.2.3',
  hasTag: false,
  hasVersion: false,
};

const INDEX = { repository: 'ghcr.io/octo/example', digest: `sha256:${'1'.repeat(64)}` };
const PUSHED = {
  arch: 'amd64',
  repository: 'ghcr.io/octo/example',
  manifestDigest: `sha256:${'a'.repeat(64)}`,
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  configDigest: `sha256:${'b'.repeat(64)}`,
  manifestBytes: 1,
  compressedBytes: 2,
} as const;

/** The folder of these runs has a report from before, and nothing to draw a new one from. */
const NO_JOURNAL_HERE: unknown = expect.stringMatching(
  /^there is no report to attach: .* has no journal of a run$/,
);

interface Played {
  readonly error: unknown;
  readonly lines: readonly string[];
  readonly writes: readonly Omit<RecordedWrite, 'at'>[];
  readonly runFolder: string;
}

async function start(): Promise<GithubServer> {
  const server = await startGithubServer({ token: `ghs_${randomUUID()}` });
  onTestFinished(() => server.stop());
  return server;
}

/** Runs both steps as the end of a release whose other steps have succeeded. */
async function play(
  options: Partial<ReleaseOptions>,
  changes: { readonly version?: string; readonly store?: StoreTarget | undefined } = {},
): Promise<Played> {
  const folder = await mkdtemp(join(tmpdir(), 'addon-release-github-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'CHANGELOG.md'), '## 1.2.3\n\n- Says it louder.\n');
  await writeFile(join(folder, 'repository.yaml'), 'name: Add-ons\n');
  await writeFile(join(folder, 'report.html'), '<p>All is well.</p>');
  const repository = { folder, file: join(folder, 'repository.yaml'), name: 'Add-ons' };
  const plan = samplePlan(changes.version === undefined ? {} : { version: changes.version });
  const { context, events, writes } = recordingContext({
    options: sampleOptions(options),
    runFolder: folder,
  });
  const store = 'store' in changes ? changes.store : STORE;
  const { error } = await runPipeline(
    [
      givenStep(
        'addon',
        sampleAddon({
          folder,
          repository: { ...repository, url: undefined, maintainer: undefined },
        }),
      ),
      givenStep('settings', sampleSettings()),
      givenStep('sources', { store }),
      givenStep('plan', {
        ...plan,
        source: { ...plan.source, url: 'https://github.com/octo/addons' },
      }),
      draftGithubReleaseStep,
      givenStep('pushed', [PUSHED]),
      givenStep('index', INDEX),
      givenStep('verified', { references: [] }),
      publishGithubReleaseStep,
    ],
    context,
  );
  const lines = events.flatMap((event) => {
    if (event.type === 'step-skipped') return [`${event.title}: ${event.reason}`];
    return event.type === 'notice' ? [event.message] : [];
  });
  return { error, lines, writes, runFolder: folder };
}

describe('the steps of a release', () => {
  it('draft the GitHub Release and publish it with everything that belongs to it', async () => {
    const github = await start();
    const { error, lines, writes } = await play({ environment: github.environment });
    expect(error).toBeUndefined();
    expect(github.releases).toHaveLength(1);
    const [release] = github.releases;
    expect(release).toMatchObject({
      tag_name: 'v1.2.3',
      name: 'Example 1.2.3',
      draft: false,
      prerelease: false,
      target_commitish: 'c0ffee',
    });
    expect(release?.body).toContain('- Says it louder.');
    expect(release?.body).toContain(
      `| all | \`ghcr.io/octo/example:1.2.3\` |  | \`${INDEX.digest}\` |`,
    );
    expect(release?.body).toContain(PUSHED.manifestDigest);
    expect(release?.body).toMatch(/supervisor_addon\/\?addon=[0-9a-f]{8}_example&repository_url=/);
    expect(release?.assets.map(({ name }) => name)).toEqual(['report.html']);
    expect(github.readAsset('report.html')).toBe('<p>All is well.</p>');
    expect(writes.map(({ kind, detail }) => [kind, detail])).toEqual([
      ['github', 'draft release created'],
      ['github', 'release updated and published'],
    ]);
    // Nobody has linked or made the package public yet.
    expect(lines).toEqual([
      NO_JOURNAL_HERE,
      expect.stringMatching(/shows no package ghcr\.io\/octo\/example/),
    ]);
  });

  it('make a pre-release of a version that is one', async () => {
    const github = await start();
    const { error } = await play({ environment: github.environment }, { version: '1.3.0-beta.1' });
    expect(error).toBeUndefined();
    expect(github.releases[0]?.prerelease).toBe(true);
    expect(github.releases[0]?.body).toContain("What's Changed");
  });

  it('warn of a package that is private', async () => {
    const github = await start();
    github.addPackage('example', { visibility: 'private' });
    const { lines } = await play({ environment: github.environment });
    expect(lines).toEqual([
      NO_JOURNAL_HERE,
      expect.stringMatching(/is private.*"Change visibility" at https:/),
    ]);
  });

  it.each([
    ['--no-github', { github: false }, {}, '--no-github'],
    ['no token', { environment: {} }, {}, 'there is no token for GitHub (GITHUB_TOKEN)'],
    ['no tag', {}, { store: undefined }, 'the release has no git tag'],
  ] as const)('are skipped with a reason: %s', async (_name, options, changes, reason) => {
    const github = await start();
    const { error, lines } = await play({ environment: github.environment, ...options }, changes);
    expect(error).toBeUndefined();
    expect(lines).toEqual([
      `Draft the GitHub Release: ${reason}`,
      `Publish the GitHub Release: ${reason}`,
    ]);
    expect(github.calls).toEqual([]);
  });
});

describe('what GitHub refuses', () => {
  it('ends a release before anything is built', async () => {
    const github = await start();
    github.failNext(/^POST .*\/releases$/, FAULTS.noPermission);
    const { error } = await play({ environment: github.environment });
    expect(error).toBeInstanceOf(AddonReleaseError);
    expect((error as AddonReleaseError).exitCode).toBe(4);
    expect((error as AddonReleaseError).hint).toContain('contents: write');
  });

  it.each([
    ['401', FAULTS.badCredentials],
    ['403', FAULTS.noPermission],
    ['422', FAULTS.invalid('target_commitish', 'invalid')],
  ])(
    'leaves a draft behind at the very end (%s), and the next run finishes it',
    async (_name, fault) => {
      const github = await start();
      github.failNext(/^PATCH /, fault);
      const first = await play({ environment: github.environment });
      expect((first.error as AddonReleaseError).exitCode).toBe(9);
      expect(github.releases.map(({ draft }) => draft)).toEqual([true]);
      const second = await play({ environment: github.environment });
      expect(second.error).toBeUndefined();
      expect(github.releases.map(({ draft, assets }) => [draft, assets.length])).toEqual([
        [false, 1],
      ]);
    },
  );
});
