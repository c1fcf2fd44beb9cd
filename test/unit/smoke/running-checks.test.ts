import { describe, expect, test } from 'vitest';
import type { Addon } from '../../../src/addon/types.js';
import { commandsCheck, filesCheck, writesCheck } from '../../../src/smoke/checks/inside.js';
import { logCheck } from '../../../src/smoke/checks/log.js';
import { portsCheck } from '../../../src/smoke/checks/network.js';
import { resourcesCheck } from '../../../src/smoke/checks/resources.js';
import { servicesCheck, steadyCheck } from '../../../src/smoke/checks/services.js';
import { lookInside } from '../../../src/smoke/inside.js';
import { LogWatch } from '../../../src/smoke/log-watch.js';
import type { CommandExpectation } from '../../../src/smoke/smoke-file.js';
import { sampleAddon } from '../../helpers/sample-addon.js';
import {
  checkContext,
  ended,
  NO_SMOKE_FILE,
  standInContainer,
  type FakeContainer,
} from './support.js';

const UP = 'service|web|up (pid 20) 5 seconds';
const DOWN = 'service|web|down (exitcode 1) 1 seconds, normally up, want up';

function listen(port: number, address = '00000000', table = 'tcp'): string {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  const state = table === 'tcp' ? '0A' : '07';
  return `${table}|  0: ${address}:${hex} 00000000:0000 ${state} 00000000:00000000`;
}

describe('services', () => {
  const STEADY_IS_LEFT_OUT = { check: 'steady', arch: undefined, reason: 'known' };

  async function find(
    inside: readonly string[] | undefined,
    fake: FakeContainer = {},
    more: Parameters<typeof checkContext>[0] = {},
  ) {
    const { container } = standInContainer(inside === undefined ? fake : { ...fake, inside });
    const context = checkContext({ container, ...more });
    return { finding: await servicesCheck.run(context), notes: context.notes };
  }

  test('are up, or down as wanted', async () => {
    const { finding, notes } = await find([UP, 'service|off|down (exitcode 0) 9 seconds']);
    expect(finding).toEqual({ outcome: 'passed', evidence: 'web, off (down, as wanted)' });
    expect(notes.early?.services).toHaveLength(2);
  });

  test('are down although they are wanted', async () => {
    const { finding } = await find([DOWN], { log: ['no config'] });
    expect(finding).toMatchObject({
      outcome: 'failed',
      evidence: expect.stringMatching(
        /^web: down \(exitcode 1\).*; last line: no config$/,
      ) as unknown,
    });
  });

  test('are not told twice: what ended and starts again is for the check that watches', async () => {
    const again = [DOWN, 'death|web|@4 exitcode 1'];
    expect((await find(again)).finding).toEqual({
      outcome: 'passed',
      evidence: 'web (starts again)',
    });
    const unwatched = { smoke: { ...NO_SMOKE_FILE, skip: [STEADY_IS_LEFT_OUT] } };
    expect((await find(again, {}, unwatched)).finding.outcome).toBe('failed');
    const once = { addon: sampleAddon({ startup: 'once' }) };
    expect((await find(again, {}, once)).finding.outcome).toBe('failed');
  });

  test('are waited for while s6-rc brings them up', async () => {
    const looks = [
      [UP, 'process|9|1|0|s6-rc'],
      [UP, UP.replace('web', 'worker')],
    ];
    const { finding } = await find(undefined, {
      inside: () => looks.shift() ?? [],
      states: [{}, {}, {}],
    });
    expect(finding).toEqual({ outcome: 'passed', evidence: 'web, worker' });
    expect(looks).toEqual([]);
  });

  test('are not everywhere', async () => {
    expect((await find([])).finding).toMatchObject({
      outcome: 'skipped',
      evidence: 'it has no s6 services',
    });
    expect((await find(undefined)).finding.outcome).toBe('skipped');
  });

  test('end with their container', async () => {
    expect((await find([], { states: [ended(1)] })).finding).toMatchObject({ outcome: 'failed' });
  });
});

describe('steady', () => {
  async function find(
    before: readonly string[],
    after: FakeContainer['inside'],
    fake: FakeContainer = {},
  ) {
    const early = await lookInside(standInContainer({ inside: before }).container);
    const { container } = standInContainer({ ...(after && { inside: after }), ...fake });
    return steadyCheck.run(
      checkContext({
        container,
        notes: { readyAtMs: performance.now() - 60_000, early, late: undefined, endTold: false },
      }),
    );
  }

  test('is what stays up', async () => {
    expect(await find([UP], [UP])).toMatchObject({
      outcome: 'passed',
      evidence: expect.stringMatching(/^up for \d+\.\d s, no service restarted$/) as unknown,
    });
  });

  test('is no service that was started again', async () => {
    const again = UP.replace('20', '25');
    const { outcome, evidence } = await find([UP], [again, 'death|web|@4 exitcode 1']);
    expect(outcome).toBe('failed');
    expect(evidence).toContain('web ended once, with exitcode 1');
  });

  test('forgives an end before it was up for good, with a warning', async () => {
    const death = 'death|web|@4 exitcode 1';
    expect(await find([UP, death], [UP, death])).toMatchObject({
      outcome: 'warning',
      evidence: 'web ended once, with exitcode 1, before it stayed up',
    });
  });

  test('is looked at for longer where something ended once', async () => {
    const first = 'death|web|@4 exitcode 1';
    const young = UP.replace('5 seconds', '2 seconds');
    const looks = [
      [young, first],
      [DOWN, first, 'death|web|@5 exitcode 3'],
    ];
    const states = looks.map(() => ({}));
    const found = await find([UP, first], () => looks.shift() ?? [], { states: [{}, ...states] });
    expect(found.outcome).toBe('failed');
    expect(found.evidence).toContain('web ended 2 times, last with exitcode 3');
    expect(looks).toEqual([]);
  });

  test('is looked at for longer where a service is younger than the add-on', async () => {
    const looks = [[UP.replace('5 seconds', '0 seconds')], [DOWN, 'death|web|@4 exitcode 3']];
    const states = looks.map(() => ({}));
    const found = await find([UP], () => looks.shift() ?? [], { states: [{}, ...states] });
    expect(found.outcome).toBe('failed');
    expect(found.evidence).toContain('web ended once, with exitcode 3');
    expect(looks).toEqual([]);
  });

  test('is looked at again where a look failed', async () => {
    const outputs = ['', [UP, 'death|web|@4 exitcode 3', 'end|'].join('\n')];
    const { seen, container } = standInContainer({ states: [{}, {}, {}] });
    seen.execAsRoot = () => Promise.resolve({ stdout: outputs.shift() ?? '' });
    const early = await lookInside(standInContainer({ inside: [UP] }).container);
    const notes = { readyAtMs: performance.now() - 60_000, early, late: undefined, endTold: false };
    const found = await steadyCheck.run(checkContext({ container, notes }));
    expect(found.outcome).toBe('failed');
    expect(outputs).toEqual([]);
  });

  test('is watched for longer where the start was long', async () => {
    const { seen, container } = standInContainer({ inside: [UP] });
    const early = await lookInside(container);
    const readyAtMs = seen.startedAtMs + 18_000;
    await steadyCheck.run(
      checkContext({ container, notes: { readyAtMs, early, late: undefined, endTold: false } }),
    );
    expect(seen.waits[0]).toBeGreaterThan(22_000);
    expect(seen.waits[0]).toBeLessThanOrEqual(24_000);
  });

  test('is looked at until s6-rc has brought everything up', async () => {
    const looks = [
      [UP, 'process|9|1|0|s6-rc'],
      [UP, 'service|worker|up (pid 30) 1 seconds', 'death|worker|@4 exitcode 3'],
    ];
    const states = looks.map(() => ({}));
    const found = await find([UP], () => looks.shift() ?? [], { states: [{}, ...states] });
    expect(found.outcome).toBe('failed');
    expect(found.evidence).toContain('worker ended once, with exitcode 3');
    expect(looks).toEqual([]);
  });

  test('is no service that ended and did not come back', async () => {
    const gone = [DOWN, 'death|web|@4 exitcode 1'];
    const found = await find(gone, gone);
    expect(found.outcome).toBe('failed');
    expect(found.evidence).toContain('web ended once, with exitcode 1');
  });

  test('is no container that has ended', async () => {
    expect((await find([UP], [], { states: [ended(3)] })).evidence).toContain('exit code 3');
  });
});

describe('ports', () => {
  const PORTS = new Map([['80/tcp', 8080]]);

  async function find(addon: Partial<Addon>, inside: readonly string[]) {
    const { container } = standInContainer({ inside });
    return portsCheck.run(checkContext({ container, addon: sampleAddon(addon) }));
  }

  test('are open as the config says', async () => {
    const ports = new Map([...PORTS, ['53/udp', 53]] as const);
    const listeners = [listen(80), listen(53, '00000000', 'udp'), listen(9000, '0100007F')];
    expect(await find({ ports }, listeners)).toEqual({ outcome: 'passed', evidence: '80, 53/udp' });
  });

  test('include those of ingress and the watchdog', async () => {
    const addon = { ingress: true, watchdog: 'tcp://[HOST]:[PORT:1883]' };
    expect(await find(addon, [listen(8099), listen(1883)])).toEqual({
      outcome: 'passed',
      evidence: '8099, 1883',
    });
  });

  test('are closed, or for the container alone', async () => {
    expect(await find({ ports: PORTS }, [listen(81)])).toMatchObject({
      outcome: 'failed',
      evidence: 'nothing listens on port 80; open are 81',
    });
    expect(await find({ ports: PORTS }, [listen(80, '0100007F')])).toMatchObject({
      outcome: 'failed',
      evidence: 'port 80 listens on localhost only',
    });
  });

  test('are more than the config says', async () => {
    expect(await find({ ports: PORTS }, [listen(80), listen(9000)])).toMatchObject({
      outcome: 'warning',
      evidence: 'port 9000 is open too: every add-on can connect to it',
    });
  });

  test('may be closed where the user would have to publish them', async () => {
    expect(await find({ ports: new Map([['80/tcp', null]]) }, [])).toMatchObject({
      outcome: 'warning',
      evidence: 'nothing listens on port 80',
    });
  });
});

describe('resources', () => {
  const USED = ['usage|memory.peak|50000000', 'usage|cpu.stat|usage_usec 2500000'];

  async function find(inside: readonly string[], cpuSeconds?: number, timeScale = 1) {
    const limits = { ...NO_SMOKE_FILE.limits, cpuSeconds };
    return resourcesCheck.run(
      checkContext({
        container: standInContainer({ inside }).container,
        smoke: { ...NO_SMOKE_FILE, limits },
        memoryLimitBytes: 100_000_000,
        timeScale,
      }),
    );
  }

  test('are told', async () => {
    expect(await find(USED)).toEqual({
      outcome: 'passed',
      evidence: '50.0 MB at most, 2.5 s of processor time',
      usage: { peakBytes: 50_000_000, cpuSeconds: 2.5, upSeconds: expect.any(Number) as number },
    });
  });

  test('come close to the limit', async () => {
    const { outcome } = await find(['usage|memory.peak|99000000', USED[1] ?? '']);
    expect(outcome).toBe('warning');
  });

  test('were not enough', async () => {
    expect(await find([...USED, 'usage|memory.events|oom_kill 2'])).toMatchObject({
      outcome: 'failed',
      evidence: '2 processes were killed because 100.0 MB of memory were used up',
    });
  });

  test('have a limit of the add-on’s own, more under emulation', async () => {
    expect((await find(USED, 2)).outcome).toBe('failed');
    expect((await find(USED, 2, 3)).outcome).toBe('passed');
  });

  test('can not be read everywhere', async () => {
    expect((await find([])).outcome).toBe('skipped');
  });
});

describe('log', () => {
  async function find(
    lines: readonly string[],
    required: readonly RegExp[] = [],
    forbidden: readonly RegExp[] = [],
  ) {
    const logWatch = new LogWatch(required, forbidden);
    for (const line of lines) logWatch.see(line);
    return logCheck.run(checkContext({ logWatch }));
  }

  test('in order', async () => {
    expect(await find(['one', 'no errors found'])).toEqual({
      outcome: 'passed',
      evidence: '2 lines, no errors',
    });
  });

  test.each([
    'ERROR: x',
    '[12:00:00] FATAL: x',
    'Traceback (most recent call last):',
    'panic: runtime error',
    'Segmentation fault',
    'exec format error',
    'UnhandledPromiseRejection',
    '\u001b[31mCRITICAL\u001b[0m x',
  ])('with %j is worth a look', async (line) => {
    expect((await find(['fine', line])).outcome).toBe('warning');
  });

  test('must have what smoke.yaml requires and nothing that it forbids', async () => {
    expect(await find(['ready'], [/^ready$/, /done/])).toMatchObject({
      outcome: 'failed',
      evidence: 'never logged: done',
    });
    expect(await find(['deprecated: x'], [], [/deprecated/])).toMatchObject({
      outcome: 'failed',
      evidence: 'not allowed by smoke.yaml: deprecated: x',
    });
    expect((await find(['ready'], [/ready/], [/x/])).outcome).toBe('passed');
  });
});

describe('writes', () => {
  async function find(paths: readonly string[], lines: readonly string[] = []) {
    const logWatch = new LogWatch([], []);
    for (const line of lines) logWatch.see(line);
    const { container } = standInContainer({
      changes: paths.map((path) => ({ kind: 'A', path })),
    });
    const addon = sampleAddon({ map: [{ type: 'share', readOnly: true, path: undefined }] });
    return writesCheck.run(
      checkContext({ addon, container, logWatch, mountTargets: ['/data', '/share'] }),
    );
  }

  test('go to the folders that are kept, or that need not be', async () => {
    const paths = [
      '/data',
      '/data/x',
      '/run/web.pid',
      '/tmp/a',
      '/etc/nginx/nginx.conf',
      '/usr/lib/p/__pycache__/a.pyc',
    ];
    expect((await find(paths)).outcome).toBe('passed');
  });

  test('elsewhere are lost, and named by their innermost path', async () => {
    expect(await find(['/opt', '/opt/app', '/opt/app/state.db', '/database'])).toMatchObject({
      outcome: 'warning',
      evidence: 'written into the container: /opt/app/state.db, /database',
    });
  });

  test('are not all shown', async () => {
    const { evidence } = await find(Array.from({ length: 8 }, (_, index) => `/opt/${index}`));
    expect(evidence).toMatch(/\/opt\/4 and 3 more$/);
  });

  test('to a folder that is mapped read-only fail', async () => {
    const { outcome, hint } = await find([], ['cannot touch /share/x: Read-only file system']);
    expect(outcome).toBe('failed');
    expect(hint).toContain('read_only: false');
  });
});

describe('commands and files of smoke.yaml', () => {
  async function run(commands: readonly CommandExpectation[]) {
    const { container } = standInContainer({
      exec: ([program]) =>
        program === 'good'
          ? { exitCode: 0, stdout: 'version 2.1\n', stderr: '' }
          : { exitCode: 127, stdout: '', stderr: 'not found' },
    });
    return commandsCheck.run(checkContext({ container, smoke: { ...NO_SMOKE_FILE, commands } }));
  }

  test('succeed', async () => {
    expect(await run([{ run: ['good', '--version'], exitCode: 0, output: /^version 2/m }])).toEqual(
      {
        outcome: 'passed',
        evidence: '1 commands',
      },
    );
    expect((await run([{ run: ['bad'], exitCode: 127, output: undefined }])).outcome).toBe(
      'passed',
    );
  });

  test('fail, each with its reason', async () => {
    const commands = [
      { run: ['bad', 'x'], exitCode: 0, output: undefined },
      { run: ['good'], exitCode: 0, output: /version 3/ },
    ];
    expect((await run(commands)).evidence).toBe(
      'bad x: exit code 127, not 0: not found; good: version 3 is not in: version 2.1',
    );
  });

  test('exist, or are missing', async () => {
    const { container } = standInContainer({ files: { '/a': [{ name: 'a' }] } });
    const find = (files: readonly string[]) =>
      filesCheck.run(checkContext({ container, smoke: { ...NO_SMOKE_FILE, files } }));
    expect((await find(['/a'])).outcome).toBe('passed');
    expect(await find(['/a', '/b', '/c'])).toMatchObject({
      outcome: 'failed',
      evidence: 'missing: /b, /c',
    });
  });

  test('are skipped without a file', async () => {
    expect((await run([])).outcome).toBe('skipped');
    expect((await filesCheck.run(checkContext())).outcome).toBe('skipped');
  });
});
