import { describe, expect, test } from 'vitest';
import type { Addon } from '../../../src/addon/types.js';
import { listPorts, readyCheck, stopCheck } from '../../../src/smoke/checks/life.js';
import { steadyCheck } from '../../../src/smoke/checks/services.js';
import type { Probe } from '../../../src/supervisor/probes.js';
import { sampleAddon } from '../../helpers/sample-addon.js';
import {
  candidateFor,
  checkContext,
  ended,
  probeOf,
  RUNNING,
  standInContainer,
  type FakeContainer,
} from './support.js';

const HEALTHCHECK = { intervalMs: 0, startPeriodMs: 0, retries: 3 };

describe('ready, by HEALTHCHECK', () => {
  async function find(fake: FakeContainer, arch: 'amd64' | 'armv7' = 'amd64') {
    const candidate = candidateFor(arch, { healthcheck: HEALTHCHECK });
    return readyCheck.run(checkContext({ candidate, container: standInContainer(fake).container }));
  }

  test('waits until it is healthy', async () => {
    const finding = await find({ states: [{ health: 'starting' }, { health: 'healthy' }] });
    expect(finding.outcome).toBe('passed');
    expect(finding.evidence).toMatch(/^healthy after \d+\.\d s$/);
  });

  test('fails at once when it is unhealthy, with what the probe said', async () => {
    const states = [
      { health: 'starting' },
      { health: 'unhealthy', healthOutput: 'refused' },
    ] as const;
    const { outcome, evidence, hint } = await find({ states });
    expect(outcome).toBe('failed');
    expect(evidence).toMatch(
      /^HEALTHCHECK is unhealthy after \d+\.\d s: refused; it printed nothing$/,
    );
    expect(hint).toContain('restarts unhealthy add-ons');
  });

  test('fails when it never becomes healthy', async () => {
    const { outcome, evidence } = await find({ states: [{ health: 'starting' }] });
    expect(outcome).toBe('failed');
    expect(evidence).toMatch(/^HEALTHCHECK is starting after .*: no output; it printed nothing$/);
  });

  test('tells how it ended instead', async () => {
    const log = ['starting', 'fatal: no config', ''];
    expect(await find({ states: [{ health: 'starting' }, ended(1)], log })).toMatchObject({
      outcome: 'failed',
      evidence: 'it ended with exit code 1; last line: fatal: no config',
    });
    expect((await find({ states: [ended(0)] })).evidence).toBe(
      'it ended with exit code 0; it printed nothing',
    );
  });

  test('tells that memory was the reason', async () => {
    const { evidence } = await find({ states: [ended(137, { outOfMemory: true })] });
    expect(evidence).toBe('it ended with exit code 137 because 1.0 GB of memory were used up');
  });

  test.each([
    [139, 'SIGSEGV'],
    [132, 'SIGILL'],
  ])('does not blame the add-on for %i where QEMU may have failed', async (exitCode, signal) => {
    const how = `it ended with exit code ${exitCode}, which is ${signal}`;
    const emulated = await find({ states: [ended(exitCode)] }, 'armv7');
    expect(emulated).toMatchObject({
      outcome: 'failed',
      evidence: `${how}: a crash, under emulation; it printed nothing`,
      hint: expect.stringMatching(/QEMU.*armv7/) as unknown,
    });
    expect((await find({ states: [ended(exitCode)] })).evidence).toBe(`${how}; it printed nothing`);
  });

  test('knows a folder that is mapped read-only', async () => {
    const candidate = candidateFor('amd64', { healthcheck: HEALTHCHECK });
    const log = ["OSError: [Errno 30] Read-only file system: '/share/x'"];
    const { container } = standInContainer({ states: [ended(1)], log });
    const addon = sampleAddon({ map: [{ type: 'share', readOnly: true, path: undefined }] });
    const { hint } = await readyCheck.run(checkContext({ addon, candidate, container }));
    expect(hint).toContain('add `read_only: false` to `type: share`');
  });
});

describe('ready, by its ports', () => {
  async function find(
    addon: Partial<Addon>,
    open: readonly number[],
    fake: FakeContainer = {},
    asked: Probe[] = [],
  ) {
    return readyCheck.run(
      checkContext({
        addon: sampleAddon(addon),
        container: standInContainer(fake).container,
        probe: probeOf(Object.fromEntries(open.map((port) => [port, {}])), asked),
        ingressPort: 8099,
      }),
    );
  }

  test('knows which ports a config promises', () => {
    const ports = new Map([
      ['80/tcp', 8080],
      ['53/udp', 53],
      ['8443', null],
    ]);
    const addon = sampleAddon({ ports });
    expect(listPorts({ addon }, 'tcp')).toEqual({ published: [80], optional: [8443] });
    expect(listPorts({ addon }, 'udp')).toEqual({ published: [53], optional: [] });
  });

  test('waits until all are open that are published', async () => {
    const ports = new Map([
      ['80/tcp', 1],
      ['443/tcp', 2],
      ['9000/tcp', null],
    ]);
    expect((await find({ ports }, [80, 443])).evidence).toMatch(/^listens on 80, 443 after \d/);
    expect(await find({ ports }, [80], { states: [{}, {}] })).toMatchObject({
      outcome: 'failed',
      evidence: expect.stringMatching(/^nothing listens on port 443 after /) as unknown,
    });
  });

  test('waits for any of those that are published only if the user wants it', async () => {
    const ports = new Map([
      ['80/tcp', null],
      ['443/tcp', null],
    ]);
    expect((await find({ ports }, [443])).evidence).toMatch(/^listens on 443 after /);
    expect((await find({ ports }, [])).evidence).toMatch(/^nothing listens on port 80, 443 after /);
  });

  test('asks nobody while it has no address', async () => {
    const asked: Probe[] = [];
    const states = [{ address: '' }];
    const { outcome } = await find({ ports: new Map([['80/tcp', 1]]) }, [80], { states }, asked);
    expect({ outcome, asked }).toEqual({ outcome: 'failed', asked: [] });
  });

  test('asks from the address that the container has', async () => {
    const asked: Probe[] = [];
    await find({ ports: new Map([['80/tcp', 1]]) }, [80], {}, asked);
    expect(asked).toEqual([{ kind: 'tcp', host: RUNNING.address, port: 80, timeoutMs: 500 }]);
  });

  test('counts the port of ingress', async () => {
    const both = { ingress: true, ports: new Map([['8099/tcp', 1]]) };
    for (const addon of [{ ingress: true }, both]) {
      expect((await find(addon, [8099])).evidence).toMatch(/^listens on 8099 after /);
      expect((await find(addon, [])).evidence).toMatch(/^nothing listens on port 8099 after /);
    }
  });

  test('tells how it ended instead', async () => {
    const ports = new Map([['80/tcp', 1]]);
    expect((await find({ ports }, [], { states: [{}, ended(2)] })).evidence).toContain(
      'exit code 2',
    );
  });
});

describe('ready, by staying up', () => {
  test('is enough where there is nothing to ask', async () => {
    const { seen, container } = standInContainer();
    const { outcome, evidence } = await readyCheck.run(checkContext({ container }));
    expect(outcome).toBe('passed');
    expect(evidence).toMatch(/^still runs after \d+\.\d s$/);
    expect(seen.waits).toEqual([3_000]);
  });

  test('takes longer under emulation', async () => {
    const { seen, container } = standInContainer();
    expect((await readyCheck.run(checkContext({ container, timeScale: 3 }))).outcome).toBe(
      'passed',
    );
    expect(seen.waits).toEqual([9_000]);
  });

  test('fails when it ends, however well', async () => {
    const { container } = standInContainer({ states: [{}, ended(0)] });
    expect((await readyCheck.run(checkContext({ container }))).outcome).toBe('failed');
  });
});

describe('ready, for `startup: once`', () => {
  async function find(fake: FakeContainer) {
    const addon = sampleAddon({ startup: 'once' });
    return readyCheck.run(checkContext({ addon, container: standInContainer(fake).container }));
  }

  test('ends well, or may take its time', async () => {
    expect(await find({ states: [{}, ended(0)] })).toEqual({
      outcome: 'passed',
      evidence: 'ended with exit code 0',
    });
    expect((await find({})).outcome).toBe('passed');
  });

  test('must not fail', async () => {
    expect((await find({ states: [ended(3)] })).evidence).toContain('exit code 3');
  });
});

test('ready notes when it came up', async () => {
  const context = checkContext();
  const before = performance.now();
  await readyCheck.run(context);
  expect(context.notes.readyAtMs).toBeGreaterThanOrEqual(before);
});

test('ready waits no longer than an add-on may take to come up', async () => {
  const { seen, container } = standInContainer({ states: [{ health: 'starting' }] });
  const candidate = candidateFor('amd64', { healthcheck: HEALTHCHECK });
  await readyCheck.run(checkContext({ candidate, container, startTimeoutMs: 60_000 }));
  expect(seen.waits).toHaveLength(1);
  expect(seen.waits[0]).toBeGreaterThan(50_000);
  expect(seen.waits[0]).toBeLessThanOrEqual(60_000);
});

describe('stop', () => {
  async function stop(fake: FakeContainer, addon: Partial<Addon> = {}, timeScale = 1) {
    const { seen, container } = standInContainer(fake);
    const finding = await stopCheck.run(
      checkContext({ container, addon: sampleAddon(addon), timeScale }),
    );
    return { finding, stops: seen.stops };
  }

  test('ends with 0', async () => {
    const { finding, stops } = await stop({ stopped: ended(0) }, { timeoutSeconds: 7 });
    expect(finding).toEqual({ outcome: 'passed', evidence: 'ended in 1.2 s' });
    expect(stops).toEqual([7]);
  });

  test('has more time under emulation', async () => {
    expect((await stop({}, { timeoutSeconds: 7 }, 3)).stops).toEqual([21]);
  });

  test('must not have to be killed', async () => {
    const { finding } = await stop({ stopped: ended(137) }, { timeoutSeconds: 1 });
    expect(finding).toMatchObject({
      outcome: 'failed',
      evidence: 'it had to be killed after 1 s (`timeout` is 1 s)',
    });
    expect(finding.hint).toContain('SIGTERM');
  });

  test.each([
    [143, 'exit code 143, which is SIGTERM'],
    [137, 'exit code 137, which is SIGKILL'],
    [1, 'exit code 1'],
  ])('warns of exit code %i in time', async (exitCode, how) => {
    const { finding } = await stop({ stopped: ended(exitCode) }, { timeoutSeconds: 7 });
    expect(finding).toMatchObject({ outcome: 'warning', evidence: `ended in 1.2 s with ${how}` });
    expect(finding.hint).toContain('shows the add-on as failed');
  });

  test('of what had ended before is no stop', async () => {
    const before: FakeContainer = { states: [ended(5)], log: ['bye'] };
    const died = await stop(before);
    expect(died.finding).toMatchObject({
      outcome: 'failed',
      evidence: 'it ended with exit code 5; last line: bye',
    });
    expect(died.stops).toEqual([]);
    expect((await stop(before, { startup: 'once' })).finding.outcome).toBe('skipped');
  });

  test('does not repeat how it ended', async () => {
    const { container } = standInContainer({ states: [ended(5)] });
    const context = checkContext({ container });
    expect((await steadyCheck.run(context)).evidence).toContain('exit code 5');
    expect(await stopCheck.run(context)).toEqual({
      outcome: 'skipped',
      evidence: 'it had ended, as an earlier check says',
    });
  });
});
