import { describe, expect, it } from 'vitest';
import { isTruthy, stripSpace, toPythonFloat, toPythonInt, toPythonText } from '../../../src/addon/python-text.js';
import { PyDate, PyDict, PyFloat, PyOther, type PyValue } from '../../../src/addon/python-value.js';

describe('toPythonText', () => {
  it.each<[PyValue, string]>([
    [null, 'None'],
    [true, 'True'],
    [-5, '-5'],
    [2n ** 64n, '18446744073709551616'],
    ['é\n', 'é\n'],
    [new PyFloat(1), '1.0'],
    [new PyFloat(-0), '-0.0'],
    [new PyFloat(0.1), '0.1'],
    [new PyFloat(1e16), '1e+16'],
    [new PyFloat(123456789012345680), '1.2345678901234568e+17'],
    [new PyFloat(9007199254740992), '9007199254740992.0'],
    [new PyFloat(0.0001), '0.0001'],
    [new PyFloat(0.00001), '1e-05'],
    [new PyFloat(1.5e-10), '1.5e-10'],
    [new PyFloat(NaN), 'nan'],
    [new PyFloat(-Infinity), '-inf'],
    [new PyDate('date', '2024-01-02'), '2024-01-02'],
    [[], '[]'],
    [['a', "it's", 1, null, new PyDate('date', '2024-01-02')], `['a', "it's", 1, None, datetime.date(2024, 1, 2)]`],
    [new PyDict([['a', [true]], [1, new PyDict()]]), "{'a': [True], 1: {}}"],
    [['\\\t\x00\x7f\u00a0\u200b😀\'"'], `['\\\\\\t\\x00\\x7f\\xa0\\u200b😀\\'"']`],
  ])('writes %s as %s', (value, text) => {
    expect(toPythonText(value)).toBe(text);
  });
});

describe('toPythonInt', () => {
  it.each<[PyValue, number | bigint]>([
    [5, 5],
    [true, 1],
    [new PyFloat(10.9), 10],
    [new PyFloat(-0.5), 0],
    [new PyFloat(1e20), 100000000000000000000n],
    ['5', 5],
    [' 5\n', 5],
    ['+1_000', 1000],
    ['-07', -7],
    ['٣', 3],
    ['\u20075', 5],
    ['𝟘𝟙𝟡', 19],
  ])('takes %s', (value, number) => {
    expect(toPythonInt(value)).toEqual({ value: number });
  });

  it.each<PyValue>(['', '5.0', '0x10', '1__0', '_1', '1_', 'a', '\x1C5', '\x1C٣', null, [], new PyDict(), new PyFloat(NaN), '9'.repeat(4301)])(
    'refuses %j',
    (value) => {
      expect(toPythonInt(value)).toBe('refused');
    },
  );

  it('overflows at infinity', () => {
    expect(toPythonInt(new PyFloat(Infinity))).toBe('overflow');
  });
});

describe('toPythonFloat', () => {
  it.each<[PyValue, number]>([
    [1, 1],
    [true, 1],
    ['5.', 5],
    ['.5e1', 5],
    ['1_0.0_1', 10.01],
    ['-Infinity', -Infinity],
    ['٣.٥', 3.5],
  ])('takes %s', (value, number) => {
    expect(toPythonFloat(value)).toEqual({ value: new PyFloat(number) });
  });

  it.each<PyValue>(['', '.', '1,5', '1._5', 'e5', '0x1', null, []])('refuses %j', (value) => {
    expect(toPythonFloat(value)).toBe('refused');
  });
});

it('tells truth as Python does', () => {
  const truthy: PyValue[] = ['false', ' ', [0], new PyFloat(NaN), new PyDict([['a', 0]]), -1];
  const falsy: PyValue[] = ['', [], new PyDict(), 0, new PyFloat(-0), null, false, 0n];
  expect(truthy.map(isTruthy)).toEqual(truthy.map(() => true));
  expect(falsy.map(isTruthy)).toEqual(falsy.map(() => false));
  expect(isTruthy(new PyOther('set', 'set()', true))).toBe(false);
});

it('strips the space that Python strips', () => {
  expect(stripSpace('\u3000\x1F a b\x85\u2028')).toBe('a b');
  expect(stripSpace('\uFEFFa')).toBe('\uFEFFa');
});

describe('PyDict', () => {
  it('takes 1, 1.0 and true for the same key and keeps the first', () => {
    const dict = new PyDict([[1, 'a'], [new PyFloat(1), 'b'], [true, 'c'], ['1', 'd']]);
    expect([...dict.entries()]).toEqual([[1, 'c'], ['1', 'd']]);
  });

  it('keeps its order when entries are replaced and removed', () => {
    const dict = new PyDict([['a', 1], ['b', 2]]).with([['a', 3], ['c', 4]]).without('b');
    expect([...dict.entries()]).toEqual([['a', 3], ['c', 4]]);
  });
});
