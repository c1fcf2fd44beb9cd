import { randomInt } from 'node:crypto';
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
import { copyFixture, type FixtureAddon } from '../helpers/fixture-addon.js';
import { findAddonContainer, listLeftovers } from '../helpers/local-engine.js';
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

/** Until the add-on runs and its log is followed; returns the container's ID. */
async function waitForSmokeTest(cli: RunningCli): Promise<string> {
  const container = await waitUntil('the container', () => findAddonContainer(cli.pid));
  const follow = `docker logs --follow ${container}`;
  await waitUntil('its log', async () => (await listCommandLines(follow)).length > 0 || undefined);
  return container;
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

  it('removes the containers by Ctrl-C during the smoke test', async () => {
    const addon = await copyFixture('slow-start');
    const cli = await startTest(addon);
    const container = await waitForSmokeTest(cli);
    await expectInterrupted(cli, addon, () => {
      cli.killGroup('SIGINT');
    });
    expect(await listCommandLines(container)).toEqual([]);
  });

  it('leaves to the next run what it can not remove after SIGKILL', async () => {
    const addon = await copyFixture('slow-start');
    const cli = await startTest(addon);
    const container = await waitForSmokeTest(cli);
    cli.kill('SIGKILL');
    const killed = await cli.ended;
    expect(killed.signal).toBe('SIGKILL');
    const left = await listLeftovers(killed.pid);
    const kinds = new Set(left.map((line) => line.split(' ')[0]));
    expect(kinds).toEqual(new Set(['container', 'network', 'volume']));

    const next = await copyFixture('once');
    const run = await runCli(['test', '--quiet', '--arch', 'amd64'], { cwd: next.folder });
    await expectTidyEnd(run, 0, next);
    expect(await listLeftovers(killed.pid)).toEqual([]);
    await waitForEndOf(container);
  });
});
