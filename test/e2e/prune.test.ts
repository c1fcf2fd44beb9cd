import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../../src/exec/run.js';
import { createRegistryClient, type RegistryClient } from '../../src/registry/client.js';
import { makeTemporaryFolder, runCli } from '../helpers/cli.js';
import { listTags } from '../helpers/published.js';
import { startRegistry, type RegistryServer } from '../helpers/registry-server.js';
import { resolveTag } from '../helpers/resolve-tag.js';
import { pushSampleRelease, type SampleRelease } from '../helpers/sample-release.js';
import { makeStoreRepository } from '../helpers/store-repository.js';
import { requireTool } from '../helpers/tools.js';

const hasTools = ['docker-registry', 'git', 'oras', 'skopeo', 'cosign']
  .map(requireTool)
  .every(Boolean);

interface Output {
  readonly deleted?: readonly string[];
  readonly plan: {
    readonly repositories: readonly {
      readonly retention: {
        readonly deleted: readonly { readonly tags: readonly string[]; readonly kind: string }[];
      };
    }[];
  };
}

describe.skipIf(!hasTools)('addon-release prune', () => {
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

  /** Three betas that nobody was offered, two stable versions that everybody was. */
  async function makeReleases(host = registry.host, attested = false) {
    const name = `owner/example-${String(++count)}`;
    const image = `${host}/${name}`;
    const releases = new Map<string, SampleRelease>();
    for (const [version, ...tags] of [
      ['1.0.0'],
      ['1.1.0-beta.1'],
      ['1.1.0-beta.2'],
      ['1.1.0-beta.3', 'beta'],
      ['1.1.0', 'latest', 'stable', '1.1', '1'],
    ] as const) {
      const at = { registry: host, repository: name };
      const options = { version, tags: [version, ...tags], attested };
      releases.set(version, await pushSampleRelease(client, at, options));
    }
    const store = await makeStoreRepository([{ slug: 'example', version: '1.0.0', image }]);
    await store.announce('example', '1.1.0');
    const digestOf = (version: string) => releases.get(version)?.index ?? '';
    return { image, name, releases, digestOf, cwd: store.folderOf('example') };
  }

  async function expectWhole(image: string, version: string, release: SampleRelease | undefined) {
    expect(await resolveTag(`${image}:${version}`)).toBe(release?.index);
    for (const { descriptor } of release?.images.values() ?? []) {
      expect(await resolveTag(`${image}@${descriptor.digest}`)).toBe(descriptor.digest);
    }
    for (const digest of release?.attestations ?? []) {
      expect(await resolveTag(`${image}@${digest}`)).toBe(digest);
    }
  }

  it('lists what could go, and deletes nothing', async () => {
    const { image, cwd } = await makeReleases();
    const before = await listTags(image);
    const from = registry.log().length;
    const end = await runCli(['prune', '--keep', '1'], { cwd });
    expect(end.exitCode, end.stderr).toBe(0);
    expect(end.stdout).toMatch(/^ +delete +sha256:\S+ +1\.1\.0-beta\.1 +\(old, and named by/m);
    expect(end.stdout).toMatch(/^ +keep +sha256:\S+ .*beta.* +\(named by beta\)$/m);
    expect(end.stdout).toMatch(/^ +keep +sha256:\S+ +1\.0\.0 +\(in the store's history\)$/m);
    expect(end.stdout).toContain('with 4 images of theirs');
    expect(end.stdout).toContain('Nothing was deleted.');
    expect(await listTags(image)).toEqual(before);
    expect(registry.log().slice(from)).not.toMatch(/"(?:DELETE|PUT|PATCH|POST) /);
  });

  it('deletes old versions with their images, signatures and attestations, and nothing else', async () => {
    const { image, releases, digestOf, cwd } = await makeReleases(registry.host, true);
    const keys = await makeTemporaryFolder('keys');
    const env = { COSIGN_PASSWORD: '' };
    await run('cosign', ['generate-key-pair', '--output-key-prefix=own'], { cwd: keys, env });
    const sign = ['sign', '--yes', '--key=own.key', '--tlog-upload=false'];
    await writeFile(path.join(keys, 'list.txt'), 'what is inside');
    for (const version of ['1.1.0-beta.1', '1.1.0']) {
      const reference = `${image}@${digestOf(version)}`;
      const signed = await run('cosign', [...sign, reference], { cwd: keys, env });
      expect(signed.exitCode, signed.stderr).toBe(0);
      const attach = ['attach', '--plain-http', '--artifact-type=text/list', reference, 'list.txt'];
      const attached = await run('oras', attach, { cwd: keys });
      expect(attached.exitCode, attached.stderr).toBe(0);
    }
    const tagOf = (version: string) => digestOf(version).replace(':', '-');
    expect(await listTags(image)).toContain(`${tagOf('1.1.0-beta.1')}.sig`);
    const end = await runCli(['prune', '--keep', '1', '--yes', '--json'], { cwd });
    expect(end.exitCode, end.stderr).toBe(0);
    const output = JSON.parse(end.stdout) as Output;
    const kinds = output.plan.repositories.flatMap(({ retention }) =>
      retention.deleted.map(({ kind }) => kind),
    );
    // Of each version two images and what attests them.
    const kindsOf = (kind: string) => kinds.filter((one) => one === kind).length;
    expect(kinds.slice(0, 6)).toEqual(['version', 'version', 'part', 'part', 'part', 'part']);
    expect(kindsOf('version') + kindsOf('part') + kindsOf('attachment')).toBe(kinds.length);
    expect(kindsOf('attachment')).toBeGreaterThan(4);
    expect(kinds.lastIndexOf('part')).toBe(5);
    expect(output.deleted).toHaveLength(kinds.length);
    expect(await listTags(image)).toEqual(
      [
        ...['1', '1.0.0', '1.1', '1.1.0', '1.1.0-beta.3', 'beta', 'latest', 'stable'],
        ...[tagOf('1.1.0'), `${tagOf('1.1.0')}.sig`],
      ].sort(),
    );
    for (const version of ['1.0.0', '1.1.0', '1.1.0-beta.3']) {
      await expectWhole(image, version, releases.get(version));
    }
    for (const version of ['1.1.0-beta.1', '1.1.0-beta.2']) {
      expect(await resolveTag(`${image}@${digestOf(version)}`)).toBeUndefined();
      for (const { descriptor } of releases.get(version)?.images.values() ?? []) {
        expect(await resolveTag(`${image}@${descriptor.digest}`)).toBeUndefined();
      }
      for (const digest of releases.get(version)?.attestations ?? []) {
        expect(await resolveTag(`${image}@${digest}`)).toBeUndefined();
      }
    }
    const verify = ['verify', '--key=own.pub', '--insecure-ignore-tlog=true', `${image}:1.1.0`];
    expect((await run('cosign', verify, { cwd: keys })).exitCode).toBe(0);
    const again = await runCli(['prune', '--keep', '1', '--yes'], { cwd });
    expect(again.exitCode).toBe(0);
    expect(again.stdout).toContain('nothing to delete');
  });

  it('lets old versions of the store go where it is told to', async () => {
    const { image, cwd } = await makeReleases();
    const end = await runCli(['prune', '--keep', '1', '--history', '1', '--yes'], { cwd });
    expect(end.exitCode, end.stderr).toBe(0);
    const tags = await listTags(image);
    expect(tags).not.toContain('1.0.0');
    expect(tags).toContain('1.1.0');
  });

  it('says that a registry does not delete', async () => {
    const fixed = await startRegistry({ allowDelete: false });
    try {
      const { image, cwd } = await makeReleases(fixed.host);
      const before = await listTags(image);
      const end = await runCli(['prune', '--keep', '1', '--yes'], { cwd });
      expect(end.exitCode).toBe(7);
      expect(end.stderr).toContain(`${fixed.host} does not delete images`);
      expect(end.stderr).toContain('storage.delete.enabled');
      expect(await listTags(image)).toEqual(before);
    } finally {
      await fixed.stop();
    }
  });

  it('refuses what contradicts itself', async () => {
    const { cwd } = await makeReleases();
    const none = await runCli(['prune', '--keep', '0'], { cwd });
    expect(none.exitCode).toBe(2);
    const both = await runCli(['prune', '--yes', '--dry-run'], { cwd });
    expect(both.exitCode).toBe(2);
  });
});
