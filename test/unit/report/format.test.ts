import { describe, expect, it } from 'vitest';
import {
  cleanLine,
  cleanLines,
  formatBytes,
  formatDuration,
  formatElapsed,
  measureWidth,
  padToWidth,
  shortenDigest,
  truncateToWidth,
  wrapToWidth,
} from '../../../src/report/format.js';

describe('formatDuration', () => {
  it.each([
    [-5, '0 ms'],
    [0, '0 ms'],
    [849.6, '850 ms'],
    [999.6, '1.0 s'],
    [4_240, '4.2 s'],
    [9_949, '9.9 s'],
    [9_950, '10 s'],
    [41_400, '41 s'],
    [59_600, '1m 00s'],
    [83_000, '1m 23s'],
    [3_599_600, '1h 00m'],
    [7_512_000, '2h 05m'],
  ])('writes %d ms as %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });
});

describe('formatElapsed', () => {
  it.each([
    [-1, '0 s'],
    [999, '0 s'],
    [59_999, '59 s'],
    [83_400, '1m 23s'],
  ])('writes %d ms as %s', (ms, text) => {
    expect(formatElapsed(ms)).toBe(text);
  });
});

describe('formatBytes', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1_000, '1.0 kB'],
    [999_949, '999.9 kB'],
    [999_950, '1.0 MB'],
    [61_234_567, '61.2 MB'],
    [2_500_000_000, '2.5 GB'],
    [3e15, '3000.0 TB'],
  ])('writes %d bytes as %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });
});

describe('shortenDigest', () => {
  it('keeps the algorithm and 12 digits', () => {
    expect(shortenDigest(`sha256:${'0123456789abcdef'.repeat(4)}`)).toBe('sha256:0123456789ab');
  });

  it('leaves what is no digest', () => {
    expect(shortenDigest('latest')).toBe('latest');
  });
});

describe('cleanLine', () => {
  it.each([
    ['plain text', 'plain text'],
    ['\u001b[1;31mred\u001b[0m and \u001b]8;;http://x\u0007link\u001b]8;;\u0007', 'red and link'],
    [' 10%\r 50%\r100%', '100%'],
    ['100%\r', '100%'],
    ['a\tb', 'a  b'],
    ['bell\u0007 null\u0000', 'bell null'],
    ['abc\u202edef\u2066', 'abcdef'],
    ['größe 日本', 'größe 日本'],
    ['\u001b[2J\r', ''],
  ])('shows %j as %j', (line, shown) => {
    expect(cleanLine(line)).toBe(shown);
  });
});

describe('cleanLines', () => {
  it('drops empty lines at the end and keeps those between', () => {
    expect(cleanLines('a\r\n\nb\u001b[0m\n\n \n')).toEqual(['a', '', 'b']);
    expect(cleanLines('')).toEqual([]);
  });
});

describe('measureWidth', () => {
  it.each([
    ['', 0],
    ['abc', 3],
    ['é', 1],
    ['e\u0301', 1],
    ['日本語', 6],
    ['한글', 4],
    ['ｆｕｌｌ', 8],
    ['🚀', 2],
    ['👩‍👩‍👧', 2],
    ['🇩🇪', 2],
    ['✔️', 2],
    ['✔', 1],
    ['…', 1],
    ['\u200b', 0],
    ['\u001b[31mred\u001b[39m', 3],
  ])('%j takes %d columns', (text, width) => {
    expect(measureWidth(text)).toBe(width);
  });
});

describe('truncateToWidth', () => {
  it.each([
    ['short', 5, 'short'],
    ['longer', 5, 'long…'],
    ['two words', 5, 'two…'],
    ['日本語', 5, '日本…'],
    ['日本語', 4, '日…'],
    ['ab', 1, '…'],
    ['ab', 0, ''],
  ])('fits %j in %d columns as %j', (text, width, result) => {
    expect(truncateToWidth(text, width)).toBe(result);
  });

  it('takes another ellipsis', () => {
    expect(truncateToWidth('abcdefgh', 6, '...')).toBe('abc...');
  });
});

describe('wrapToWidth', () => {
  it('breaks at spaces', () => {
    expect(wrapToWidth('the quick brown fox', 10)).toEqual(['the quick', 'brown fox']);
  });

  it('breaks a long word anywhere and never inside a character', () => {
    expect(wrapToWidth('x abcdefghij 日本語', 4)).toEqual([
      'x',
      'abcd',
      'efgh',
      'ij',
      '日本',
      '語',
    ]);
  });

  it('gives one empty line for an empty text', () => {
    expect(wrapToWidth('', 10)).toEqual(['']);
  });
});

describe('padToWidth', () => {
  it('counts columns, not characters', () => {
    expect(padToWidth('日', 4)).toBe('日  ');
    expect(padToWidth('longer', 4)).toBe('longer');
  });
});
