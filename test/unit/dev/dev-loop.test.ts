import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { PyDict } from '../../../src/addon/python-value.js';
import type { Addon } from '../../../src/addon/types.js';
import type { RunnerState, Start } from '../../../src/dev/addon-runner.js';
import { DevConsole } from '../../../src/dev/dev-console.js';
import { DevLoop, type DevInputs } from '../../../src/dev/dev-loop.js';
import type { BuildResult, Candidate } from '../../../src/engine/build.js';
import { AddonReleaseError } from '../../../src/errors.js';
import type { SmokeFile } from '../../../src/smoke/smoke-file.js';
import { sampleAddon } from '../../helpers/sample-addon.js';
import { samplePlan } from '../../helpers/sample-plan.js';
import { setupWith } from '../supervisor/support.js';
import { sampleSmokeFile } from './support.js';

const PLAN = samplePlan({ arches: ['amd64'] });

const ADDON: Partial<Addon> = {
  options: new PyDict([['greeting', 'Hello']]),
  schema: new PyDict([['greeting', 'str']]),
};

const FAILURE: BuildResult = {
  status: 'failed',
  failure: {
    message: 'exit code: 1',
    instruction: 'RUN make',
    file: '/addons/example/Dockerfile',
    line: 7,
    log: ['no rule'],
  },
};

function runWith(greeting: string): SmokeFile['runs'] {
  return [{ name: 'default', options: new PyDict([['greeting', greeting]]) }];
}

function candidate(number: number): Candidate {
  const [plan] = PLAN.architectures;
  if (plan === undefined) throw new Error('the plan has no architecture');
  return {
    arch: 'amd64',
    plan,
    configDigest: `sha256:${number}`,
    imageId: `sha256:${number}`,
    image: {
      id: `sha256:${number}`,
      os: 'linux',
      architecture: 'amd64',
      variant: undefined,
      labels: {},
      user: '',
      exposedPorts: [],
      healthcheck: undefined,
      sizeBytes: 0,
      diffIds: [],
    },
    buildMs: 1,
    totalSteps: 3,
    cachedSteps: 2,
  };
}

/** Remembers what it is told to start; comes up at once. */
class FakeRunner {
  readonly gateway = undefined;
  readonly started: Start[] = [];
  readonly stopped: string[] = [];
  refusal: string | undefined;
  state: RunnerState = { phase: 'stopped', text: 'not started yet', ports: [] };

  start(start: Start): Promise<string | undefined> {
    this.started.push(start);
    const phase = this.refusal === undefined ? 'up' : 'ended';
    this.state = { phase, text: phase, ports: ['port 80/tcp is at 127.0.0.1:80'] };
    return Promise.resolve(this.refusal);
  }

  stop(reason: string): Promise<void> {
    this.stopped.push(reason);
    this.state = { phase: 'stopped', text: reason, ports: [] };
    return Promise.resolve();
  }
}

let addon: Addon;
let smokeFile: SmokeFile;
let lines: string[];
let runner: FakeRunner;
let build: ReturnType<typeof vi.fn<(signal: AbortSignal) => Promise<BuildResult>>>;
let reload: ReturnType<typeof vi.fn<(signal: AbortSignal) => Promise<DevInputs>>>;
let replaced: string[];
let defects: unknown[];
let session: AbortController;
let loop: DevLoop;

beforeEach(() => {
  addon = sampleAddon(ADDON);
  smokeFile = sampleSmokeFile();
  lines = [];
  runner = new FakeRunner();
  let number = 0;
  build = vi.fn(() => Promise.resolve({ status: 'built', candidate: candidate(++number) }));
  reload = vi.fn(() => Promise.resolve({ addon, smokeFile, plan: PLAN }));
  replaced = [];
  defects = [];
  session = new AbortController();
  loop = new DevLoop({
    inputs: { addon, smokeFile, plan: PLAN },
    reload,
    runName: undefined,
    build: (_plan, signal) => build(signal),
    onReplaced: ({ imageId }) => {
      replaced.push(imageId);
      return Promise.resolve();
    },
    console: new DevConsole({
      write: (line) => lines.push(line.trimEnd()),
      color: false,
      verbose: false,
      quiet: false,
    }),
    onDefect: (error) => defects.push(error),
    signal: session.signal,
  });
});

afterEach(async () => {
  session.abort();
  await loop.stop();
  expect(defects).toEqual([]);
});

/** Until the loop has said something that fits. */
async function until(pattern: RegExp): Promise<void> {
  await vi.waitFor(() => {
    expect(lines.join('\n')).toMatch(pattern);
  });
}

async function begin(): Promise<void> {
  loop.begin(runner);
  await until(/built in .*; started in/);
  lines.length = 0;
}

function optionsOf(start: Start | undefined): unknown {
  return start?.run.options;
}

describe('changed files', () => {
  test('are built and started, and the image before is let go', async () => {
    await begin();
    expect(optionsOf(runner.started[0])).toEqual({ greeting: 'Hello' });
    loop.filesChanged(['a', 'b', 'c', 'd', 'e']);
    await until(/started in/);
    expect(lines[0]).toBe('[addon-release] changed: a, b, c and 2 more');
    expect(runner.started.map(({ candidate: { imageId } }) => imageId)).toEqual([
      'sha256:1',
      'sha256:2',
    ]);
    expect(replaced).toEqual(['sha256:1']);
  });

  test('that make no other image leave the container alone', async () => {
    await begin();
    build.mockResolvedValue({ status: 'built', candidate: candidate(1) });
    loop.filesChanged(['README.md']);
    await until(/nothing changed for the container, so it stays/);
    expect(runner.started).toHaveLength(1);
  });

  test('start a container that has ended by itself even so', async () => {
    await begin();
    runner.state = { phase: 'ended', text: 'exit code 1', ports: [] };
    build.mockResolvedValue({ status: 'built', candidate: candidate(1) });
    loop.filesChanged(['README.md']);
    await until(/started in/);
    expect(runner.started).toHaveLength(2);
  });

  test('that do not build leave the container alone, with the reason', async () => {
    await begin();
    build.mockResolvedValueOnce(FAILURE);
    loop.filesChanged(['Dockerfile']);
    await until(/keeps running/);
    expect(lines.slice(1)).toEqual([
      '[addon-release] build failed at /addons/example/Dockerfile:7: RUN make',
      '[addon-release]   | no rule',
      '[addon-release]   exit code: 1',
      '[addon-release] the container keeps running as it is',
    ]);
    expect(loop.view().build).toContain('RUN make');
    expect(runner.started).toHaveLength(1);
    // The failure is not forgotten when only the options change afterwards.
    smokeFile = sampleSmokeFile({ runs: runWith('Moin') });
    loop.filesChanged(['smoke.yaml']);
    await until(/started in/);
    expect(build).toHaveBeenCalledTimes(3);
    expect(runner.started[1]?.candidate.imageId).toBe('sha256:2');
  });

  test('that cannot be read leave the container alone, with every problem', async () => {
    await begin();
    reload.mockRejectedValueOnce(
      new AddonReleaseError('addon', 'the add-on has errors', {
        problems: [
          { severity: 'error', message: 'no name', file: '/a/config.yaml', line: 3, column: 1 },
        ],
      }),
    );
    loop.filesChanged(['config.yaml']);
    await until(/keeps running/);
    expect(lines).toContain('[addon-release] /a/config.yaml:3:1: error: no name');
    expect(build).toHaveBeenCalledTimes(1);
  });

  test('interrupt the build that is under way', async () => {
    await begin();
    const signals: AbortSignal[] = [];
    build.mockImplementationOnce(async (signal) => {
      signals.push(signal);
      await new Promise((resolve) => {
        signal.addEventListener('abort', resolve);
      });
      signal.throwIfAborted();
      throw new Error('unreachable');
    });
    loop.filesChanged(['slow']);
    await vi.waitFor(() => {
      expect(signals).toHaveLength(1);
    });
    loop.filesChanged(['smoke.yaml']);
    await until(/started in/);
    expect(signals[0]?.aborted).toBe(true);
    expect(runner.started).toHaveLength(2);
    // The interrupted change was built all the same.
    expect(build).toHaveBeenCalledTimes(3);
  });

  test('before anything could be built are tried like any other', async () => {
    build.mockResolvedValueOnce(FAILURE);
    loop.begin(runner);
    await until(/nothing runs; the next change is tried again/);
    loop.filesChanged(['Dockerfile']);
    await until(/started in/);
    expect(runner.started).toHaveLength(1);
  });
});

describe('options', () => {
  test('of smoke.yaml that change restart without a build', async () => {
    await begin();
    smokeFile = sampleSmokeFile({ runs: runWith('Moin') });
    loop.filesChanged(['smoke.yaml']);
    await until(/smoke\.yaml was read again; started in/);
    expect(build).toHaveBeenCalledTimes(1);
    expect(optionsOf(runner.started[1])).toEqual({ greeting: 'Moin' });
  });

  test('that are missing start nothing, and can be given on the page', async () => {
    await begin();
    addon = sampleAddon({ ...ADDON, options: new PyDict() });
    loop.filesChanged(['config.yaml']);
    await until(
      /options are missing or wrong: options\.greeting is missing.*\n.*smoke\.yaml.*\n.*keeps running/,
    );
    expect(loop.view().problems).toEqual(['options.greeting is missing; the schema requires it']);
    expect(runner.started).toHaveLength(1);
    expect(loop.saveOptions('{"greeting": "Given"}')).toEqual([]);
    await until(/started in/);
    expect(optionsOf(runner.started[1])).toEqual({ greeting: 'Given' });
    expect(loop.view().problems).toEqual([]);
  });

  test('from the page are checked and used until smoke.yaml changes its own', async () => {
    await begin();
    expect(loop.saveOptions('{"greeting": 5}')).toEqual([
      'greeting must be text, not the number 5',
    ]);
    expect(loop.saveOptions('{"greeting": "Salut"}')).toEqual([]);
    await until(/changed on the page; started in/);
    expect(optionsOf(runner.started[1])).toEqual({ greeting: 'Salut' });
    expect(loop.view()).toMatchObject({ optionsSource: 'this page', problems: [] });

    lines.length = 0;
    loop.filesChanged(['rootfs/run']);
    await until(/started in/);
    expect(optionsOf(runner.started[2])).toEqual({ greeting: 'Salut' });

    lines.length = 0;
    smokeFile = sampleSmokeFile({ runs: runWith('Moin') });
    loop.filesChanged(['smoke.yaml']);
    await until(/started in/);
    expect(optionsOf(runner.started[3])).toEqual({ greeting: 'Moin' });
    expect(loop.view().optionsSource).toBe('smoke.yaml, run "default"');
  });

  test('go back to those of smoke.yaml', async () => {
    await begin();
    expect(loop.saveOptions('{"greeting": "Salut"}')).toEqual([]);
    loop.resetOptions();
    await until(/back to the options of smoke\.yaml; started in/);
    expect(optionsOf(runner.started.at(-1))).toEqual({ greeting: 'Hello' });
  });
});

describe('the add-on', () => {
  const setup = setupWith();

  test('is restarted at its own request, which waits for it', async () => {
    await begin();
    await loop.hooks.onRestart?.(setup);
    expect(runner.started).toHaveLength(2);
  });

  test('starts with the options that it saved', async () => {
    await begin();
    await loop.hooks.onOptions?.({ greeting: 'Self' }, setup);
    expect(runner.started).toHaveLength(1);
    await loop.hooks.onRestart?.(setup);
    expect(optionsOf(runner.started[1])).toEqual({ greeting: 'Self' });
    expect(loop.view().optionsSource).toBe('the add-on itself');
    await loop.hooks.onOptions?.(null, setup);
    await loop.hooks.onRestart?.(setup);
    expect(optionsOf(runner.started[2])).toEqual({ greeting: 'Hello' });
  });

  test('has its options checked by the schema', async () => {
    await begin();
    expect(loop.hooks.validateOptions?.({ greeting: 5 }, setup)).toMatchObject({ valid: false });
    expect(loop.hooks.validateOptions?.({ greeting: 'x', other: 1 }, setup)).toEqual({
      valid: true,
      options: { greeting: 'x' },
    });
  });

  test('is stopped and started at its own request', async () => {
    await begin();
    await loop.hooks.onStop?.(setup);
    expect(runner.stopped).toEqual(['stopped at its own request']);
    await loop.hooks.onStart?.(setup);
    expect(runner.started).toHaveLength(2);
    await loop.hooks.onStart?.(setup);
    expect(runner.started).toHaveLength(2);
  });

  test('cannot be written to', () => {
    expect(() => loop.hooks.onStdin?.(Buffer.from('x'), setup)).toThrow('standard input');
  });

  test('has its requests shown', async () => {
    await begin();
    const record = { instance: 'dev', method: 'GET', path: '/core/api/', status: 401 };
    loop.hooks.onRequest?.({ ...record, missing: 'homeassistant_api: true' });
    expect(loop.view().requests.map(({ record: { path } }) => path)).toEqual(['/core/api/']);
    expect(lines).toEqual([
      '[addon-release] the add-on asked for `/core/api/`, refused: `homeassistant_api: true` is missing',
    ]);
  });

  test('that the engine refuses to start is told of', async () => {
    runner.refusal = 'exec format error';
    loop.begin(runner);
    await until(/the engine refuses to start it: exec format error/);
  });
});

test('what is no failure of the add-on ends the session', async () => {
  const defect = new Error('a defect');
  reload.mockRejectedValueOnce(defect);
  await begin();
  loop.filesChanged(['config.yaml']);
  await vi.waitFor(() => {
    expect(defects).toEqual([defect]);
  });
  defects.length = 0;
});
