import { appendFile, cp, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { run } from '../../src/exec/run.js';
import { atEndOfTest, makeTemporaryFolder, runCli } from '../helpers/cli.js';
import { expectTidyEnd } from '../helpers/expect-run.js';
import { copyFixture } from '../helpers/fixture-addon.js';
import { inspectIndex, listTags } from '../helpers/published.js';
import { startRegistry } from '../helpers/registry-server.js';
import { requireTool } from '../helpers/tools.js';

const hasTools = ['docker', 'docker-registry', 'skopeo'].map(requireTool).every(Boolean);

async function clone(source: string, target: string): Promise<string> {
  const result = await run('git', ['clone', '--quiet', source, target]);
  expect(result.exitCode, result.stderr).toBe(0);
  return target;
}

/** Three machines that build and test one architecture each, as three clones. */
async function buildApart() {
  const addon = await copyFixture('once');
  const work = await makeTemporaryFolder('matrix');
  const images = path.join(work, 'images');
  for (const arch of ['amd64', 'arm64', 'armv7']) {
    const cwd = await clone(addon.folder, path.join(work, arch));
    const built = await runCli(['test', '--arch', arch, '--out', images], { cwd });
    await expectTidyEnd(built, 0);
    expect(built.stdout).toContain(`exported  ${images}`);
  }
  const registry = await startRegistry();
  atEndOfTest(() => registry.stop());
  const publisher = await clone(addon.folder, path.join(work, 'publisher'));
  const publish = (...args: readonly string[]) =>
    runCli(['publish', '1.0.0', '--no-git', '--registry', registry.host, ...args], {
      cwd: publisher,
      // The machine that publishes needs no engine.
      env: { DOCKER_HOST: 'unix:///nowhere/docker.sock' },
    });
  return { addon, images, publisher, publish, registry };
}

describe.skipIf(!hasTools)('images of several machines', () => {
  it('are published as one release, the same as from one machine', async () => {
    const { addon, images, publish, registry } = await buildApart();
    const published = await publish('--from', images);
    await expectTidyEnd(published, 0);
    const image = `${registry.host}/example/once`;
    const alone = await runCli(
      ['1.0.0', '--multi', '--no-git', '--image', `${registry.host}/example/alone`],
      { cwd: addon.folder },
    );
    await expectTidyEnd(alone, 0);
    const apart = (await inspectIndex(`${image}:1.0.0`)).platforms;
    expect(apart).toHaveLength(3);
    expect(apart).toEqual((await inspectIndex(`${registry.host}/example/alone:1.0.0`)).platforms);
    const again = await publish('--from', images);
    expect(again.exitCode, again.stderr).toBe(0);
    expect(again.stderr).toContain('published already');
  });

  it('are refused when one is missing, of another commit, or damaged', async () => {
    const { images, publisher, publish, registry } = await buildApart();
    const image = `${registry.host}/example/once`;
    const some = await makeTemporaryFolder('some');
    await cp(images, some, { recursive: true });
    await rm(path.join(some, 'armv7'), { recursive: true });
    const missing = await publish('--from', some);
    expect(missing.exitCode, missing.stderr).toBe(5);
    expect(missing.stderr).toContain('armv7 did not build; nothing was published');

    await cp(path.join(images, 'armv7'), path.join(some, 'armv7'), { recursive: true });
    const description = path.join(some, 'armv7/candidate.json');
    const text = await readFile(description, 'utf8');
    await writeFile(description, text.replaceAll('"passed": true', '"passed": false'));
    const untested = await publish('--from', some);
    expect(untested.exitCode, untested.stderr).toBe(6);

    await writeFile(description, 'no description');
    const unreadable = await publish('--from', some);
    expect(unreadable.exitCode, unreadable.stderr).toBe(2);
    expect((await publish('--from', publisher)).exitCode).toBe(2);

    await appendFile(path.join(publisher, 'Dockerfile'), '# changed\n');
    const identity = ['-c', 'user.name=Test', '-c', 'user.email=test@example.org'];
    await run('git', [...identity, 'commit', '--quiet', '--all', '--message=x'], {
      cwd: publisher,
    });
    const other = await publish('--from', images);
    expect(other.exitCode, other.stderr).toBe(2);
    expect(other.stderr).toContain('the image for aarch64 is of another release');
    expect(await listTags(image)).toEqual([]);
  });

  it('have their machines named for a job matrix', async () => {
    const addon = await copyFixture('once');
    const { exitCode, stdout } = await runCli(['plan', '--matrix'], { cwd: addon.folder });
    expect(exitCode).toBe(0);
    const { include } = JSON.parse(stdout) as { readonly include: readonly object[] };
    expect(include).toEqual([
      { arch: 'aarch64', platform: 'linux/arm64', runner: 'ubuntu-24.04-arm', optional: false },
      { arch: 'amd64', platform: 'linux/amd64', runner: 'ubuntu-24.04', optional: false },
      { arch: 'armv7', platform: 'linux/arm/v7', runner: 'ubuntu-24.04-arm', optional: false },
    ]);
  });
});
