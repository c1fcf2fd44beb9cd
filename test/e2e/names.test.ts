import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../../src/exec/run.js';
import { runCli } from '../helpers/cli.js';
import { expectTidyEnd, parseOutput } from '../helpers/expect-run.js';
import { commitAll, copyFixture } from '../helpers/fixture-addon.js';
import { inspectConfigDigest, inspectIndex, listTags } from '../helpers/published.js';
import { startRegistry, type RegistryServer } from '../helpers/registry-server.js';
import { requireTool } from '../helpers/tools.js';

const hasTools = ['docker', 'docker-registry', 'skopeo'].map(requireTool).every(Boolean);

describe.skipIf(!hasTools)('the names that are published under', () => {
  let registry: RegistryServer;

  beforeAll(async () => {
    registry = await startRegistry();
  });
  afterAll(async () => {
    await registry.stop();
  });

  it('are one per architecture and one for the index when `image` has {arch}', async () => {
    const addon = await copyFixture('per-arch-names');
    const args = ['1.0.0', '--multi', '--json', '--registry', registry.host];
    const run = await runCli(args, { cwd: addon.folder });
    await expectTidyEnd(run, 0, addon);

    const { architectures = [] } = parseOutput(run);
    const index = await inspectIndex(`${registry.host}/example/per-arch:1.0.0`);
    expect(architectures.map(({ arch }) => arch)).toEqual(['aarch64', 'amd64']);
    for (const { arch, platform, configDigest } of architectures) {
      const own = `${registry.host}/example/${arch}-per-arch`;
      expect(await listTags(own)).toEqual(['1', '1.0', '1.0.0', 'latest', 'stable']);
      expect(await inspectConfigDigest(`${own}:1.0.0`)).toBe(configDigest);
      const listed = index.platforms.find((entry) => entry.platform === platform);
      const beside = `${registry.host}/example/per-arch@${listed?.digest ?? ''}`;
      expect(await inspectConfigDigest(beside)).toBe(configDigest);
    }
    expect(await listTags(`${registry.host}/example/per-arch`)).toEqual([
      '1',
      '1.0',
      '1.0.0',
      'latest',
      'stable',
    ]);
  });

  it('are old ones too, which are released, taken back, verified and cleaned up alike', async () => {
    const addon = await copyFixture('per-arch-names');
    const config = await readFile(addon.configFile, 'utf8');
    await writeFile(addon.configFile, config.replace('{arch}-per-arch', 'one-name'));
    const settings = path.join(addon.folder, 'addon-release.yaml');
    await writeFile(settings, "also: ['ghcr.io/example/{arch}-before']\n");
    await commitAll(addon.folder);
    const call = (...args: readonly string[]) =>
      runCli([...args, '--registry', registry.host], { cwd: addon.folder });
    for (const version of ['1.0.0', '1.1.0']) {
      await expectTidyEnd(await call(version, '--multi', '--no-smoke', '--quiet'), 0, addon);
    }
    const old = ['aarch64', 'amd64'].map((arch) => `${registry.host}/example/${arch}-before`);
    const expectLatest = async (version: string) => {
      for (const name of old) {
        const latest = await inspectConfigDigest(`${name}:latest`);
        expect(latest, name).toBe(await inspectConfigDigest(`${name}:${version}`));
      }
    };
    await expectLatest('1.1.0');

    const preview = await call('rollback', '--dry-run');
    for (const name of old) expect(preview.stdout).toContain(`${name}:latest`);
    await expectTidyEnd(await call('rollback', '--quiet'), 0, addon);
    await expectLatest('1.0.0');

    const verified = await call('verify');
    expect(verified.exitCode, verified.stderr).toBe(0);
    for (const name of old) {
      expect(verified.stdout).toMatch(new RegExp(`installable .*${name}:1\\.0\\.0$`, 'm'));
    }
    const prune = await call('prune', '--keep', '1');
    expect(prune.exitCode, prune.stderr).toBe(0);
    for (const name of old) expect(prune.stdout).toMatch(new RegExp(`^${name}$`, 'm'));

    const [first = ''] = old;
    const copy = [`docker://${first}:1.1.0`, `docker://${first}:1.0.0`];
    const flags = ['--src-tls-verify=false', '--dest-tls-verify=false'];
    expect((await run('skopeo', ['copy', '--quiet', ...flags, ...copy])).exitCode).toBe(0);
    const differs = await call('verify');
    expect(differs.exitCode).toBe(8);
    expect(differs.stderr).toContain(`${first}:1.0.0 are different images for aarch64`);
  });

  it('are replaced as a whole by --image, with or without {arch}', async () => {
    const addon = await copyFixture('per-arch-names');
    const names = `${registry.host}/other/{arch}/name`;
    const args = ['1.0.0', '--multi', '--quiet', '--arch', 'amd64', '--image'];
    await expectTidyEnd(await runCli([...args, names], { cwd: addon.folder }), 0, addon);
    expect(await listTags(`${registry.host}/other/amd64/name`)).toEqual([
      '1',
      '1.0',
      '1.0.0',
      'latest',
      'stable',
    ]);
    expect(await listTags(`${registry.host}/other/name`)).toEqual([
      '1',
      '1.0',
      '1.0.0',
      'latest',
      'stable',
    ]);

    const name = `${registry.host}/plain/name`;
    await expectTidyEnd(await runCli([...args, name], { cwd: addon.folder }), 0, addon);
    expect(await listTags(name)).toEqual(['1', '1.0', '1.0.0', 'latest', 'stable']);
    expect((await inspectIndex(`${name}:1.0.0`)).platforms).toHaveLength(1);
  });
});
