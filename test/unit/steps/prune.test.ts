import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { run } from '../../../src/exec/run.js';
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
const INDEX = 'application/vnd.oci.image.index.v1+json';
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

test('a clone without the history does not know what the store has offered', async () => {
  const sources = await makeFolder();
  const file = join(sources, 'config.yaml');
  const git = async (...args: readonly string[]) => {
    const who = ['-c', 'user.name=Test', '-c', 'user.email=test@example.org'];
    const { exitCode, stderr } = await run('git', ['-C', sources, ...who, ...args]);
    expect(exitCode, stderr).toBe(0);
  };
  await git('init', '--quiet');
  for (const version of ['1.0.0', '1.1.0', '1.2.0']) {
    await writeFile(file, `version: ${version}\n`);
    await git('add', 'config.yaml');
    await git('commit', '--quiet', '--message', version);
  }
  const clone = await makeFolder();
  await git('clone', '--quiet', '--depth=2', `file://${sources}`, clone);
  const { client, seed } = createMemoryRegistry();
  const body = { schemaVersion: 2, mediaType: INDEX, manifests: [] };
  for (const tag of ['1.0.0', '1.1.0', '1.2.0', '1.3.0']) {
    const annotations = { 'org.opencontainers.image.version': tag };
    seed(IMAGE, Buffer.from(JSON.stringify({ ...body, annotations })), INDEX, tag);
  }
  const plan = async (folder: string, history?: number) => {
    const configFile = join(folder, 'config.yaml');
    const addon = sampleAddon({ image: IMAGE, folder, configFile, version: '1.2.0' });
    const { results, error } = await runPipeline(
      [
        givenStep('addon', addon),
        givenStep('settings', sampleSettings()),
        planPruneStep({ keep: 1, history }),
      ],
      sampleContext({ registry: client }),
    );
    if (error !== undefined) throw error as Error;
    const deleted = results.retention?.repositories[0]?.retention.deleted ?? [];
    return deleted.flatMap(({ tags }) => tags);
  };
  expect(await plan(sources)).toEqual([]);
  await expect(plan(clone)).rejects.toMatchObject({
    failure: 'environment',
    message: expect.stringContaining('which versions the store has offered') as unknown,
    hint: expect.stringContaining('fetch-depth: 0') as unknown,
  });
  // What was asked for is known.
  expect(await plan(clone, 2)).toEqual(['1.0.0']);
});
