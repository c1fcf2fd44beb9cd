import { appendFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../../src/exec/run.js';
import { BASE_MIRROR, BASE_REGISTRY, runCli, type AtEnd, type CliRun } from '../helpers/cli.js';
import { expectTidyEnd, parseOutput } from '../helpers/expect-run.js';
import { copyFixture, type FixtureAddon } from '../helpers/fixture-addon.js';
import { askDocker, removeLocalImages } from '../helpers/local-engine.js';
import {
  digestStorage,
  inspectConfigDigest,
  inspectIndex,
  inspectLayers,
  listTags,
} from '../helpers/published.js';
import { startRegistry, type RegistryServer } from '../helpers/registry-server.js';
import { requireTool } from '../helpers/tools.js';
import { expectReadable, expectReported } from '../helpers/expect-report.js';

const hasTools = ['docker', 'docker-registry', 'skopeo'].map(requireTool).every(Boolean);

/** Platform in an index, name in Home Assistant, and what the kernel of a container says. */
const PLATFORMS = [
  ['linux/amd64', 'amd64', 'x86_64'],
  ['linux/arm/v7', 'armv7', 'armv7l'],
  ['linux/arm64', 'aarch64', 'aarch64'],
] as const;

describe.skipIf(!hasTools)('a release for three architectures', () => {
  const cleanUps: (() => Promise<unknown>)[] = [];
  const atEnd: AtEnd = (action) => cleanUps.unshift(action);
  let registry: RegistryServer;
  let addon: FixtureAddon;
  let release: CliRun;
  let image: string;

  beforeAll(async () => {
    registry = await startRegistry();
    atEnd(() => registry.stop());
    addon = await copyFixture('service', { atEnd });
    image = `${registry.host}/example/service`;
    atEnd(() => removeLocalImages(image));
    release = await runCli(
      ['1.0.0', '--multi', '--json', '--registry', registry.host, ...BASE_MIRROR],
      { cwd: addon.folder, atEnd },
    );
  });
  afterAll(async () => {
    for (const cleanUp of cleanUps) await cleanUp();
  });

  it('succeeds, with every check of every architecture passed, and leaves nothing behind', async () => {
    await expectTidyEnd(release, 0, addon);
    const { ok, architectures = [] } = parseOutput(release);
    expect(ok).toBe(true);
    expect(architectures.map(({ arch }) => arch).toSorted()).toEqual(['aarch64', 'amd64', 'armv7']);
    for (const { emulated, arch, smoke, compressedBytes, unpackedBytes } of architectures) {
      expect(emulated).toBe(arch !== 'amd64');
      const outcomes = new Map(smoke?.checks.map(({ id, outcome }) => [id, outcome]));
      const wanted = ['platform', 'labels', 'elf', 'ready', 'watchdog', 'ingress', 'user', 'stop'];
      for (const id of wanted) expect([id, outcomes.get(id)]).toEqual([id, 'passed']);
      expect(unpackedBytes).toBeGreaterThan(compressedBytes ?? Infinity);
    }
  });

  it('is told by `report` and `history`', async () => {
    await expectReported(release, addon.folder, parseOutput(release).architectures ?? []);
  });

  it.skipIf(!requireTool('chromium'))('has a report that a browser shows', async () => {
    await expectReadable(release, addon.folder, parseOutput(release).architectures ?? []);
  });

  it('publishes an index of three platforms that name the tested images', async () => {
    const index = await inspectIndex(`${image}:1.0.0`);
    const { architectures = [], index: named } = parseOutput(release);
    expect(index.mediaType).toBe('application/vnd.oci.image.index.v1+json');
    const platforms = index.platforms.map(({ platform }) => platform).toSorted();
    expect(platforms).toEqual(PLATFORMS.map(([platform]) => platform));
    for (const { platform, digest } of index.platforms) {
      const tested = architectures.find((arch) => arch.platform === platform);
      const configDigest = await inspectConfigDigest(`${image}@${digest}`);
      expect(configDigest).toBe(tested?.smoke?.configDigest);
      expect(configDigest).toBe(tested?.configDigest);
      expect(digest).toBe(tested?.manifestDigest);
    }
    expect((await inspectIndex(`${image}@${named?.digest ?? ''}`)).raw).toBe(index.raw);
  });

  it.skipIf(!requireTool('oras'))('is read by another client too', async () => {
    const args = ['manifest', 'fetch', '--plain-http', `${image}:1.0.0`];
    const { stdout } = await run('oras', args);
    expect(stdout).toBe((await inspectIndex(`${image}:1.0.0`)).raw);
  });

  it.each(PLATFORMS)('can be pulled and run for %s', async (platform, arch, machine) => {
    const options = ['--rm', '--pull=always', `--platform=${platform}`, '--entrypoint=/bin/sh'];
    const script = 'cat /etc/service-arch; uname -m';
    const output = await askDocker(['run', ...options, `${image}:1.0.0`, '-c', script]);
    expect(output.split('\n')).toEqual([`service for ${arch} on ${machine}`, machine]);
  });

  it('lets `latest` name the same index', async () => {
    expect(await listTags(image)).toEqual(['1', '1.0', '1.0.0', 'latest', 'stable']);
    const [version, latest] = await Promise.all(
      ['1.0.0', 'latest'].map((tag) => inspectIndex(`${image}:${tag}`)),
    );
    expect(latest?.raw).toBe(version?.raw);
  });
});

describe.skipIf(!hasTools)('a release after a release', () => {
  let registry: RegistryServer;

  beforeAll(async () => {
    registry = await startRegistry();
  });
  afterAll(async () => {
    await registry.stop();
  });

  it('says the same again and writes nothing new', async () => {
    const addon = await copyFixture('once');
    const args = ['1.0.0', '--multi', '--json', '--registry', registry.host];
    const first = await runCli(args, { cwd: addon.folder });
    await expectTidyEnd(first, 0, addon);
    const stored = await digestStorage(registry.storage);
    const second = await runCli(args, { cwd: addon.folder });
    await expectTidyEnd(second, 0, addon);
    expect(await digestStorage(registry.storage)).toEqual(stored);
    const [one, two] = [parseOutput(first), parseOutput(second)];
    expect(two.index).toEqual(one.index);
    expect(two.tags).toEqual(one.tags);
    const digests = (output: typeof one) =>
      output.architectures?.map(({ arch, configDigest, manifestDigest }) => [
        arch,
        configDigest,
        manifestDigest,
      ]);
    expect(digests(two)).toEqual(digests(one));
  });

  it('leaves `latest` alone when the version is not a stable one', async () => {
    const addon = await copyFixture('once');
    const image = `${registry.host}/example/beta`;
    const args = ['--multi', '--arch', 'amd64', '--quiet', '--image', image];
    const runs = [];
    for (const version of ['1.0.0', '1.1.0-beta.1']) {
      runs.push(await runCli([version, ...args], { cwd: addon.folder }));
    }
    expect(runs.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
    expect(await listTags(image)).toEqual([
      '1',
      '1.0',
      '1.0.0',
      '1.1.0-beta.1',
      'beta',
      'latest',
      'stable',
    ]);
    const [stable, beta, latest] = await Promise.all(
      ['1.0.0', '1.1.0-beta.1', 'latest'].map((tag) => inspectIndex(`${image}:${tag}`)),
    );
    expect(latest?.raw).toBe(stable?.raw);
    expect(beta?.raw).not.toBe(stable?.raw);
  });

  it('refuses a version that exists with other content, and replaces it when told to', async () => {
    const addon = await copyFixture('once');
    const image = `${registry.host}/example/other`;
    const args = ['1.0.0', '--multi', '--arch', 'amd64', '--allow-dirty', '--image', image];
    const options = { cwd: addon.folder };
    await expectTidyEnd(await runCli(args, options), 0, addon);
    const published = await inspectIndex(`${image}:1.0.0`);

    await appendFile(addon.dockerfile, 'LABEL org.example.other=content\n');
    const refused = await runCli(args, options);
    await expectTidyEnd(refused, 7);
    expect(refused.stderr).toContain(`error: ${image}:1.0.0 exists with other content`);
    expect(refused.stderr).toMatch(/next: .*--replace/);
    expect((await inspectIndex(`${image}:1.0.0`)).raw).toBe(published.raw);

    const replaced = await runCli([...args, '--replace'], options);
    await expectTidyEnd(replaced, 0);
    expect(replaced.stderr).toMatch(/warning: .*:1\.0\.0 is replaced: sha256:/);
    const now = await inspectIndex(`${image}:1.0.0`);
    expect(now.raw).not.toBe(published.raw);
    expect((await inspectIndex(`${image}:latest`)).raw).toBe(now.raw);
  });

  it('has the very layers of its base image where both are in one registry', async () => {
    const addon = await copyFixture('service');
    const base = 'amd64-base-debian:bookworm';
    const mirror = `${registry.host}/bases`;
    const flags = ['--quiet', '--src-tls-verify=false', '--dest-tls-verify=false'];
    const names = [`${BASE_REGISTRY}/home-assistant`, mirror].map(
      (one) => `docker://${one}/${base}`,
    );
    expect((await run('skopeo', ['copy', ...flags, ...names])).exitCode).toBe(0);

    const image = `${registry.host}/example/near`;
    const released = await runCli(
      [
        ...['1.0.0', '--multi', '--arch', 'amd64', '--no-smoke', '--image', image],
        ...['--base-mirror', `ghcr.io/home-assistant=${mirror}`],
      ],
      { cwd: addon.folder },
    );
    await expectTidyEnd(released, 0, addon);
    const [platform] = (await inspectIndex(`${image}:1.0.0`)).platforms;
    const layers = await inspectLayers(`${image}@${platform?.digest ?? ''}`);
    const baseLayers = await inspectLayers(`${mirror}/${base}`);
    expect(baseLayers.length).toBeGreaterThan(0);
    expect(layers.slice(0, baseLayers.length)).toEqual(baseLayers);
    expect(layers.length).toBeGreaterThan(baseLayers.length);
  });
});
