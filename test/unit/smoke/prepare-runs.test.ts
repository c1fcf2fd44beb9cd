import { describe, expect, test } from 'vitest';
import { PyDict } from '../../../src/addon/python-value.js';
import type { Addon } from '../../../src/addon/types.js';
import { parseJson } from '../../../src/addon/yaml.js';
import { checkWrittenOptions, prepareRuns } from '../../../src/smoke/prepare-runs.js';
import type { SmokeFile } from '../../../src/smoke/smoke-file.js';
import { sampleAddon } from '../../helpers/sample-addon.js';
import { NO_SMOKE_FILE } from './support.js';

function dict(value: object): PyDict {
  const parsed = parseJson(JSON.stringify(value));
  if (!parsed.ok || !(parsed.document.value instanceof PyDict)) throw new Error('not a dict');
  return parsed.document.value;
}

function addonWith(options: object, schema: object): Addon {
  return sampleAddon({ options: dict(options), schema: dict(schema) });
}

function smokeWith(options: object, more: Partial<SmokeFile> = {}): SmokeFile {
  return { ...NO_SMOKE_FILE, runs: [{ name: 'tls', options: dict(options) }], ...more };
}

describe('the options of a run', () => {
  test('are the defaults under those of smoke.yaml, as /data/options.json has them', () => {
    const addon = addonWith(
      { ssl: false, log: { level: 'info' } },
      {
        ssl: 'bool',
        port: 'port?',
        log: { level: 'str', file: 'str?' },
      },
    );
    const { runs, problems } = prepareRuns(
      addon,
      smokeWith({ ssl: true, port: '8443', log: { file: 'a' }, unknown: 1 }),
    );
    expect(problems).toEqual([]);
    const options = { ssl: true, log: { level: 'info', file: 'a' }, port: 8443 };
    expect(runs).toEqual([
      {
        name: 'tls',
        options,
        optionsFile: expect.any(String) as string,
        userOptions: { ssl: true, port: '8443', log: { file: 'a' }, unknown: 1 },
      },
    ]);
    expect(JSON.parse(runs[0]?.optionsFile ?? '')).toEqual(options);
    expect(runs[0]?.optionsFile).toMatch(/^\{\n {2}"ssl": true,\n/);
  });

  test('that are missing or wrong are all named, with where to give them', () => {
    const addon = addonWith({}, { user: 'str', password: 'password', port: 'port' });
    const { runs, problems } = prepareRuns(addon, smokeWith({ port: 0 }));
    expect(runs).toEqual([]);
    expect(problems.map(({ message }) => message)).toEqual([
      'options.port must be at least 1, not 0',
      'options.user is missing; the schema requires it',
      'options.password is missing; the schema requires it',
    ]);
    expect(new Set(problems.map(({ hint }) => hint))).toEqual(
      new Set(['Give it a value for the tests in smoke.yaml, below runs → name: tls → options.']),
    );
  });

  test('may be secrets of smoke.yaml', () => {
    const addon = addonWith({}, { key: 'password' });
    const smoke = smokeWith({ key: '!secret door' }, { secrets: { door: '1234' } });
    expect(prepareRuns(addon, smoke).runs[0]?.options).toEqual({ key: '1234' });
    expect(prepareRuns(addon, smokeWith({ key: '!secret door' })).problems).toHaveLength(1);
  });

  test('may be devices that a test does not have', () => {
    const addon = addonWith({}, { stick: 'device(subsystem=tty)', any: 'device' });
    const accepts = (stick: string) =>
      prepareRuns(addon, smokeWith({ stick, any: '/dev/video0' })).problems.length === 0;
    const devices = (stick: string) =>
      prepareRuns(addon, smokeWith({ stick, any: '/dev/ttyACM0' })).problems.length === 0;
    expect(devices('/dev/ttyUSB0')).toBe(true);
    expect(devices('/dev/serial/by-id/x')).toBe(true);
    expect(devices('/dev/sda')).toBe(false);
    expect(accepts('/dev/ttyUSB0')).toBe(false);
  });
});

describe('options that an add-on writes', () => {
  const addon = addonWith({ ssl: true }, { ssl: 'bool', port: 'port' });

  test('stand alone, without the defaults', () => {
    expect(checkWrittenOptions(addon, NO_SMOKE_FILE, { ssl: 'on', port: 80 })).toEqual({
      valid: true,
      options: { ssl: true, port: 80 },
    });
    expect(checkWrittenOptions(addon, NO_SMOKE_FILE, { port: 80 })).toEqual({
      valid: false,
      message: 'ssl is missing; the schema requires it',
    });
  });

  test('are refused with everything that is wrong', () => {
    expect(checkWrittenOptions(addon, NO_SMOKE_FILE, { port: 0 })).toEqual({
      valid: false,
      message: 'port must be at least 1, not 0; ssl is missing; the schema requires it',
    });
  });
});
