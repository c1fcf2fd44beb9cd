import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BASE_MIRROR, BASE_REGISTRY, runCli } from '../helpers/cli.js';
import { expectTidyEnd, parseOutput } from '../helpers/expect-run.js';
import { copyFixture, type FixtureAddon } from '../helpers/fixture-addon.js';
import { askDocker } from '../helpers/local-engine.js';
import { listTags } from '../helpers/published.js';
import { startRegistry, type RegistryServer } from '../helpers/registry-server.js';
import { requireTool } from '../helpers/tools.js';

const hasTools = ['docker', 'docker-registry'].map(requireTool).every(Boolean);

/** A label of the image that was built for an architecture. */
function readLabel(addon: FixtureAddon, arch: string, label: string): Promise<string> {
  const image = `${addon.localImages.replace('*', arch)}:1.0.0`;
  return askDocker(['image', 'inspect', '--format', `{{index .Config.Labels "${label}"}}`, image]);
}

describe.skipIf(!hasTools)('the files of an add-on', () => {
  let registry: RegistryServer;

  beforeAll(async () => {
    registry = await startRegistry();
  });
  afterAll(async () => {
    await registry.stop();
  });

  it('need no build.yaml when the Dockerfile names its base image', async () => {
    const addon = await copyFixture('own-from');
    const args = ['1.0.0', '--multi', '--json', '--registry', registry.host, ...BASE_MIRROR];
    const run = await runCli(args, { cwd: addon.folder });
    await expectTidyEnd(run, 0, addon);
    const { plan } = parseOutput(run);
    expect(plan?.architectures.map(({ baseImages }) => baseImages)).toMatchObject(
      ['aarch64', 'amd64'].map(() => [
        {
          reference: 'ghcr.io/home-assistant/base-debian:bookworm',
          source: `${BASE_REGISTRY}/home-assistant/base-debian:bookworm`,
        },
      ]),
    );
    expect(await listTags(`${registry.host}/example/own-from`)).toEqual([
      '1',
      '1.0',
      '1.0.0',
      'latest',
      'stable',
    ]);
  });

  it('may have their build.yaml at the root of the repository', async () => {
    const addon = await copyFixture('root-build-file', { below: 'addon' });
    // Started at the root: the only add-on below it is meant.
    const run = await runCli(['build', '--json', ...BASE_MIRROR], { cwd: addon.root });
    await expectTidyEnd(run, 0, addon);
    for (const arch of ['aarch64', 'amd64']) {
      expect(await readLabel(addon, arch, 'org.example.from-root')).toBe('yes');
    }
  });

  it('may have a Dockerfile for one architecture', async () => {
    const addon = await copyFixture('dockerfile-per-arch');
    const run = await runCli(['test', '--quiet'], { cwd: addon.folder });
    await expectTidyEnd(run, 0, addon);
    expect(await readLabel(addon, 'amd64', 'org.example.dockerfile')).toBe('common');
    expect(await readLabel(addon, 'aarch64', 'org.example.dockerfile')).toBe('aarch64');
  });

  it('get the new version last of all, and keep everything else as it was written', async () => {
    const addon = await copyFixture('commented-config');
    const before = await readFile(addon.configFile, 'utf8');
    const args = ['1.2.0', '--multi', '--arch', 'amd64', '--registry', registry.host];

    const plan = await runCli([...args, '--dry-run'], { cwd: addon.folder });
    await expectTidyEnd(plan, 0, addon);
    expect(plan.stdout).toMatch(/file {6}\S+\/config\.yaml {2}\(version: 1\.0\.0 → 1\.2\.0\)/);

    const run = await runCli(args, { cwd: addon.folder });
    await expectTidyEnd(run, 0);
    expect(run.stderr).toContain('warning: aarch64 gets no image of 1.2.0');
    expect(run.stdout).toContain(`updated   ${addon.configFile}`);
    const after = await readFile(addon.configFile, 'utf8');
    expect(after).toBe(before.replace("version: '1.0.0'", "version: '1.2.0'"));
    expect(after).not.toBe(before);
    expect(await addon.changes()).toBe('');
  });
});
