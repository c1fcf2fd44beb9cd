import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BASE_MIRROR, runCli, type CliRun } from '../helpers/cli.js';
import { expectTidyEnd, parseOutput } from '../helpers/expect-run.js';
import { commitAll, copySmokeFixture, type FixtureAddon } from '../helpers/fixture-addon.js';
import { listLocalImages, removeLocalImages } from '../helpers/local-engine.js';
import { startRegistry, type RegistryServer } from '../helpers/registry-server.js';
import { requireTool } from '../helpers/tools.js';

const hasTools = ['docker', 'docker-registry'].map(requireTool).every(Boolean);

describe.skipIf(!hasTools)('an upgrade from the published version', () => {
  const cleanups: (() => Promise<unknown>)[] = [];
  const atEnd = (action: () => Promise<unknown>) => void cleanups.unshift(action);
  let registry: RegistryServer;
  let addon: FixtureAddon;
  let image: string;

  const release = (version: string, ...flags: string[]): Promise<CliRun> =>
    runCli([version, '--multi', '--json', '--registry', registry.host, ...BASE_MIRROR, ...flags], {
      cwd: addon.folder,
      atEnd,
    });

  function listFindings(run: CliRun, arch: string): readonly string[] {
    const found = parseOutput(run).architectures?.find((one) => one.arch === arch);
    return (found?.smoke?.checks ?? [])
      .filter(({ id, outcome }) => outcome === 'failed' || id === 'upgrade' || id === 'restart')
      .map(({ id, outcome, evidence }) => `${id} ${outcome}: ${evidence}`);
  }

  beforeAll(async () => {
    registry = await startRegistry();
    atEnd(() => registry.stop());
    addon = await copySmokeFixture('upgrade', { atEnd });
    image = `${registry.host}/example/upgrade`;
    atEnd(() => removeLocalImages(image));
    await expectTidyEnd(await release('1.0.0'), 0);
  });
  afterAll(async () => {
    for (const cleanup of cleanups) await cleanup();
  });

  it('is tested by a release of another version, where that is cheap', async () => {
    const run = await release('1.1.0');
    await expectTidyEnd(run, 0);
    expect(listFindings(run, 'amd64')).toEqual([
      `upgrade passed: ${image}:1.0.0 ran first; what follows was started with its /data`,
      expect.stringMatching(/^restart passed: the second start: .*; 1 files in \/data kept$/),
    ]);
    expect(listFindings(run, 'aarch64')).toEqual([]);
    // What was pulled for it is gone again.
    expect(await listLocalImages(image)).toEqual([]);
  });

  it('stops a version that does not take over the data', async () => {
    const start = path.join(addon.folder, 'start');
    const script = await readFile(start, 'utf8');
    await writeFile(
      start,
      script.replace('found the data of $(cat /data/state)"', 'unknown data"; exit 9'),
    );
    await commitAll(addon.root);
    const run = await release('1.2.0', '--arch', 'amd64');
    await expectTidyEnd(run, 6, addon);
    expect(listFindings(run, 'amd64')).toEqual([
      `upgrade passed: ${image}:1.1.0 ran first; what follows was started with its /data`,
      'ready failed: it ended with exit code 9; last line: start: unknown data',
      'restart skipped: not asked, because "ready" failed',
    ]);
  });

  it('is left out when the version can not be pulled, with the reason', async () => {
    await writeFile(path.join(addon.folder, 'smoke.yaml'), 'upgrade: true\nrestart: false\n');
    await commitAll(addon.root);
    const flags = ['--json', '--arch', 'amd64', ...BASE_MIRROR];
    const run = await runCli(['test', ...flags], { cwd: addon.folder, atEnd });
    await expectTidyEnd(run, 0, addon);
    expect(listFindings(run, 'amd64')).toEqual([
      expect.stringMatching(
        /^upgrade skipped: ghcr\.io\/example\/upgrade:\d\.\d\.\d can't be pulled: ./,
      ),
    ]);
  });
});
