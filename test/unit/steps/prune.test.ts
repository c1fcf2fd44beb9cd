import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { RunOutcome } from '../../../src/pipeline/run.js';
import { runPipeline } from '../../../src/pipeline/run.js';
import { planPruneStep, pruneStep } from '../../../src/steps/prune.js';
import { FAULTS } from '../../helpers/github-answers.js';
import { startGithubServer } from '../../helpers/github-server.js';
import { createMemoryRegistry } from '../../helpers/memory-registry.js';
import { sampleAddon } from '../../helpers/sample-addon.js';
import { givenStep, sampleContext } from '../../helpers/sample-context.js';
import { sampleOptions } from '../../helpers/sample-options.js';
import { sampleSettings } from '../../helpers/sample-settings.js';

const IMAGE = 'ghcr.io/octo/example';
const digestOf = (character: string): string => `sha256:${character.repeat(64)}`;
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const OLD = '2026-01-01T00:00:00Z';

async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'addon-release-prune-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

/** Deletes what the plan names, as the end of a run. */
async function prune(
  environment: Readonly<Record<string, string>>,
  ...digests: readonly string[]
): Promise<{ readonly outcome: RunOutcome; readonly asked: readonly string[] }> {
  const folder = await makeFolder();
  const asked: string[] = [];
  const { client } = createMemoryRegistry();
  const retention = {
    kept: [],
    deleted: digests.map((digest) => ({
      digest,
      tags: ['1.0.0'],
      kind: 'version' as const,
      reason: 'old',
    })),
    freedBytes: 0,
  };
  const outcome = await runPipeline(
    [
      givenStep('addon', sampleAddon({ folder })),
      givenStep('retention', {
        slug: 'example',
        keep: 1,
        repositories: [{ repository: IMAGE, retention }],
      }),
      givenStep('lock', { held: undefined }),
      pruneStep,
    ],
    sampleContext({
      options: sampleOptions({ environment }),
      registry: {
        ...client,
        deleteManifest: (_repository, digest) => {
          asked.push(digest);
          return Promise.resolve('deleted');
        },
      },
    }),
  );
  return { outcome, asked };
}

async function startGithub() {
  const github = await startGithubServer({ token: `ghp_${randomUUID()}` });
  onTestFinished(() => github.stop());
  return github;
}

test('ghcr.io deletes nothing without a token, and where it can be done is told', async () => {
  const { outcome, asked } = await prune({}, digestOf('1'));
  expect(outcome.error).toMatchObject({
    failure: 'registry',
    message: `ghcr.io deletes nothing from ${IMAGE} without a token of GitHub`,
    hint: expect.stringContaining(
      'https://github.com/users/octo/packages/container/example/versions',
    ) as unknown,
  });
  expect(asked).toEqual([]);
});

test('GitHub deletes what ghcr.io holds; what is gone already is no failure', async () => {
  const github = await startGithub();
  for (const character of ['1', '2', '3']) {
    github.addPackageVersion('example', digestOf(character), OLD);
  }
  github.failNext(/^DELETE .*\/versions\/2$/, FAULTS.notFound);
  const { outcome, asked } = await prune(
    github.environment,
    digestOf('1'),
    digestOf('2'),
    digestOf('9'),
  );
  expect(outcome.error).toBeUndefined();
  expect(outcome.results.pruned?.digests).toHaveLength(3);
  expect(asked).toEqual([]);
  expect(github.calls.map(({ route }) => route)).toEqual([
    'GET /users/octo',
    'GET /users/octo/packages/container/example/versions',
    'DELETE /users/octo/packages/container/example/versions/1',
    'DELETE /users/octo/packages/container/example/versions/2',
  ]);
  expect(github.packageVersions.get('example')?.map(({ name }) => name)).toEqual(
    ['2', '3'].map(digestOf),
  );
});

test('a token that may not delete is told the permission that is missing', async () => {
  const github = await startGithub();
  github.addPackageVersion('example', digestOf('1'), OLD);
  const headers = { 'x-accepted-github-permissions': 'packages=write' };
  github.failNext(/^DELETE /, { ...FAULTS.noPermission, headers });
  const { outcome } = await prune(github.environment, digestOf('1'));
  expect(outcome.error).toMatchObject({
    message: expect.stringContaining('delete sha256:') as unknown,
    hint: expect.stringContaining('packages: write') as unknown,
  });
});

test('what ghcr.io holds without a tag is found by GitHub, and goes unless it is new', async () => {
  const github = await startGithub();
  const { client, seed } = createMemoryRegistry();
  const push = (text: string): string => {
    const config = { mediaType: 'application/vnd.oci.image.config.v1+json', digest: '', size: 2 };
    const body = JSON.stringify({
      schemaVersion: 2,
      mediaType: MANIFEST,
      config: { ...config, digest: digestOf('c') },
      layers: [],
      annotations: { text },
    });
    return seed(IMAGE, Buffer.from(body), MANIFEST);
  };
  const [loose, fresh] = [push('loose'), push('fresh')];
  github.addPackageVersion('example', loose, OLD);
  github.addPackageVersion('example', fresh, new Date().toISOString());
  const folder = await makeFolder();
  await writeFile(join(folder, 'config.yaml'), 'version: 1.2.3\n');
  const { results, error } = await runPipeline(
    [
      givenStep(
        'addon',
        sampleAddon({ image: IMAGE, folder, configFile: join(folder, 'config.yaml') }),
      ),
      givenStep('settings', sampleSettings()),
      planPruneStep({ keep: 1, history: undefined }),
    ],
    sampleContext({
      options: sampleOptions({ environment: github.environment }),
      registry: client,
    }),
  );
  expect(error).toBeUndefined();
  const retention = results.retention?.repositories[0]?.retention;
  expect(retention?.deleted.map(({ digest, reason }) => [digest, reason])).toEqual([
    [loose, 'nothing names it'],
  ]);
  expect(retention?.kept.map(({ digest }) => digest)).toEqual([fresh]);
});
