import { describe, expect, it } from 'vitest';

import { formatPythonValue, mergeOptions } from '../../../src/supervisor/json.js';

describe('mergeOptions', () => {
  it('merges objects key by key and replaces everything else', () => {
    expect(
      mergeOptions(
        { a: 1, list: [1, 2], nested: { keep: true, change: 'x' }, type: { b: 1 } },
        { list: [3], nested: { change: 'y', add: null }, type: 'text' },
      ),
    ).toEqual({
      a: 1,
      list: [3],
      nested: { keep: true, change: 'y', add: null },
      type: 'text',
    });
  });
});

describe('formatPythonValue', () => {
  it.each([
    [null, 'None'],
    [true, 'True'],
    [1.5, '1.5'],
    ['it', "'it'"],
    ["it's", '"it\'s"'],
    ['a\nb\\', "'a\\nb\\\\'"],
    [[1, 'a'], "[1, 'a']"],
    [{ a: false }, "{'a': False}"],
  ])('writes %j as %s', (value, text) => {
    expect(formatPythonValue(value)).toBe(text);
  });
});
