import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BASE_MIRROR, runCli, type CliRun } from '../helpers/cli.js';
import { expectTidyEnd, parseOutput, type JsonOutput } from '../helpers/expect-run.js';
import { copySmokeFixture, type FixtureAddon } from '../helpers/fixture-addon.js';
import { requireTool } from '../helpers/tools.js';

/** How many are tested at the same time: much of a smoke test is waiting. */
const AT_ONCE = 2;

/** Of a test that waits for others, too. */
const TIMEOUT_MS = 600_000;

const ARCHES = ['aarch64', 'amd64', 'armv7'];

interface Finding {
  readonly check: string;
  readonly evidence: RegExp;
  readonly hint: RegExp;
}

type Expected = (arch: { readonly emulated: boolean }) => Finding;

const LOOP: Finding = {
  check: 'steady',
  evidence:
    /^worker ended (?:once,|\d+ times, last) with exitcode 3; last line: worker: the queue is empty$/,
  hint: /^Look at the log for why it ends/,
};

const QEMU =
  /^Such a crash under emulation is often QEMU's own: .* on a machine of that architecture/;
const OWN = /^Look at the log for why/;

/** Each fails for its own reason and for no other. The ones that take longest come first. */
const BROKEN: Readonly<Record<string, Expected>> = {
  deaf: ({ emulated }) => ({
    check: 'stop',
    evidence: emulated
      ? /^it had to be killed after 30 s \(`timeout` is 10 s\)$/
      : /^it had to be killed after 10 s \(`timeout` is 10 s\)$/,
    hint: /^Let the main process handle SIGTERM/,
  }),
  'dies-later': () => ({
    check: 'steady',
    evidence: /^it ended with exit code 7; last line: start: the license is not valid any more$/,
    hint: OWN,
  }),
  'restart-loop': () => LOOP,
  'older-s6': () => LOOP,
  'crash-first': ({ emulated }) => ({
    check: 'ready',
    evidence: emulated
      ? /^it hangs after a crash: qemu: uncaught target signal 11 \(Segmentation fault\)/
      : /^it ended with exit code 139, which is SIGSEGV; last line: start: about to crash$/,
    hint: emulated ? QEMU : OWN,
  }),
  crash: ({ emulated }) => ({
    check: 'ready',
    evidence: emulated
      ? /^it ended with exit code 139, which is SIGSEGV: a crash, under emulation; last line: /
      : /^it ended with exit code 139, which is SIGSEGV; last line: start: about to crash$/,
    hint: emulated ? QEMU : OWN,
  }),
  'local-ingress': () => ({
    check: 'ready',
    evidence: /^port 8099 listens on localhost only$/,
    hint: /^Let the service listen on all addresses/,
  }),
  'out-of-memory': () => ({
    check: 'resources',
    evidence:
      /^(?:a process was|\d+ processes were) killed because 128\.0 MB of memory were used up$/,
    hint: /^Use less memory, or raise limits\.memory_mb/,
  }),
  'read-only-map': () => ({
    check: 'ready',
    evidence:
      /^it ended with exit code 1; last line: mkdir: cannot create directory .\/share\/example.: Read-only file system$/,
    hint: /^\/share is mapped read-only: add `read_only: false` to `type: share` in `map`/,
  }),
  'right-missing': () => ({
    check: 'supervisor',
    evidence: /^asked for `\/core\/api\/`, refused: `homeassistant_api: true` is missing$/,
    hint: /^Add the missing lines to the config/,
  }),
  root: () => ({
    check: 'user',
    evidence: /^sleep \(process \d+\) runs as root, not as daemon, which smoke\.yaml names$/,
    hint: /^Start the service with `exec s6-setuidgid USER/,
  }),
  'watchdog-port': () => ({
    check: 'watchdog',
    evidence: /^http:\/\/\[HOST\]:\[PORT:8001\]\/health: connection refused; it listens on 8000$/,
    hint: /^Correct `watchdog`/,
  }),
};

const GOOD = ['features', 'bashio'];

interface Tested {
  readonly addon: FixtureAddon;
  readonly run: CliRun;
  readonly output: JsonOutput;
}

function listChecks(output: JsonOutput, arch: string) {
  return output.architectures?.find((one) => one.arch === arch)?.smoke?.checks ?? [];
}

/** What became of one check on one architecture, in each run of smoke.yaml. */
function outcomesOf(output: JsonOutput, arch: string, id: string): readonly string[] {
  return listChecks(output, arch)
    .filter((check) => check.id === id)
    .map(({ outcome, evidence }) => `${outcome}: ${evidence}`);
}

describe.skipIf(!requireTool('docker'))(
  'an add-on on three architectures',
  { timeout: TIMEOUT_MS },
  () => {
    const cleanups: (() => Promise<unknown>)[] = [];
    const atEnd = (action: () => Promise<unknown>) => void cleanups.unshift(action);
    const tested = new Map<string, Promise<Tested>>();

    async function test(name: string): Promise<Tested> {
      const addon = await copySmokeFixture(name, { atEnd });
      const args = ['test', '--json', ...BASE_MIRROR];
      const run = await runCli(args, { cwd: addon.folder, atEnd });
      return { addon, run, output: parseOutput(run) };
    }

    beforeAll(() => {
      const names = [...GOOD, ...Object.keys(BROKEN)];
      const lanes = Array.from({ length: AT_ONCE }, () => Promise.resolve<unknown>(undefined));
      for (const [index, name] of names.entries()) {
        const lane = index % AT_ONCE;
        const result = lanes[lane]?.then(() => test(name)) ?? test(name);
        lanes[lane] = result.catch(() => undefined);
        tested.set(name, result);
      }
    });

    afterAll(async () => {
      for (const cleanup of cleanups) await cleanup();
    });

    async function resultOf(name: string, exitCode: number): Promise<JsonOutput> {
      const result = await tested.get(name);
      if (result === undefined) throw new Error(`${name} was not tested`);
      await expectTidyEnd(result.run, exitCode, result.addon);
      return result.output;
    }

    it('has everything that a smoke.yaml can ask for', async () => {
      const output = await resultOf('features', 0);
      for (const arch of ARCHES) {
        const passes = (id: string, evidence: string) =>
          expect.arrayContaining([expect.stringMatching(new RegExp(`^${evidence}`))]) as unknown;
        expect(outcomesOf(output, arch, 'services')).toEqual(
          Array(2).fill('passed: door, page, web'),
        );
        expect(outcomesOf(output, arch, 'http')).toEqual(Array(2).fill('passed: 2 requests'));
        expect(outcomesOf(output, arch, 'commands')).toEqual(Array(2).fill('passed: 2 commands'));
        expect(outcomesOf(output, arch, 'user')).toEqual(
          Array(2).fill('passed: daemon (smoke.yaml)'),
        );
        expect(outcomesOf(output, arch, 'restart')).toEqual(
          passes('restart', 'passed: the second start: .*; 1 files in /data kept$'),
        );
        const skipped =
          'skipped: smoke.yaml: to see that a check can be left out on one architecture';
        const labels = outcomesOf(output, arch, 'labels');
        expect(labels.includes(skipped)).toBe(arch === 'armv7');
      }
    });

    it('talks to the Supervisor as bashio does', async () => {
      const output = await resultOf('bashio', 0);
      for (const arch of ARCHES) {
        expect(outcomesOf(output, arch, 'services')).toEqual(['passed: ingress, web']);
        expect(outcomesOf(output, arch, 'log')).toEqual([
          expect.stringMatching(/^passed: \d+ lines, no errors$/),
        ]);
        expect(outcomesOf(output, arch, 'supervisor')).toEqual([
          expect.stringMatching(/^passed: \d+ requests: .*\/addons\/self\/options\/config/),
        ]);
        expect(outcomesOf(output, arch, 'ingress')).toEqual([
          expect.stringMatching(/^passed: port 6\d{4}: /),
        ]);
      }
    });

    it.each(Object.entries(BROKEN))('fails for its own reason: %s', async (name, expected) => {
      const output = await resultOf(name, 6);
      expect(output.architectures?.map(({ arch }) => arch)).toEqual(ARCHES);
      for (const { arch, emulated } of output.architectures ?? []) {
        const checks = listChecks(output, arch);
        const failures = checks.filter(({ outcome }) => outcome === 'failed');
        const { check, evidence, hint } = expected({ emulated });
        const told = checks.map((one) => `${one.id} ${one.outcome}: ${one.evidence}`).join('\n');
        expect(
          failures.map(({ id }) => id),
          `${arch}:\n${told}`,
        ).toEqual([check]);
        expect(failures[0]?.evidence).toMatch(evidence);
        expect(failures[0]?.hint).toMatch(hint);
      }
    });

    it('names all options that are missing before anything is built', async () => {
      const { addon, run, output } = await test('options-missing');
      await expectTidyEnd(run, 3, addon);
      expect(output.architectures ?? []).toEqual([]);
      expect(output.error?.problems.map(({ message }) => message)).toEqual(
        ['user', 'password', 'limits', 'server'].map(
          (name) => `options.${name} is missing; the schema requires it`,
        ),
      );
    });
  },
);
