import { randomInt } from 'node:crypto';
import { symlink } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run as runProgram } from '../../src/exec/run.js';
import {
  BASE_MIRROR,
  makeTemporaryFolder,
  runCli,
  startCli,
  waitForOutput,
  waitUntil,
} from '../helpers/cli.js';
import { startEngineProxy } from '../helpers/engine-proxy.js';
import { expectTidyEnd } from '../helpers/expect-run.js';
import { fakeDocker } from '../helpers/fake-docker.js';
import { copyFixture } from '../helpers/fixture-addon.js';
import { findAddonContainer, removeLeftovers } from '../helpers/local-engine.js';
import { digestStorage } from '../helpers/published.js';
import { startRegistry, type RegistryServer } from '../helpers/registry-server.js';
import { requireTool } from '../helpers/tools.js';

const hasTools = ['docker', 'docker-registry'].map(requireTool).every(Boolean);

/** What buildx says when the kernel can't run a program: of the add-on, and of the proof. */
const NO_EMULATION = `
case "$*" in
*'buildx bake'*)
  echo 'ERROR: failed to solve: process "/bin/sh -c true" did not complete successfully: exit code: 255' >&2
  exit 1
  ;;
*'buildx build'*--platform=linux/arm64*)
  echo '#6 0.151 exec /probe: exec format error' >&2
  echo 'ERROR: failed to solve: process "/probe" did not complete successfully: exit code: 255' >&2
  exit 1
  ;;
esac`;

const NO_BUILDX = `
case "$1" in
buildx)
  echo "docker: 'buildx' is not a docker command." >&2
  exit 1
  ;;
esac`;

describe.skipIf(!hasTools)('a machine on which something is missing', () => {
  let registry: RegistryServer;

  beforeAll(async () => {
    registry = await startRegistry();
  });
  afterAll(async () => {
    await registry.stop();
  });

  const release = ['1.0.0', '--multi', '--arch', 'amd64', '--arch', 'aarch64', '--quiet'];

  it('has no engine', async () => {
    const addon = await copyFixture('once');
    const env = { DOCKER_HOST: `unix://${path.join(addon.root, 'no-engine.sock')}` };
    const run = await runCli(release, { cwd: addon.folder, env });
    await expectTidyEnd(run, 4, addon);
    expect(run.stderr).toMatch(
      /^error: no Docker engine answers\nits output:\n {2}.*no-engine\.sock.*\nnext: Start Docker/m,
    );
  });

  it('has no docker', async () => {
    const addon = await copyFixture('once');
    // git is asked before, and is everywhere.
    const tools = await makeTemporaryFolder('tools');
    const { stdout } = await runProgram('which', ['git']);
    await symlink(stdout.trim(), path.join(tools, 'git'));
    const run = await runCli(release, { cwd: addon.folder, env: { PATH: tools } });
    await expectTidyEnd(run, 4, addon);
    expect(run.stderr).toMatch(
      /^error: docker is not installed or not on PATH\nnext: Install docker/m,
    );
  });

  it.each([
    ['buildx', NO_BUILDX, [], /^error: docker buildx is not installed\nnext: Install buildx/m],
    [
      'emulation',
      NO_EMULATION,
      [],
      /^error: this machine can't run programs for linux\/arm64\nits output:\n.*\nnext: Install QEMU: `docker run /m,
    ],
    [
      'such builder',
      '',
      ['--builder', 'nobody'],
      /^error: the builder "nobody" does not answer\nits output:\n.*nobody.*\nnext: `docker buildx ls`/m,
    ],
  ])('has no %s', async (_what, script, flags, says) => {
    const addon = await copyFixture('once');
    const args = [...release, '--registry', registry.host, ...flags];
    const env = { PATH: await fakeDocker(script) };
    const run = await runCli(args, { cwd: addon.folder, env });
    await expectTidyEnd(run, 4, addon);
    expect(run.stderr).toMatch(says);
    expect(await digestStorage(registry.storage)).toEqual(new Map());
  });

  it('has an engine that dies during the build', async () => {
    const addon = await copyFixture('slow-build');
    const proxy = await startEngineProxy();
    const number = `NUMBER=${String(randomInt(1e9))}`;
    const to = ['--registry', registry.host, ...BASE_MIRROR];
    const args = ['1.0.0', '--multi', '--build-arg', number, ...to];
    const cli = await startCli(args, { cwd: addon.folder, env: { DOCKER_HOST: proxy.address } });
    await waitForOutput(cli, /build: .*RUN echo/);
    await proxy.die();
    const run = await cli.ended;
    await expectTidyEnd(run, 4, addon);
    expect(run.stderr).toMatch(/^error: the Docker engine stopped during the build$/m);
    expect(run.stderr).toMatch(/^next: Start it again and run the same command/m);
    expect(await digestStorage(registry.storage)).toEqual(new Map());
  });

  it('has an engine that dies during the smoke test', async () => {
    const addon = await copyFixture('slow-start');
    const proxy = await startEngineProxy();
    const env = { DOCKER_HOST: proxy.address };
    const cli = await startCli(['test', ...BASE_MIRROR], { cwd: addon.folder, env });
    await waitUntil('the container', () => findAddonContainer(cli.pid));
    await proxy.die();
    const run = await cli.ended;
    // What is left can't be removed through an engine that is gone; the next run would do it.
    await removeLeftovers(run.pid);
    await expectTidyEnd(run, 4, addon);
    expect(run.stderr).toMatch(/^error: the Docker engine stopped answering$/m);
    expect(run.stderr).toMatch(/^next: Start it again and run the same command/m);
  });
});
