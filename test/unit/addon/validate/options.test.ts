import { describe, expect, it } from 'vitest';
import { mergeOptions } from '../../../../src/addon/merge-options.js';
import { toPythonText } from '../../../../src/addon/python-text.js';
import { PyDict, type PyValue } from '../../../../src/addon/python-value.js';
import { renderJson } from '../../../../src/addon/render-json.js';
import { validateOptions, type OptionsContext } from '../../../../src/addon/validate/options.js';
import type { Verdict } from '../../../../src/addon/validate/verdict.js';
import { parseYaml } from '../../../../src/addon/yaml.js';

function read(text: string): PyDict {
  const parsed = parseYaml(text);
  if (!parsed.ok) throw new Error(parsed.failure.message);
  if (!(parsed.document.value instanceof PyDict)) throw new Error('not a mapping');
  return parsed.document.value;
}

function judge(schema: string, options: string, context?: OptionsContext): Verdict {
  return validateOptions(read(schema), read(options), context);
}

/** The normalized options as flow YAML would write them, or where and how they are rejected. */
function outcome(verdict: Verdict): string {
  if (verdict.outcome === 'accepted') return renderJson(verdict.normalized).replace(/\s+/g, ' ');
  return `${verdict.outcome} ${verdict.issues.map(({ path }) => path.map(toPythonText).join('.')).join(' ')}`;
}

describe('validateOptions', () => {
  it.each([
    ['str', 'x', '"x"'],
    ['str(2,2)', '😀😀', '"😀😀"'],
    ['int(0,10)', '" 5 "', '5'],
    ['int', '5.7', '5'],
    ['int', 'yes', '1'],
    ['float', '1', '1.0'],
    ['float', '.inf', 'null'],
    ['bool', '"Off"', 'false'],
    ['port', '"80"', '80'],
    ['match(^\\d+)', '12', '"12"'],
    ['match(True)', 'yes', '"True"'],
    ['list(1|2)', '1', '"1"'],
    ['list(0.5)', '0.50', '"0.5"'],
    ['email', 'a@b.co', '"a@b.co"'],
    ['url', 'http://x', '"http://x"'],
  ])('%s takes %s', (type, value, written) => {
    expect(outcome(judge(`x: "${type.replaceAll('\\', '\\\\')}"`, `x: ${value}`))).toBe(`{ "x": ${written} }`);
  });

  it.each([
    ['str', '5'],
    ['str?', '~'],
    ['str(2,)', '😀'],
    ['str(,1)', 'ab'],
    ['password(8,)', 'x'],
    ['int(0,10)', '11'],
    ['int', '"5.0"'],
    ['float(.5,)', '0.4'],
    ['float(0,1)', '.nan'],
    ['bool', 'maybe'],
    ['port', '0'],
    ['match(a)', 'ba'],
    ['list(true|false)', 'true'],
    ['email?', '""'],
    ['url?', '""'],
    ['device', '/dev/x'],
    ['device', '5'],
    ['', 'x'],
    ['nope', 'x'],
  ])('%s refuses %s', (type, value) => {
    expect(outcome(judge(`x: '${type}'`, `x: ${value}`))).toBe('rejected x');
  });

  it('lists all problems, those of missing options last', () => {
    const schema = 'a: int\nb: [bool]\nc: {d: str, e: str}\nf: str\ng: str?\nh: [str?]\ni: [{j: str}]';
    const options = 'a: x\nb: [yes, maybe, ~]\nc: {d: 5, z: 1}\ni: [{}, {j: 1}]';
    expect(outcome(judge(schema, options))).toBe('rejected a b.1 b.2 c.d c.e i.0.j i.1.j f');
  });

  it('drops unknown options at every level and says so', () => {
    const verdict = judge('a: {b: str}\nc: [str, int]', 'x: 1\na: {b: y, z: 2}\nc: [v, w]');
    expect(outcome(verdict)).toBe('{ "a": { "b": "y" }, "c": [ "v", "w" ] }');
    expect(verdict.advisories.map(({ path }) => path)).toEqual([['x'], ['a', 'z']]);
  });

  it('resolves secrets', () => {
    const secrets = new Map([['token', 'abc']]);
    expect(outcome(judge('x: str', 'x: "!secret token"', { secrets }))).toBe('{ "x": "abc" }');
    expect(outcome(judge('x: int', 'x: "!secret token"', { secrets }))).toBe('rejected x');
    expect(outcome(judge('x: str', 'x: "!secret other"', { secrets }))).toBe('rejected x');
  });

  it('knows devices and their subsystem', () => {
    const findSubsystem = (path: string): string | undefined => (path === '/dev/ttyS0' ? 'tty' : undefined);
    const check = (type: string): string =>
      outcome(judge(`x: ${type}`, 'x: /dev/ttyS0', { findSubsystem }));
    expect(check('device')).toBe('{ "x": "/dev/ttyS0" }');
    expect(check('device(subsystem=tty)')).toBe('{ "x": "/dev/ttyS0" }');
    expect(check('device(subsystem=usb)')).toBe('rejected x');
    expect(check('device(subsystem=foo)')).toBe('rejected x');
  });

  it('is crashed by a broken pattern or schema only where it gets that far', () => {
    expect(outcome(judge('x: "match(*)"', 'x: a'))).toBe('crash x');
    expect(outcome(judge('x: 5', 'x: a'))).toBe('crash x');
    expect(outcome(judge('a: int\nx: "match(*)"', 'a: y\nx: a'))).toBe('rejected a x');
    expect(outcome(judge('x: "match(*)?"', '{}'))).toBe('{}');
  });

  it('takes a schema of false for an empty one', () => {
    expect(outcome(validateOptions(false, read('a: 1')))).toBe('{}');
    expect(outcome(validateOptions(null, read('a: 1')))).toBe('crash ');
    expect(outcome(validateOptions(read('a: str'), ['a']))).toBe('rejected ');
  });

  it.each<[PyValue, readonly string[]]>([
    ['a schema', ['x']],
    [['b'], ['x']],
    [['x'], []],
    [5, []],
  ])('that is crashed by the schema %j has warned of %j', (schema, unknown) => {
    const verdict = validateOptions(schema, read('x: 1'));
    expect(verdict.outcome).toBe('crash');
    expect(verdict.advisories.map(({ subject }) => subject)).toEqual(unknown);
  });
});

describe('mergeOptions', () => {
  it('merges dicts and replaces everything else', () => {
    const defaults = read('a: {b: 1, c: {d: 2}}\ne: [1, 2]\nf: {g: 1}\nh: 1');
    const user = read('a: {c: {x: 3}}\ne: [3]\nf: text\ni: {j: 1}');
    const merged = read('a: {b: 1, c: {d: 2, x: 3}}\ne: [3]\nf: text\nh: 1\ni: {j: 1}');
    expect(mergeOptions(defaults, user)).toEqual(merged);
  });
});

describe('renderJson', () => {
  it('writes what Python would read back as the same value', () => {
    const value = read('a: 1.0\nb: [é, 1e3, ~, [], {}]\nc: {d: yes}\ne: 1.0e+20\nf: "\\x01\\""\n1: .nan');
    expect(renderJson(value)).toBe(`{
  "a": 1.0,
  "b": [
    "é",
    "1e3",
    null,
    [],
    {}
  ],
  "c": {
    "d": true
  },
  "e": 1e+20,
  "f": "\\u0001\\"",
  "1": null
}`);
  });
});
