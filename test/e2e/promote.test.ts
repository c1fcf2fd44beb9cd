import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRegistryClient, type RegistryClient } from '../../src/registry/client.js';
import { runCli } from '../helpers/cli.js';
import { startRegistry, type RegistryServer } from '../helpers/registry-server.js';
import { resolveTag } from '../helpers/resolve-tag.js';
import { pushSampleRelease } from '../helpers/sample-release.js';
import { makeStoreRepository } from '../helpers/store-repository.js';
import { requireTool } from '../helpers/tools.js';

const hasTools = ['docker-registry', 'git', 'oras', 'skopeo'].map(requireTool).every(Boolean);

describe.skipIf(!hasTools)('addon-release promote', () => {
  let registry: RegistryServer;
  let client: RegistryClient;
  let count = 0;

  beforeAll(async () => {
    registry = await startRegistry();
    client = createRegistryClient({ credentials: 'anonymous' });
  });
  afterAll(async () => {
    await registry.stop();
  });

  /** 1.2.0 is what everybody has; the version is what testers have. */
  async function makeBeta(version: string) {
    const name = `owner/example-${String(++count)}`;
    const at = { registry: registry.host, repository: name };
    const image = `${registry.host}/${name}`;
    const stable = await pushSampleRelease(client, at, {
      version: '1.2.0',
      tags: ['1.2.0', '1.2', '1', 'latest', 'stable'],
    });
    const beta = await pushSampleRelease(client, at, { version, tags: [version, 'beta'] });
    const store = await makeStoreRepository([{ slug: 'example', version: '1.2.0', image }]);
    const from = registry.log().length;
    return {
      ...{ image, stable, beta, store },
      cwd: store.folderOf('example'),
      requests: () => registry.log().slice(from),
    };
  }

  it('gives the very images that were tested to everybody', async () => {
    const { cwd, image, stable, beta, store, requests } = await makeBeta('1.3.0');
    const run = await runCli(['promote', '1.3.0', '--channel', 'stable'], { cwd });
    expect(run.exitCode, run.stderr).toBe(0);
    for (const tag of ['1.3.0', 'beta', 'latest', 'stable', '1.3', '1']) {
      expect(await resolveTag(`${image}:${tag}`), tag).toBe(beta.index);
    }
    for (const tag of ['1.2.0', '1.2']) {
      expect(await resolveTag(`${image}:${tag}`), tag).toBe(stable.index);
    }
    expect(await store.versionOf('example')).toBe('1.3.0');
    expect(await store.git('log', '-1', '--format=%s', 'origin/main')).toBe(
      'Release The add-on example 1.3.0',
    );
    expect(requests()).not.toMatch(/"(?:PUT|PATCH) \/v2\/\S+\/blobs\//);
  });

  it('gives a pre-release a stable name, and says what it says of itself', async () => {
    const { cwd, image, beta, store } = await makeBeta('1.3.0-beta.2');
    const refused = await runCli(['promote', '1.3.0-beta.2', '--channel', 'stable'], { cwd });
    expect(refused.exitCode).toBe(2);
    expect(refused.stderr).toContain('--as');
    const args = ['promote', '1.3.0-beta.2', '--channel', 'stable', '--as', '1.3.0'];
    const run = await runCli(args, { cwd });
    expect(run.exitCode, run.stderr).toBe(0);
    expect(run.stderr).toContain('they say 1.3.0-beta.2, not 1.3.0');
    for (const tag of ['1.3.0', 'latest', '1.3']) {
      expect(await resolveTag(`${image}:${tag}`), tag).toBe(beta.index);
    }
    expect(await store.versionOf('example')).toBe('1.3.0');
    expect((await runCli(['verify'], { cwd })).exitCode).toBe(0);
  });

  it('never overwrites a version that is published', async () => {
    const { cwd, image, stable, store } = await makeBeta('1.3.0-beta.2');
    const args = ['promote', '1.3.0-beta.2', '--channel', 'stable', '--as', '1.2.0'];
    const run = await runCli(args, { cwd });
    expect(run.exitCode).toBe(7);
    expect(run.stderr).toContain(`${image}:1.2.0 exists with other content`);
    expect(run.stderr).toContain(stable.index);
    expect(await resolveTag(`${image}:1.2.0`)).toBe(stable.index);
    expect(await store.versionOf('example')).toBe('1.2.0');
  });

  it('moves neither tags nor the store to something older', async () => {
    const { cwd, image, stable, beta, store } = await makeBeta('1.1.6');
    const run = await runCli(['promote', '1.1.6', '--channel', 'stable'], { cwd });
    expect(run.exitCode, run.stderr).toBe(0);
    expect(run.stdout).toContain(`${image}:latest  stays at 1.2.0: 1.1.6 is older`);
    expect(run.stdout).toContain('the store  it stays at 1.2.0: 1.1.6 is older');
    expect(await resolveTag(`${image}:latest`)).toBe(stable.index);
    expect(await resolveTag(`${image}:1.1`)).toBe(beta.index);
    expect(await store.versionOf('example')).toBe('1.2.0');
  });

  it('leaves the store alone for those who try what is next', async () => {
    const { cwd, image, beta, store } = await makeBeta('1.3.0-dev.1');
    const run = await runCli(['promote', '1.3.0-dev.1', '--channel', 'edge'], { cwd });
    expect(run.exitCode, run.stderr).toBe(0);
    expect(await resolveTag(`${image}:edge`)).toBe(beta.index);
    expect(await store.versionOf('example')).toBe('1.2.0');
  });

  it('wants a channel that exists', async () => {
    const { cwd } = await makeBeta('1.3.0');
    const run = await runCli(['promote', '1.3.0', '--channel', 'nightly'], { cwd });
    expect(run.exitCode).toBe(2);
    expect(run.stderr).toContain('"nightly" is not a channel');
  });
});
