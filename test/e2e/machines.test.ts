import { readdir } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { askDocker } from '../helpers/local-engine.js';
import { atEndOfTest, makeTemporaryFolder, runCli } from '../helpers/cli.js';
import { expectTidyEnd, parseOutput } from '../helpers/expect-run.js';
import { copyFixture } from '../helpers/fixture-addon.js';
import { inspectConfigDigest, inspectIndex } from '../helpers/published.js';
import { startRegistry } from '../helpers/registry-server.js';
import { startSecondEngine, type SecondEngine } from '../helpers/second-engine.js';
import { requireTool } from '../helpers/tools.js';

const hasTools =
  ['docker', 'dockerd', 'docker-registry', 'skopeo', 'unshare'].map(requireTool).every(Boolean) &&
  process.getuid?.() === 0;

type Ask = (args: readonly string[]) => Promise<string>;

/** The containers that an engine has made since a moment, as its own record says. */
async function listContainers(ask: Ask, since: number, slug: string): Promise<readonly string[]> {
  const until = Math.ceil(Date.now() / 1000) + 1;
  const names = await ask([
    ...['events', `--since=${Math.floor(since / 1000)}`, `--until=${until}`],
    ...['--filter=event=create', '--format={{.Actor.Attributes.name}}'],
  ]);
  const architectures = names.split('\n').flatMap((name) => {
    return new RegExp(`^app_local_${slug}-(\\w+)-default-`).exec(name)?.[1] ?? [];
  });
  return [...new Set(architectures)];
}

/** The images of an add-on that an engine holds. */
async function listImages(ask: Ask, slug: string): Promise<readonly string[]> {
  const filter = `--filter=reference=local/*-addon-${slug.replaceAll('_', '-')}`;
  return (await ask(['image', 'ls', filter, '--format={{.Repository}}'])).split('\n');
}

describe.skipIf(!hasTools)('two engines', () => {
  let other: SecondEngine;
  const closing: (() => Promise<unknown>)[] = [];

  beforeAll(async () => {
    other = await startSecondEngine('other', (action) => {
      closing.unshift(action);
    });
  }, 60_000);
  afterAll(async () => {
    for (const close of closing) await close();
  });

  it('build and test the architectures that are theirs, and one release is made of both', async () => {
    const addon = await copyFixture('once');
    const registry = await startRegistry();
    atEndOfTest(() => registry.stop());
    const image = `${registry.host}/example/two`;
    const since = Date.now();
    const run = await runCli(
      [
        ...['1.0.1', '--multi', '--no-git', '--json', '--image', image],
        ...['--arch', 'amd64', '--arch', 'arm64', '--builder', 'arm64=other'],
      ],
      { cwd: addon.folder, env: other.env },
    );
    await expectTidyEnd(run, 0);
    const { plan, architectures = [] } = parseOutput(run);
    const machines = plan?.architectures.map(({ arch, machine }) => [
      arch,
      machine.context ?? 'here',
    ]);
    expect(machines).toEqual([
      ['aarch64', 'other'],
      ['amd64', 'here'],
    ]);

    // Each engine's own records: what its BuildKit has done, what it holds, and what it has run.
    const done = await other.ask(['buildx', 'du', '--verbose']);
    expect(done).toContain('COPY program-aarch64 /program');
    expect(done).not.toContain('COPY program-amd64 /program');
    const name = addon.slug.replaceAll('_', '-');
    expect(await listImages(other.ask, addon.slug)).toEqual([`local/aarch64-addon-${name}`]);
    expect(await listImages(askDocker, addon.slug)).toEqual([`local/amd64-addon-${name}`]);
    expect(await listContainers(other.ask, since, addon.slug)).toEqual(['aarch64']);
    expect(await listContainers(askDocker, since, addon.slug)).toEqual(['amd64']);
    expect(await other.ask(['container', 'ls', '--all', '--quiet'])).toBe('');
    expect(await other.ask(['network', 'ls', '--quiet', '--filter=type=custom'])).toBe('');

    // Both are in one index, with the images that were tested.
    const index = await inspectIndex(`${image}:1.0.1`);
    expect(index.platforms.map(({ platform }) => platform).toSorted()).toEqual([
      'linux/amd64',
      'linux/arm64',
    ]);
    for (const { digest, platform } of index.platforms) {
      const tested = architectures.find((one) => one.platform === platform)?.smoke;
      expect(tested?.passed).toBe(true);
      expect(await inspectConfigDigest(`${image}@${digest}`)).toBe(tested?.configDigest);
    }
  }, 120_000);

  it('are made known and checked by commands', async () => {
    const [, socket = ''] =
      /"Host":"([^"]+)"/.exec(
        await other.ask(['context', 'inspect', 'other', '--format={{json .Endpoints}}']),
      ) ?? [];
    const added = await runCli(['builder', 'add', socket, '--name', 'second', '--arch', 'arm64'], {
      env: other.env,
    });
    expect(added.exitCode, added.stderr).toBe(0);
    expect(added.stdout).toMatch(/^emulated {2}aarch64$/m);
    expect(added.stdout).toContain('--builder aarch64=second');
    const addon = await copyFixture('once');
    const checked = await runCli(
      ['doctor', '--builder', 'arm64=second', '--registry', 'localhost:1'],
      {
        cwd: addon.folder,
        env: other.env,
      },
    );
    expect(checked.stdout).toMatch(/^ok +builder second +docker: linux\/\w+, context second$/m);
    expect(checked.stdout).toMatch(
      /^ok +aarch64 \(linux\/arm64\) +ran a program: emulated, builder second$/m,
    );
  }, 120_000);

  it('share a cache, and do without one that is out of reach', async () => {
    const addon = await copyFixture('once');
    const cache = await makeTemporaryFolder('cache');
    const build = (...args: readonly string[]) =>
      runCli(['build', '--arch', 'amd64', '--json', ...args], {
        cwd: addon.folder,
        env: other.env,
      });
    await expectTidyEnd(await build('--build-cache', `local=${cache}`), 0);
    expect(await readdir(cache)).toEqual([`${addon.slug}-amd64`]);

    const there = await build('--builder', 'amd64=other', '--build-cache', `local=${cache}`);
    await expectTidyEnd(there, 0);
    const [built] = parseOutput(there).architectures ?? [];
    expect(built?.build).toMatchObject({ status: 'built', totalSteps: 1, cachedSteps: 1 });

    const without = await build('--build-cache', 'registry=127.0.0.1:1/nobody');
    await expectTidyEnd(without, 0);
    expect(without.stderr).toMatch(/the build cache: exporting cache to registry: .*refused/);
  }, 120_000);
});
