import { describe, expect, it } from 'vitest';
import { matchPythonRegex } from '../../../../src/addon/regex/match.js';

describe('matchPythonRegex', () => {
  it.each([
    ['', 'anything'],
    ['a', 'ab'],
    ['^a$', 'a\n'],
    ['\\w+$', 'é²_ß'],
    ['^\\d+$', '٣7'],
    ['\\s', '\x1C'],
    ['.', '\r'],
    ['(?i)ÉA', 'éa'],
    ['(?i:a)B', 'AB'],
    ['(?s).', '\n'],
    ['(?m)a$', 'a\nb'],
    ['(?x) a b # comment', 'ab'],
    ['(?a)\\D', '٣'],
    ['[]a]+$', ']a'],
    ['[^]]+$', 'a['],
    ['[a\\-z]+$', '-a'],
    ['[\\W\\d]+$', '-1'],
    ['[[:alpha:]]$', 'a]'],
    ['a{,2}$', 'aa'],
    ['a{}$', 'a{}'],
    ['a{b$', 'a{b'],
    ['(?P<n>a)(?P=n)\\1', 'aaa'],
    ['(?#comment)a', 'a'],
    ['\\101\\x41\\u0041\\0', 'AAA\0'],
    ['a++b', 'aab'],
    ['(?>a|ab)c|abc', 'abc'],
    ['(?<=a)b|a(?<=a)b', 'ab'],
    ['\\Aab\\Z', 'ab'],
    ['a\\b', 'a é'],
    ['😀{2}$', '😀😀'],
    ['^[^/]+\\)$', 'a)'],
  ])('%j matches %j', (pattern, text) => {
    expect(matchPythonRegex(pattern, text)).toEqual({ outcome: 'match' });
  });

  it.each([
    ['b', 'ab'],
    ['^a\\Z', 'a\n'],
    ['.', '\n'],
    ['a$', 'a\nb'],
    ['\\w', '\u0301'],
    ['(?a)\\w', 'é'],
    ['(?-i:a)', 'A'],
    ['a++ab', 'aaab'],
    ['(?>a|ab)c', 'abc'],
    ['é\\b', 'éa'],
    ['[a-z]', 'ä'],
  ])('%j does not match %j', (pattern, text) => {
    expect(matchPythonRegex(pattern, text)).toEqual({ outcome: 'no-match' });
  });

  it.each([
    '(',
    ')',
    'a)',
    '[a',
    '[]',
    '*',
    'a**',
    'a*??',
    '^*',
    '(?<n>x)',
    '(?P<1>x)',
    '(?P<n>a)(?P<n>b)',
    '(?P=n)',
    '\\1',
    '(a\\1)',
    '\\p{L}',
    '\\x4',
    '\\777',
    'a\\',
    '[z-a]',
    '[a-\\d]',
    '[\\B]',
    'a{2,1}',
    'a(?i)',
    '(?i-i:a)',
    '(?<=a+)b',
    '(?z)',
  ])('%j is no pattern', (pattern) => {
    expect(matchPythonRegex(pattern, 'x')).toMatchObject({ outcome: 'invalid' });
  });

  it.each([
    ['(a)?(?(1)b|c)', 'ab', /conditional/],
    ['\\N{DIGIT ONE}', '1', /\\N/],
    ['(a+)+$', `${'a'.repeat(40)}b`, /longer than 1000 ms/],
  ])('cannot tell about %j', (pattern, text, message) => {
    const result = matchPythonRegex(pattern, text);
    expect(result).toMatchObject({ outcome: 'unknown' });
    expect('message' in result && result.message).toMatch(message);
  });
});
