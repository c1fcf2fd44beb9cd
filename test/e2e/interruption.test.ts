import { randomInt } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import {
  BASE_MIRROR,
  runCli,
  startCli,
  waitForOutput,
  waitUntil,
  type RunningCli,
} from '../helpers/cli.js';
import { expectTidyEnd } from '../helpers/expect-run.js';
import { commitAll, copyFixture, type FixtureAddon } from '../helpers/fixture-addon.js';
import { listAddonContainers, listLeftovers } from '../helpers/local-engine.js';
import { listCommandLines } from '../helpers/processes.js';
import { requireTool } from '../helpers/tools.js';

/** Nobody who presses Ctrl-C wants to wait longer. */
const PROMPT_MS = 15_000;

function startTest(addon: FixtureAddon, flags: readonly string[] = []): Promise<RunningCli> {
  return startCli(['test', ...BASE_MIRROR, ...flags], { cwd: addon.folder });
}

/** Starts a build and waits until its slow instruction runs, with a number that only this one has. */
async function startSlowBuild(addon: FixtureAddon): Promise<{ cli: RunningCli; sleep: string }> {
  const number = String(randomInt(1e9));
  const cli = await startTest(addon, ['--build-arg', `NUMBER=${number}`]);
  await waitForOutput(cli, /build: .*RUN echo/);
  const sleep = `sleep 120.${number}`;
  // BuildKit forgets to end a process that it is just about to start.
  await waitUntil(sleep, async () => (await listCommandLines(sleep)).length > 0 || undefined);
  return { cli, sleep };
}

/** A build goes on in the engine until the engine has noticed that nobody wants it any more. */
function waitForEndOf(command: string): Promise<unknown> {
  const isGone = async () => (await listCommandLines(command)).length === 0 || undefined;
  return waitUntil(`the end of ${command}`, isGone, PROMPT_MS);
}

const ARCHES = ['amd64', 'aarch64', 'armv7'];

/** Starts an add-on that takes its time on three architectures, and waits until all of its containers run. */
async function startThree(): Promise<{
  readonly addon: FixtureAddon;
  readonly cli: RunningCli;
  readonly containers: readonly string[];
}> {
  const addon = await copyFixture('slow-start');
  const config = await readFile(addon.configFile, 'utf8');
  await writeFile(addon.configFile, config.replace('  - amd64', `  [${ARCHES.join(', ')}]`));
  await commitAll(addon.root);
  const cli = await startTest(addon);
  const containers = await waitUntil('three containers', async () => {
    const found = await listAddonContainers(cli.pid);
    return found.length === ARCHES.length ? found : undefined;
  });
  return { addon, cli, containers };
}

/** Waits for the end of an interrupted run and checks that nothing of it is left. */
async function expectInterrupted(
  cli: RunningCli,
  addon: FixtureAddon,
  interrupt: () => void,
): Promise<void> {
  const started = performance.now();
  interrupt();
  const run = await cli.ended;
  expect(performance.now() - started).toBeLessThan(PROMPT_MS);
  await expectTidyEnd(run, 130, addon);
  expect(run.stderr).toContain('Stopping and cleaning up; press Ctrl-C again to stop at once.');
  expect(run.stderr).toMatch(
    /^error: interrupted in "Build and test the images"\nnext: Run the same command again/m,
  );
  expect(await listCommandLines(run.stateFolder)).toEqual([]);
}

describe.skipIf(!requireTool('docker'))('a run that is interrupted', () => {
  it('ends at once by Ctrl-C during the build', async () => {
    const addon = await copyFixture('slow-build');
    const { cli, sleep } = await startSlowBuild(addon);
    await expectInterrupted(cli, addon, () => {
      cli.killGroup('SIGINT');
    });
    await waitForEndOf(sleep);
  });

  it('ends at once by a signal to itself alone during the build', async () => {
    const addon = await copyFixture('slow-build');
    const { cli, sleep } = await startSlowBuild(addon);
    await expectInterrupted(cli, addon, () => {
      cli.kill('SIGTERM');
    });
    await waitForEndOf(sleep);
  });

  it('removes all containers by Ctrl-C during the smoke test of three architectures', async () => {
    const { addon, cli, containers } = await startThree();
    await expectInterrupted(cli, addon, () => {
      cli.killGroup('SIGINT');
    });
    for (const container of containers) expect(await listCommandLines(container)).toEqual([]);
  });

  it('removes all containers when the terminal is gone during the smoke test', async () => {
    const { addon, cli, containers } = await startThree();
    cli.killGroup('SIGHUP');
    const run = await cli.ended;
    await expectTidyEnd(run, 130, addon);
    for (const container of containers) await waitForEndOf(container);
  });

  it('leaves nothing by Ctrl-C while the place for the smoke test is made', async () => {
    const addon = await copyFixture('slow-start');
    const cli = await startTest(addon);
    const seen = async () => (await listLeftovers(cli.pid)).length > 0 || undefined;
    await waitUntil('the network', seen);
    await expectInterrupted(cli, addon, () => {
      cli.killGroup('SIGINT');
    });
  });

  it('leaves to the next run what it can not remove after SIGKILL', async () => {
    const { cli, containers } = await startThree();
    cli.kill('SIGKILL');
    const killed = await cli.ended;
    expect(killed.signal).toBe('SIGKILL');
    const left = await listLeftovers(killed.pid);
    const count = (kind: string) => left.filter((line) => line.startsWith(kind)).length;
    expect(count('container app_')).toBe(ARCHES.length);
    expect(count('network')).toBe(1);
    expect(count('volume')).toBeGreaterThanOrEqual(ARCHES.length);

    const next = await copyFixture('once');
    const run = await runCli(['test', '--quiet', '--arch', 'amd64'], { cwd: next.folder });
    await expectTidyEnd(run, 0, next);
    expect(await listLeftovers(killed.pid)).toEqual([]);
    for (const container of containers) await waitForEndOf(container);
  });
});
