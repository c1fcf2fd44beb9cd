import { describe, expect, it } from 'vitest';
import { SourceDocument } from '../../../src/addon/document.js';
import { parseJsonNode } from '../../../src/addon/json.js';
import { PyDict, PyFloat, type PyValue } from '../../../src/addon/python-value.js';
import { parseJson } from '../../../src/addon/yaml.js';

describe('parseJson', () => {
  it.each<[string, PyValue]>([
    ['null', null],
    ['{}', new PyDict()],
    ['{"a": 1, "b": 2, "a": 3}', new PyDict([['a', 3], ['b', 2]])],
    ['[1, 1.0, 1e2, -0.5, 18446744073709551616]', [1, new PyFloat(1), new PyFloat(100), new PyFloat(-0.5), new PyFloat(18446744073709551616)]],
    ['9007199254740993', 9007199254740993n],
    ['"\\u00e9\\ud83d\\ude00\\n\\/"', 'é😀\n/'],
    ['\t[\r\n true , false ]\n', [true, false]],
  ])('reads %s', (text, value) => {
    const parsed = parseJson(text);
    expect(parsed.ok && parsed.document.value).toEqual(value);
  });

  it.each([
    ['', 1, 1],
    ['{"a": 1,}', 1, 9],
    ['[1,]', 1, 4],
    ['{"a": 1} // x', 1, 10],
    ['{\n  a: 1}', 2, 3],
    ['{"a" 1}', 1, 6],
    ["['a']", 1, 2],
    ['[01]', 1, 3],
    ['[+1]', 1, 2],
    ['[NaN]', 1, 2],
    ['[1e999]', 1, 2],
    ['"a\nb"', 1, 1],
    ['"\\x41"', 1, 1],
    ['"\\ud800"', 1, 9],
    ['\uFEFF{}', 1, 1],
  ])('refuses %j at %i:%i', (text, line, column) => {
    expect(parseJson(text)).toMatchObject({ ok: false, failure: { line, column, crash: false } });
  });

  it('stops at absurd depth and size', () => {
    expect(parseJson('['.repeat(500_000))).toMatchObject({ ok: false });
    expect(parseJson(`[${'1,'.repeat(200_000)}1]`)).toMatchObject({ ok: false });
  });

  it('knows where things stand', () => {
    const parsed = parseJson('{\n  "map": [\n    {"type": "ssl"}\n  ]\n}');
    if (!parsed.ok) throw new Error(parsed.failure.message);
    expect(parsed.document.keyPositionOf(['map', 0, 'type'])).toEqual({ line: 3, column: 6 });
    expect(parsed.document.sourceOf(['map', 0, 'type'])).toBe('"ssl"');
  });
});

describe('the dialect of Python', () => {
  it('knows NaN, infinity and integers of any size', () => {
    const { value } = new SourceDocument('', parseJsonNode(`[NaN, -Infinity, 1${'0'.repeat(400)}]`, 'python'));
    expect(value).toEqual([new PyFloat(NaN), new PyFloat(-Infinity), 10n ** 400n]);
    expect(parseJson('[NaN]').ok).toBe(false);
  });
});
