import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../helpers/cli.js';
import { expectTidyEnd, parseOutput } from '../helpers/expect-run.js';
import { copyFixture } from '../helpers/fixture-addon.js';
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
