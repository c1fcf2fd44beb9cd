import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli, type CliRun } from '../helpers/cli.js';
import { expectTidyEnd, parseOutput } from '../helpers/expect-run.js';
import { fakeDocker } from '../helpers/fake-docker.js';
import { copyFixture } from '../helpers/fixture-addon.js';
import {
  askDocker,
  listLocalImages,
  ownerFilter,
  usesContainerdStore,
} from '../helpers/local-engine.js';
import { digestStorage } from '../helpers/published.js';
import { startRegistry, type RegistryServer } from '../helpers/registry-server.js';
import { requireTool } from '../helpers/tools.js';

const hasTools = ['docker', 'docker-registry'].map(requireTool).every(Boolean);

/** How many containers a run has created since a time, in seconds since 1970. */
async function countContainers(run: CliRun, since: number): Promise<number> {
  const events = await askDocker([
    ...['events', `--since=${String(since)}`, `--until=${String(Math.ceil(Date.now() / 1000))}`],
    ...['--filter=type=container', '--filter=event=create', `--filter=${ownerFilter(run.pid)}`],
    '--format={{.ID}}',
  ]);
  return events.split('\n').filter((line) => line !== '').length;
}

/** The lines of doctor's report by what they are about. */
function readReport(run: CliRun): ReadonlyMap<string, string> {
  const rows = run.stdout.matchAll(/^(ok|MISSING) +(\S.*?) {2,}(.*(?:\n +→ .*)?)/gm);
  return new Map(
    [...rows].map(([, state = '', name = '', text = '']) => [name, `${state}: ${text}`]),
  );
}

describe.skipIf(!hasTools)('the commands', () => {
  let registry: RegistryServer;

  beforeAll(async () => {
    registry = await startRegistry();
  });
  afterAll(async () => {
    await registry.stop();
  });

  it('build: loads the images and starts nothing', async () => {
    const addon = await copyFixture('once');
    const since = Math.floor(Date.now() / 1000);
    const run = await runCli(['build', '--arch', 'amd64', '--arch', 'arm/v7'], {
      cwd: addon.folder,
    });
    await expectTidyEnd(run, 0, addon);
    const images = ['amd64', 'armv7'].map(
      (arch) => `${addon.localImages.replace('*', arch)}:1.0.0`,
    );
    expect(await listLocalImages(addon.localImages)).toEqual(images);
    expect(await countContainers(run, since)).toBe(0);
    expect(run.stdout).toMatch(/^amd64 +built /m);
  });

  it('test: builds and tests the architecture that is asked for', async () => {
    const addon = await copyFixture('once');
    const since = Math.floor(Date.now() / 1000);
    const run = await runCli(['test', '--arch', 'arm64', '--json'], { cwd: addon.folder });
    await expectTidyEnd(run, 0, addon);
    const { architectures, tags } = parseOutput(run);
    expect(architectures).toMatchObject([
      { arch: 'aarch64', platform: 'linux/arm64', smoke: { passed: true } },
    ]);
    expect(tags).toEqual([]);
    expect(await countContainers(run, since)).toBeGreaterThan(0);
  });

  it('test: builds once more where the engine does not take an image without its layers', async () => {
    const addon = await copyFixture('once');
    const refused = path.join(addon.root, '.git', 'refused');
    const script = `
case "$*" in
'image load'*) echo load >>'${refused}'; echo 'content digest: not found' >&2; exit 1 ;;
esac`;
    const env = { PATH: await fakeDocker(script) };
    const run = await runCli(['test', '--arch', 'amd64', '--json'], { cwd: addon.folder, env });
    await expectTidyEnd(run, 0, addon);
    const [result] = parseOutput(run).architectures ?? [];
    expect(result?.smoke?.passed).toBe(true);
    if (await usesContainerdStore()) expect(await readFile(refused, 'utf8')).toMatch(/^load$/m);
  });

  it('VERSION alone: tests for this machine and publishes nothing', async () => {
    const addon = await copyFixture('once');
    const args = ['2.0.0', '--json', '--registry', registry.host];
    const run = await runCli(args, { cwd: addon.folder });
    await expectTidyEnd(run, 0, addon);
    const { architectures = [], tags } = parseOutput(run);
    expect(architectures).toMatchObject([{ emulated: false, smoke: { passed: true } }]);
    expect(tags).toEqual([]);
    const [own = ''] = architectures.map(({ arch }) => addon.localImages.replace('*', arch));
    expect(await listLocalImages(addon.localImages)).toEqual([`${own}:2.0.0`]);
    expect(await digestStorage(registry.storage)).toEqual(new Map());
  });

  describe('doctor', () => {
    it('finds everything in order', async () => {
      const addon = await copyFixture('once');
      const run = await runCli(['doctor', '--registry', registry.host], { cwd: addon.folder });
      await expectTidyEnd(run, 0, addon);
      const report = readReport(run);
      const about = [
        ...['Docker engine', 'buildx', 'builder (in use)', 'git'],
        ...['aarch64 (linux/arm64)', 'amd64 (linux/amd64)', 'armv7 (linux/arm/v7)'],
        `push to ${registry.host}/example/once`,
      ];
      for (const name of about)
        expect([name, report.get(name)]).toEqual([name, expect.stringMatching(/^ok: ./)]);
      expect(run.stdout).not.toContain('MISSING');
    });

    it('says how to get an engine', async () => {
      const addon = await copyFixture('once');
      const env = { DOCKER_HOST: `unix://${path.join(addon.root, 'none.sock')}` };
      const args = ['doctor', '--registry', registry.host];
      const run = await runCli(args, { cwd: addon.folder, env });
      await expectTidyEnd(run, 4, addon);
      expect(readReport(run).get('Docker engine')).toMatch(
        /^MISSING: no Docker engine answers.*\n +→ .*systemctl start docker/,
      );
      expect(run.stderr).toMatch(/^error: missing: Docker engine$/m);
    });

    it('names the command that installs emulators, and runs it with --fix', async () => {
      const addon = await copyFixture('once');
      const installed = path.join(addon.root, '.git', 'emulators-are-installed');
      const env = {
        PATH: await fakeDocker(`
case "$*" in
*'buildx build'*--platform=linux/arm64*)
  [ -e '${installed}' ] || { echo 'ERROR: exec /probe: exec format error' >&2; exit 1; } ;;
'run --privileged'*binfmt*) : > '${installed}'; exit 0 ;;
esac`),
      };
      const doctor = (flags: readonly string[]): Promise<CliRun> =>
        runCli(['doctor', '--registry', registry.host, ...flags], { cwd: addon.folder, env });
      const ill = await doctor([]);
      await expectTidyEnd(ill, 4, addon);
      expect(readReport(ill).get('aarch64 (linux/arm64)')).toMatch(
        /^MISSING: .*exec format error\n +→ docker run --privileged --rm \S*binfmt\S* --install all/,
      );
      expect(readReport(ill).get('amd64 (linux/amd64)')).toMatch(/^ok: /);
      expect(ill.stderr).toMatch(/^next: `addon-release doctor --fix`/m);

      const mended = await doctor(['--fix']);
      await expectTidyEnd(mended, 0, addon);
      expect(readReport(mended).get('aarch64 (linux/arm64)')).toMatch(/^ok: /);
    });
  });
});
