import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ARCHES } from '../../../src/addon/arch.js';
import { CHECK_IDS } from '../../../src/smoke/check-list.js';
import { readSmokeFile } from '../../../src/smoke/smoke-file.js';
import { fits, type JsonSchema } from './json-schema.js';
import { NO_SMOKE_FILE } from './support.js';

const SCHEMA = JSON.parse(
  await readFile(path.resolve(import.meta.dirname, '../../../docs/smoke.schema.json'), 'utf8'),
) as JsonSchema;

async function read(content: string, name = 'smoke.yaml') {
  const folder = await mkdtemp(path.join(tmpdir(), 'smoke-file-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(path.join(folder, name), content);
  const { smokeFile, problems } = readSmokeFile(folder);
  return {
    smokeFile,
    problems: problems.map(({ file = '', line, column, message }) =>
      [path.basename(file), line, column, ` ${message}`].join(':'),
    ),
  };
}

test('without a file there is one run, and nothing beside what follows from the config', () => {
  expect(NO_SMOKE_FILE).toMatchObject({
    runs: [{ name: 'default' }],
    services: {},
    secrets: {},
    http: [],
    commands: [],
    files: [],
    user: undefined,
    restart: undefined,
    upgrade: undefined,
    skip: [],
  });
  expect(NO_SMOKE_FILE.limits).toEqual({
    startSeconds: undefined,
    upSeconds: undefined,
    memoryBytes: undefined,
    cpuSeconds: undefined,
    imageBytes: undefined,
  });
});

test('everything that can be asked for is read', async () => {
  const { smokeFile, problems } = await read(`
runs:
  - { name: plain }
  - { name: tls, options: { ssl: true } }
services: { mqtt: { port: 8883 } }
secrets: { door: "1234" }
http:
  - { port: 8000, path: /health, tls: true, status: 204 }
  - { body: "^ok$" }
log: { require: [started], forbid: [deprecated] }
commands:
  - { run: [tool, --version] }
  - { run: ["false"], exit: 1, output: wrong }
files: [/bin/sh]
user: app
restart: true
upgrade: false
limits: { start_seconds: 1.5, up_seconds: 2, memory_mb: 64, cpu_seconds: 3, image_mb: 100 }
skip:
  - { check: ingress, reason: later }
  - { check: http, arch: armv7, reason: slow }
`);
  expect(problems).toEqual([]);
  expect(smokeFile.runs.map(({ name, options }) => [name, options.get('ssl')])).toEqual([
    ['plain', undefined],
    ['tls', true],
  ]);
  expect(smokeFile).toMatchObject({
    services: { mqtt: { port: 8883 } },
    secrets: { door: '1234' },
    http: [
      { path: '/health', port: 8000, tls: true, status: 204, body: undefined },
      { path: '/', port: undefined, tls: false, status: undefined, body: /^ok$/mu },
    ],
    requiredLog: [/started/mu],
    forbiddenLog: [/deprecated/mu],
    commands: [
      { run: ['tool', '--version'], exitCode: 0, output: undefined },
      { run: ['false'], exitCode: 1, output: /wrong/mu },
    ],
    files: ['/bin/sh'],
    user: 'app',
    restart: true,
    upgrade: false,
    limits: {
      startSeconds: 1.5,
      upSeconds: 2,
      memoryBytes: 64_000_000,
      cpuSeconds: 3,
      imageBytes: 100_000_000,
    },
    skip: [
      { check: 'ingress', arch: undefined, reason: 'later' },
      { check: 'http', arch: 'armv7', reason: 'slow' },
    ],
  });
});

test('services are offered by name, too, and the file may be JSON', async () => {
  const { smokeFile, problems } = await read('{"services": ["mqtt", "mysql"]}', 'smoke.json');
  expect(problems).toEqual([]);
  expect(smokeFile.services).toEqual({ mqtt: {}, mysql: {} });
});

test('problems say where they are', async () => {
  const { problems } = await read(`runs:
  - name: one
  - name: two
  - name: one
restart: maybe
skip:
  - check: colour
    reason: because
limits:
  memory: 5
`);
  expect(problems).toEqual([
    expect.stringMatching(
      /^smoke\.yaml:4:\d+: runs\[2\]\.name is the name of an earlier run, too$/,
    ),
    expect.stringMatching(/^smoke\.yaml:5:\d+: restart must be true or false, not /),
    expect.stringMatching(/^smoke\.yaml:7:\d+: skip\[0\]\.check must be one of start, platform, /),
    expect.stringMatching(
      /^smoke\.yaml:10:\d+: limits\.memory is not known here; known are start_/,
    ),
  ]);
});

test('a service that is offered is checked, and the reason why a pattern is none is told', async () => {
  const { problems } = await read(`services:
  mqtt: { hots: broker, port: 70000 }
http:
  - { body: "(", status: 20 }
  - { bodi: x, port: 0 }
log: { require: ["[a"] }
commands: [{ run: [] }]
`);
  expect(problems).toEqual([
    expect.stringMatching(
      /^smoke\.yaml:2:\d+: services\.mqtt\.hots is not known here; known are host/,
    ),
    expect.stringMatching(/^smoke\.yaml:2:\d+: services\.mqtt\.port must be /),
    'smoke.yaml:4:7: http[0].body is not a regular expression: Unterminated group',
    'smoke.yaml:4:18: http[0].status must be at least 100, not 20',
    expect.stringMatching(/^smoke\.yaml:5:\d+: http\[1\]\.bodi is not known here; known are path/),
    expect.stringMatching(/^smoke\.yaml:5:\d+: http\[1\]\.port must be at least 1, not 0$/),
    expect.stringMatching(/log\.require\[0\] is not a regular expression: Unterminated character/),
    expect.stringMatching(/^smoke\.yaml:7:\d+: commands\[0\]\.run must name a program to run$/),
  ]);
});

test.each(['', '# for editors\n', '{}'])(
  'a file with nothing in it asks for nothing: %j',
  async (text) => {
    const { smokeFile, problems } = await read(text);
    expect(problems).toEqual([]);
    expect(smokeFile).toEqual(NO_SMOKE_FILE);
  },
);

test('a file that can not be read is a problem with its place', async () => {
  expect((await read('runs: [')).problems).toEqual([
    expect.stringMatching(/^smoke\.yaml:\d+:\d+: ./),
  ]);
});

describe('the JSON Schema for editors', () => {
  /** The keys that the reader knows at a place, in its own words. */
  async function knownKeys(document: unknown): Promise<readonly string[]> {
    const { problems } = await read(JSON.stringify(document), 'smoke.json');
    const known = /is not known here; known are (.*)$/.exec(problems[0] ?? '')?.[1];
    if (known === undefined) throw new Error(`no unknown key in ${problems.join()}`);
    return known.split(', ').toSorted();
  }

  const at = (...steps: readonly string[]): JsonSchema =>
    steps.reduce<JsonSchema>((schema, step) => {
      const next =
        step === '[]'
          ? schema.items
          : step === 'anyOf'
            ? schema.anyOf?.find(({ properties }) => properties !== undefined)
            : schema.properties?.[step];
      if (next === undefined) throw new Error(`the schema has no ${step}`);
      return next;
    }, SCHEMA);

  const X = { unknown: 1 };
  const ITEM = { name: 'a', run: ['a'], check: 'http', reason: 'a' };

  test.each([
    ['the file', [], X],
    ['a run', ['runs', '[]'], { runs: [{ name: ITEM.name, ...X }] }],
    ['a request', ['http', '[]'], { http: [X] }],
    ['a broker', ['services', 'anyOf', 'mqtt'], { services: { mqtt: X } }],
    ['a database', ['services', 'anyOf', 'mysql'], { services: { mysql: X } }],
    ['the log', ['log'], { log: X }],
    ['a command', ['commands', '[]'], { commands: [{ run: ITEM.run, ...X }] }],
    ['the limits', ['limits'], { limits: X }],
    ['a skip', ['skip', '[]'], { skip: [{ check: ITEM.check, reason: ITEM.reason, ...X }] }],
  ])('has the same keys in %s', async (_where, steps, document) => {
    const { properties = {}, additionalProperties } = at(...steps);
    expect(Object.keys(properties).toSorted()).toEqual(await knownKeys(document));
    expect(additionalProperties).toBe(false);
    expect(fits(SCHEMA, document)).toBe(false);
  });

  test('knows the checks and the architectures', () => {
    expect(at('skip', '[]', 'check').enum).toEqual(CHECK_IDS);
    expect(at('skip', '[]', 'arch').enum).toEqual(ARCHES);
  });

  test.each<readonly [boolean, object]>([
    [true, {}],
    [true, { runs: [] }],
    [true, { runs: [{ name: 'a' }, { name: 'b', options: { x: [1] } }] }],
    [false, { runs: {} }],
    [false, { runs: [{}] }],
    [false, { runs: [{ name: '' }] }],
    [false, { runs: [{ name: 'a'.repeat(65) }] }],
    [false, { runs: [{ name: 5 }] }],
    [false, { runs: [{ name: 'a', options: [] }] }],
    [true, { services: ['mqtt'] }],
    [true, { services: { mysql: { host: 'db' } } }],
    [false, { services: ['redis'] }],
    [false, { services: { redis: {} } }],
    [false, { services: { mqtt: 1883 } }],
    [true, { services: { mqtt: { ssl: true, protocol: '3.1', addon: 'a_b' }, mysql: {} } }],
    [false, { services: { mqtt: { hots: 'broker' } } }],
    [false, { services: { mqtt: { port: '1883' } } }],
    [false, { services: { mqtt: { protocol: '5' } } }],
    [false, { services: { mysql: { ssl: true } } }],
    [false, { services: 'mqtt' }],
    [true, { secrets: { a: 'b' } }],
    [false, { secrets: { a: 5 } }],
    [true, { http: [{}] }],
    [true, { http: [{ path: '/', port: 65_535, tls: true, status: 599, body: 'a|b' }] }],
    [false, { http: [{ port: 0 }] }],
    [false, { http: [{ port: '80' }] }],
    [false, { http: [{ port: true }] }],
    [false, { http: [{ status: 99 }] }],
    [false, { http: [{ status: 200.5 }] }],
    [false, { http: [{ tls: 'yes' }] }],
    [false, { http: [{ body: '(' }] }],
    [true, { log: { require: ['a'], forbid: [] } }],
    [false, { log: { require: 'a' } }],
    [false, { log: { forbid: ['['] } }],
    [true, { commands: [{ run: ['a'], exit: 255, output: 'b' }] }],
    [false, { commands: [{ exit: 0 }] }],
    [false, { commands: [{ run: 'a' }] }],
    [false, { commands: [{ run: [] }] }],
    [false, { commands: [{ run: ['a'], exit: 256 }] }],
    [false, { commands: [{ run: ['a'], exit: -1 }] }],
    [true, { files: ['/a'], user: 'app', restart: true, upgrade: false }],
    [false, { files: '/a' }],
    [false, { user: 1000 }],
    [false, { restart: 'yes' }],
    [false, { upgrade: 1 }],
    [true, { limits: { start_seconds: 0, up_seconds: 1.5, memory_mb: 7, cpu_seconds: 1 } }],
    [false, { limits: { memory_mb: 6.9 } }],
    [false, { limits: { start_seconds: -1 } }],
    [false, { limits: { image_mb: '100' } }],
    [false, { limits: { cpu_seconds: true } }],
    [true, { skip: [{ check: 'elf', reason: 'a', arch: 'i386' }] }],
    [false, { skip: [{ check: 'elf' }] }],
    [false, { skip: [{ check: 'elves', reason: 'a' }] }],
    [false, { skip: [{ check: 'elf', reason: 'a', arch: 'riscv64' }] }],
    [false, []],
  ])('and the reader agree: %s for %j', async (isGood, document) => {
    expect(fits(SCHEMA, document)).toBe(isGood);
    const { problems } = await read(JSON.stringify(document), 'smoke.json');
    expect(problems.length === 0, problems.join('\n')).toBe(isGood);
  });
});
