import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRegistryClient, type RegistryClient } from '../../src/registry/client.js';
import { runCli } from '../helpers/cli.js';
import { startRegistry, type RegistryServer } from '../helpers/registry-server.js';
import { resolveTag } from '../helpers/resolve-tag.js';
import { pushSampleRelease, type SampleRelease } from '../helpers/sample-release.js';
import { makeStoreRepository, type StoreRepository } from '../helpers/store-repository.js';
import { requireTool } from '../helpers/tools.js';

const hasTools = ['docker-registry', 'git', 'oras', 'skopeo'].map(requireTool).every(Boolean);

interface Output {
  readonly plan: {
    readonly version: string;
    readonly writes: readonly { readonly kind: string; readonly target: string }[];
  };
  readonly tags?: readonly string[];
  readonly runFolder: string;
}

describe.skipIf(!hasTools)('addon-release rollback', () => {
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

  interface History {
    readonly store: StoreRepository;
    readonly cwd: string;
    readonly image: string;
    readonly old: SampleRelease;
    readonly current: SampleRelease;
    /** What the registry logged from now on. */
    readonly requests: () => string;
  }

  /** 1.1.5 and 1.1.6 were released, then 1.2.0, which is the current one. */
  async function makeHistory(): Promise<History> {
    const name = `owner/example-${String(++count)}`;
    const at = { registry: registry.host, repository: name };
    const image = `${registry.host}/${name}`;
    await pushSampleRelease(client, at, { version: '1.1.5' });
    const old = await pushSampleRelease(client, at, { version: '1.1.6', tags: ['1.1.6', '1.1'] });
    const current = await pushSampleRelease(client, at, {
      version: '1.2.0',
      tags: ['1.2.0', '1.2', '1', 'latest', 'stable'],
    });
    const store = await makeStoreRepository([{ slug: 'example', version: '1.1.5', image }]);
    await store.announce('example', '1.1.6');
    await store.announce('example', '1.2.0');
    const from = registry.log().length;
    const requests = () => registry.log().slice(from);
    return { store, cwd: store.folderOf('example'), image, old, current, requests };
  }

  it('leads tags and store back to the version before, and sends no layer', async () => {
    const { store, cwd, image, old, current, requests } = await makeHistory();
    const run = await runCli(['rollback', '--json'], { cwd });
    expect(run.stderr).not.toContain('error:');
    expect(run.exitCode).toBe(0);
    const output = JSON.parse(run.stdout) as Output;
    expect(output.plan.version).toBe('1.1.6');
    expect(output.tags).toEqual([`${image}:latest`, `${image}:stable`, `${image}:1`]);
    for (const tag of ['latest', 'stable', '1', '1.1', '1.1.6']) {
      expect(await resolveTag(`${image}:${tag}`), tag).toBe(old.index);
    }
    // What was released stays, under its own names.
    for (const tag of ['1.2.0', '1.2']) {
      expect(await resolveTag(`${image}:${tag}`), tag).toBe(current.index);
    }
    expect(await store.versionOf('example')).toBe('1.1.6');
    expect(await store.git('status', '--porcelain')).toBe('');
    expect(await store.git('log', '-1', '--format=%s')).toBe('Go back to The add-on example 1.1.6');
    expect(await store.git('show', 'origin/main:example/config.yaml')).toContain(
      'version: "1.1.6" # set by releases',
    );
    expect(await store.git('ls-remote', 'origin', 'main')).toContain(
      await store.git('rev-parse', 'HEAD'),
    );
    expect(requests()).toMatch(/"PUT \/v2\/\S+\/manifests\/latest /);
    expect(requests()).not.toMatch(/"(?:PUT|PATCH) \/v2\/\S+\/blobs\//);
    const journal = await readFile(path.join(output.runFolder, 'journal.json'), 'utf8');
    expect(journal).toContain(`${current.index} → ${old.index}`);
    expect(JSON.parse(journal)).toMatchObject({ status: 'finished' });
  });

  it('shows every write first, in its order, and writes nothing', async () => {
    const { store, cwd, image, current, requests } = await makeHistory();
    const run = await runCli(['rollback', '--dry-run'], { cwd });
    expect(run.exitCode).toBe(0);
    const lines = run.stdout.split('\n').filter((line) => /^ +\d+\. /.test(line));
    expect(lines.map((line) => line.trim().split(/\s+/).slice(1, 3))).toEqual([
      ['tag', `${image}:latest`],
      ['tag', `${image}:stable`],
      ['tag', `${image}:1`],
      ['file', path.join(cwd, 'config.yaml')],
      ['commit', 'main'],
      ['git-push', 'origin'],
    ]);
    expect(run.stdout).toContain('Nothing was written.');
    expect(await resolveTag(`${image}:latest`)).toBe(current.index);
    expect(await store.versionOf('example')).toBe('1.2.0');
    expect(requests()).not.toMatch(/"(?:PUT|PATCH|POST|DELETE) /);
  });

  it('goes back to a version of choice, from there on once more, and has nothing to do then', async () => {
    const { store, cwd, image } = await makeHistory();
    expect((await runCli(['rollback', '1.1.6'], { cwd })).exitCode).toBe(0);
    expect((await runCli(['rollback'], { cwd })).exitCode).toBe(0);
    expect(await store.versionOf('example')).toBe('1.1.5');
    const latest = await resolveTag(`${image}:latest`);
    expect(latest).toBe(await resolveTag(`${image}:1.1.5`));
    const again = await runCli(['rollback', '1.1.5'], { cwd });
    expect(again.exitCode).toBe(0);
    expect(again.stdout).toContain('Nothing to write');
    const end = await runCli(['rollback'], { cwd });
    expect(end.exitCode).toBe(2);
    expect(end.stderr).toContain('there is no version before 1.1.5');
  });

  it('touches nothing when a layer of the old version is gone', async () => {
    const { store, cwd, image, old, current } = await makeHistory();
    const digest = old.images.get('aarch64')?.layers[0]?.digest.replace('sha256:', '') ?? '';
    const blobs = path.join(registry.storage, 'docker/registry/v2/blobs/sha256');
    await rm(path.join(blobs, digest.slice(0, 2), digest, 'data'));
    const run = await runCli(['rollback'], { cwd });
    expect(run.exitCode).toBe(8);
    expect(run.stderr).toContain("example 1.1.6 can't be installed any more");
    expect(run.stderr).toContain('layer 1 of 2 is named but not there');
    expect(await resolveTag(`${image}:latest`)).toBe(current.index);
    expect(await store.versionOf('example')).toBe('1.2.0');
  });

  it('refuses what is not published, and what is newer', async () => {
    const { cwd } = await makeHistory();
    const unknown = await runCli(['rollback', '1.0.0'], { cwd });
    expect(unknown.exitCode).toBe(7);
    expect(unknown.stderr).toContain('has no tag 1.0.0');
    const newer = await runCli(['rollback', '1.3.0'], { cwd });
    expect(newer.exitCode).toBe(2);
    expect(newer.stderr).toContain('promote VERSION --channel stable');
  });

  it('finishes what was begun when the store could not be reached', async () => {
    const { store, cwd, image, old } = await makeHistory();
    await store.git('remote', 'set-url', 'origin', path.join(store.remote, 'gone'));
    const failed = await runCli(['rollback'], { cwd });
    expect(failed.exitCode).toBe(4);
    expect(await resolveTag(`${image}:latest`)).not.toBe(old.index);
    await store.git('remote', 'set-url', 'origin', store.remote);
    expect((await runCli(['rollback'], { cwd })).exitCode).toBe(0);
    expect(await resolveTag(`${image}:latest`)).toBe(old.index);
    expect(await store.versionOf('example')).toBe('1.1.6');
  });

  it('without git sets the version in the file alone', async () => {
    const { store, cwd } = await makeHistory();
    const before = await store.git('rev-parse', 'HEAD');
    expect((await runCli(['rollback', '--no-git'], { cwd })).exitCode).toBe(0);
    expect(await store.versionOf('example')).toBe('1.1.6');
    expect(await store.git('rev-parse', 'HEAD')).toBe(before);
  });

  it('leads images of one architecture each back too', async () => {
    const names = ['amd64-split', 'aarch64-split', 'split'] as const;
    const arches = { 'amd64-split': ['amd64'], 'aarch64-split': ['aarch64'], split: undefined };
    const digests = new Map<string, string>();
    for (const [version, tags] of [
      ['2.0.0', ['2.0.0']],
      ['2.1.0', ['2.1.0', 'latest']],
    ] as const) {
      for (const name of names) {
        const at = { registry: registry.host, repository: `owner/${name}` };
        const only = arches[name];
        if (only === undefined) continue;
        const release = await pushSampleRelease(client, at, {
          version,
          tags,
          arches: only as ['amd64'] | ['aarch64'],
        });
        digests.set(`${name} ${version}`, release.index);
      }
    }
    const image = `${registry.host}/owner/{arch}-split`;
    const store = await makeStoreRepository([{ slug: 'split', version: '2.1.0', image }]);
    const run = await runCli(['rollback'], { cwd: store.folderOf('split') });
    expect(run.exitCode).toBe(0);
    for (const name of ['amd64-split', 'aarch64-split']) {
      expect(await resolveTag(`${registry.host}/owner/${name}:latest`)).toBe(
        digests.get(`${name} 2.0.0`),
      );
    }
  });
});
