import { describe, expect, test } from 'vitest';
import { PyDict } from '../../../src/addon/python-value.js';
import {
  adoptOptions,
  chooseRun,
  prepareStart,
  readOptions,
  showOptions,
} from '../../../src/dev/dev-options.js';
import { sampleAddon } from '../../helpers/sample-addon.js';
import { sampleSmokeFile } from './support.js';

const ADDON = sampleAddon({
  options: new PyDict([['greeting', 'Hello']]),
  schema: new PyDict([
    ['greeting', 'str'],
    ['count', 'int(1,5)'],
    ['password', 'password?'],
  ]),
});

describe('the run', () => {
  const runs = ['first', 'default', 'tls'].map((name) => ({ name, options: new PyDict() }));

  test('is `default`, else the first, else the one that is named', () => {
    expect(chooseRun(sampleSmokeFile({ runs }), undefined).name).toBe('default');
    expect(chooseRun(sampleSmokeFile({ runs: runs.slice(2) }), undefined).name).toBe('tls');
    expect(chooseRun(sampleSmokeFile({ runs }), 'tls').name).toBe('tls');
  });

  test('must exist', () => {
    expect(() => chooseRun(sampleSmokeFile({ runs }), 'other')).toThrow(
      expect.objectContaining({
        failure: 'usage',
        message: 'smoke.yaml has no run "other"',
        hint: 'It has first, default, tls.',
      }) as Error,
    );
  });
});

describe('options for a start', () => {
  test('are the defaults laid over by the run', () => {
    const options = new PyDict([['count', 3]]);
    const start = prepareStart(ADDON, sampleSmokeFile(), { name: 'default', options });
    expect(start).toMatchObject({
      ok: true,
      run: { options: { greeting: 'Hello', count: 3 }, userOptions: { count: 3 } },
    });
    expect(showOptions(ADDON, options)).toBe('{\n  "greeting": "Hello",\n  "count": 3\n}');
  });

  test('name everything that is missing', () => {
    const start = prepareStart(ADDON, sampleSmokeFile(), {
      name: 'default',
      options: new PyDict(),
    });
    expect(start.ok ? [] : start.problems.map(({ message }) => message)).toEqual([
      'options.count is missing; the schema requires it',
    ]);
  });
});

describe('options that somebody wrote', () => {
  const read = (text: string) => readOptions(ADDON, sampleSmokeFile(), text);

  test('are taken as they are, line ends of forms included', () => {
    const reading = read('{\r\n  "greeting": "Moin",\r\n  "count": 2\r\n}');
    expect(reading.ok && showOptions(ADDON, reading.options)).toBe(
      '{\n  "greeting": "Moin",\n  "count": 2\n}',
    );
  });

  test.each([
    ['{"greeting": }', /^line 1, column 14: /],
    ['[1]', /^options are an object/],
    ['"text"', /^options are an object/],
    ['{"greeting": "Moin", "count": 9}', /count must be at most 5/],
    // The Supervisor does not lay what is saved over the defaults before it checks it.
    ['{"count": 2}', /greeting is missing/],
    ['{"greeting": null, "count": 2}', /greeting/],
    ['{"greeting": "Moin", "count": 2, "password": "!secret none"}', /secret/],
  ])('%s is refused', (text, message) => {
    const reading = read(text);
    expect(reading.ok ? '' : reading.problems.join('\n')).toMatch(message);
  });

  test('may name secrets, which are not resolved in what is shown', () => {
    const smoke = sampleSmokeFile({ secrets: { word: 'hidden' } });
    const text = '{"greeting": "Moin", "count": 2, "password": "!secret word"}';
    const reading = readOptions(ADDON, smoke, text);
    expect(reading.ok && showOptions(ADDON, reading.options)).toContain('!secret word');
    expect(reading.ok && showOptions(ADDON, reading.options)).not.toContain('hidden');
  });

  test('by the add-on itself are adopted', () => {
    const options = adoptOptions({ greeting: 'Moin', count: 2, list: [{ a: 1.5 }] });
    expect(showOptions(sampleAddon(), options)).toBe(
      '{\n  "greeting": "Moin",\n  "count": 2,\n  "list": [\n    {\n      "a": 1.5\n    }\n  ]\n}',
    );
  });
});
