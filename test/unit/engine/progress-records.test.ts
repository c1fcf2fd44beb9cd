import { describe, expect, test } from 'vitest';
import { RecordSplitter, type SolveStatus } from '../../../src/engine/progress-records.js';

function split(lines: readonly string[]) {
  const seen: (SolveStatus | string)[] = [];
  const splitter = new RecordSplitter(
    (record) => seen.push(record),
    (line) => seen.push(line),
  );
  for (const line of lines) splitter.push(line);
  splitter.end();
  return seen;
}

const ONE: SolveStatus = { vertexes: [{ digest: 'sha256:1', name: '[amd64 1/2] RUN {' }] };
const TWO: SolveStatus = { logs: [{ vertex: 'sha256:1', data: 'fQp9Cg==' }] };

describe('RecordSplitter', () => {
  test('reads records that are indented over several lines, as buildx 0.13 writes them', () => {
    const lines = [ONE, TWO].flatMap((one) => JSON.stringify(one, undefined, 2).split('\n'));
    expect(split(lines)).toEqual([ONE, TWO]);
  });

  test('reads records of one line each, as later versions write them', () => {
    expect(split([ONE, TWO, {}].map((one) => JSON.stringify(one)))).toEqual([ONE, TWO, {}]);
  });

  test('hands over everything else as text, in its order', () => {
    const error = [
      'Dockerfile:3',
      '--------------------',
      '   3 | >>> RUN if true; then {',
      '}',
      '',
      'ERROR: failed to solve',
    ];
    expect(split(['WARNING: no output', JSON.stringify(ONE), ...error])).toEqual([
      'WARNING: no output',
      ONE,
      ...error,
    ]);
  });

  test('hands a broken record over as text and goes on behind it', () => {
    expect(split(['{"vertexes": [}', JSON.stringify(TWO)])).toEqual(['{"vertexes": [}', TWO]);
    expect(split(['{', '  "vertexes": [', '}', JSON.stringify(TWO)])).toEqual([
      '{',
      '  "vertexes": [',
      '}',
      TWO,
    ]);
  });

  test('finds the next record behind one that was cut off', () => {
    const next = JSON.stringify(TWO, undefined, 2).split('\n');
    expect(split(['{', '  "vertexes": [', ...next])).toEqual(['{', '  "vertexes": [', TWO]);
  });

  test('hands the beginning of a last, unfinished record over as text', () => {
    expect(split([JSON.stringify(ONE), '{', '  "statuses": ['])).toEqual([
      ONE,
      '{',
      '  "statuses": [',
    ]);
  });

  test('does not collect for ever what never ends', () => {
    const line = `  "${'x'.repeat(1024 * 1024)}"`;
    const texts: string[] = [];
    const splitter = new RecordSplitter(
      () => undefined,
      (text) => texts.push(text),
    );
    splitter.push('{');
    for (let count = 0; count < 7; count++) splitter.push(line);
    expect(texts).toEqual([]);
    splitter.push(line);
    expect(texts).toHaveLength(9);
  });
});
