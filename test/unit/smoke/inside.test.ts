import { describe, expect, test } from 'vitest';
import { lookInside, parseProcesses } from '../../../src/smoke/inside.js';
import { findReach, listOpenPorts, parseListeners } from '../../../src/smoke/listeners.js';
import { describeDeaths, parseServices } from '../../../src/smoke/services.js';
import { describeExitCode, tellsCrash } from '../../../src/smoke/signals.js';
import { findTellingLine, quoteLog } from '../../../src/smoke/telling-line.js';
import { parseUsage } from '../../../src/smoke/usage.js';
import { standInContainer } from './support.js';

describe('services', () => {
  test('are up or down, as wanted or not', () => {
    const output = `service|web|up (pid 20) 5 seconds
service|cron|down (exitcode 1) 2 seconds, normally up, want up, ready 2 seconds
service|paused|up (pid 30) 5 seconds, want down
service|off|down (exitcode 0) 9 seconds, normally up
service|s6-linux-init-shutdownd|up (pid 5) 9 seconds
service|.s6-svscan|up (pid 6) 9 seconds`;
    expect(
      parseServices(output).map(({ name, up, pid, wantedUp }) => ({ name, up, pid, wantedUp })),
    ).toEqual([
      { name: 'web', up: true, pid: 20, wantedUp: true },
      { name: 'cron', up: false, pid: undefined, wantedUp: true },
      { name: 'paused', up: true, pid: 30, wantedUp: false },
      { name: 'off', up: false, pid: undefined, wantedUp: false },
    ]);
  });

  test('remember how they ended', () => {
    const output = `service|web|up (pid 20) 5 seconds
death|web|@4000000067f1e1 exitcode 1
death|web|@4000000067f1e2 signal SIGSEGV
death|other|@4000000067f1e3 exitcode 2`;
    const [web] = parseServices(output);
    expect(web?.deaths).toEqual(['exitcode 1', 'signal SIGSEGV']);
    expect(describeDeaths({ name: 'web', deaths: web?.deaths ?? [] })).toBe(
      'web ended 2 times, last with signal SIGSEGV',
    );
    expect(describeDeaths({ name: 'web', deaths: ['exitcode 1'] })).toBe(
      'web ended once, with exitcode 1',
    );
  });

  test('are none without s6', () => {
    expect(parseServices('usage|cpu.stat|usage_usec 1\nend|')).toEqual([]);
  });
});

describe('listeners', () => {
  const ROW = '00000000:0000 0A 00000000:00000000 00:00000000 00000000';

  test.each([
    ['tcp|  0: 00000000:1F40 ', 'open'],
    ['tcp|  0: 0521A8C0:1F40 ', 'open'],
    ['tcp|  0: 0100007F:1F40 ', 'local'],
    ['tcp6|  0: 00000000000000000000000000000000:1F40 ', 'open'],
    ['tcp6|  0: 00000000000000000000000001000000:1F40 ', 'local'],
    ['tcp6|  0: 0000000000000000FFFF00000100007F:1F40 ', 'local'],
  ])('%s is %s', (start, reach) => {
    expect(findReach(parseListeners(start + ROW), 'tcp', 8000)).toBe(reach);
  });

  test('are neither connections nor Docker’s own name server', () => {
    const text = `tcp|  sl  local_address rem_address   st
tcp|  0: 0100007F:1F40 0100007F:D431 01 00000000:00000000
tcp|  1: 0B00007F:A5C3 ${ROW}
udp|  2: 0B00007F:A5C4 00000000:0000 07 00000000:00000000
nonsense`;
    expect(parseListeners(text)).toEqual([]);
  });

  test('of UDP wait in another state', () => {
    const listeners = parseListeners('udp|  2: 00000000:0035 00000000:0000 07 0:0');
    expect(findReach(listeners, 'udp', 53)).toBe('open');
    expect(findReach(listeners, 'tcp', 53)).toBe('closed');
  });

  test('on both kinds of address are one open port', () => {
    const text = [
      `tcp|  0: 00000000:1F40 ${ROW}`,
      `tcp6|  0: 00000000000000000000000000000000:1F40 ${ROW}`,
      `tcp|  1: 00000000:0050 ${ROW}`,
      `tcp|  2: 0100007F:0051 ${ROW}`,
    ].join('\n');
    expect(listOpenPorts(parseListeners(text))).toEqual([80, 8000]);
  });
});

describe('usage', () => {
  test('of the second version of control groups', () => {
    const output = `usage|memory.peak|52428800
usage|memory.current|1
usage|memory.events|oom 2
usage|memory.events|oom_kill 1
usage|cpu.stat|usage_usec 2500000
usage|cpu.stat|user_usec 1`;
    expect(parseUsage(output)).toEqual({ peakBytes: 52_428_800, cpuSeconds: 2.5, kills: 1 });
  });

  test('of the first version', () => {
    const output = `usage|memory.max_usage_in_bytes|1000
usage|memory.oom_control|oom_kill_disable 0
usage|memory.oom_control|oom_kill 3
usage|cpuacct.usage|1500000000`;
    expect(parseUsage(output)).toEqual({ peakBytes: 1000, cpuSeconds: 1.5, kills: 3 });
  });

  test('of old kernels is what is used now', () => {
    expect(parseUsage('usage|memory.current|7')).toEqual({
      peakBytes: 7,
      cpuSeconds: undefined,
      kills: 0,
    });
  });

  test('is unknown where nothing can be read', () => {
    expect(parseUsage('')).toEqual({ peakBytes: undefined, cpuSeconds: undefined, kills: 0 });
  });
});

test('processes are all but the one that looks', () => {
  const output = `process|1|0|0|s6-svscan
process|20|1|1000|python3 -m web
process|99|0|0|sh
process-self|99
end|`;
  expect(parseProcesses(output)).toEqual([
    { pid: 1, parent: 0, uid: 0, name: 's6-svscan' },
    { pid: 20, parent: 1, uid: 1000, name: 'python3 -m web' },
  ]);
});

describe('lookInside', () => {
  test('sees everything at one moment', async () => {
    const { container } = standInContainer({
      inside: ['service|web|up (pid 20) 5 seconds', 'process|20|1|0|web', 'usage|memory.peak|5'],
    });
    expect(await lookInside(container)).toMatchObject({
      services: [{ name: 'web' }],
      processes: [{ pid: 20 }],
      listeners: [],
      usage: { peakBytes: 5 },
    });
  });

  test('sees nothing without a shell, or when it was cut off', async () => {
    expect(await lookInside(standInContainer().container)).toBeUndefined();
    const cut = { execAsRoot: () => Promise.resolve({ stdout: 'process|1|0|0|x\n' }) };
    expect(await lookInside(cut as unknown as Parameters<typeof lookInside>[0])).toBeUndefined();
  });
});

describe('the words for an end', () => {
  test.each([
    [0, 'exit code 0'],
    [3, 'exit code 3'],
    [137, 'exit code 137, which is SIGKILL'],
    [139, 'exit code 139, which is SIGSEGV'],
    [143, 'exit code 143, which is SIGTERM'],
    [255, 'exit code 255'],
  ])('%i is %s', (exitCode, text) => {
    expect(describeExitCode(exitCode)).toBe(text);
  });

  test.each([
    ['web ended once, with signal SIGSEGV', true],
    ['it ended with exit code 132, which is SIGILL', true],
    ['exitcode 139', true],
    ['qemu: uncaught target signal 11 (Segmentation fault) - core dumped', true],
    ['exit code 1', false],
    ['exit code 1320', false],
    ['SIGTERM', false],
  ])('"%s" tells of a crash: %s', (text, crash) => {
    expect(tellsCrash(text)).toBe(crash);
  });
});

describe('the telling line of a log', () => {
  test('is the last one that the add-on wrote itself', () => {
    const log = [
      'starting',
      '\u001b[31mfatal: no config\u001b[0m',
      '    at Object.<anonymous> (/app/index.js:1:1)',
      '    at node:internal/main/run_main_module:36:49',
      '\tat org.example.Main.main(Main.java:5)',
      's6-rc: warning: unable to start service web',
      '[cont-finish.d] executing container finish scripts...',
      '',
    ];
    expect(findTellingLine(log)).toBe('fatal: no config');
  });

  test('is the last one at all if there is no other', () => {
    expect(findTellingLine(['s6-rc: fatal: one', 's6-rc: fatal: two'])).toBe('s6-rc: fatal: two');
  });

  test('may not exist, and is never endless', () => {
    expect(findTellingLine(['', '  '])).toBeUndefined();
    expect(quoteLog([])).toBe('it printed nothing');
    expect(quoteLog(['x'.repeat(10_000)]).length).toBeLessThan(250);
  });
});
