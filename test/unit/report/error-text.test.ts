import { describe, expect, it } from 'vitest';
import { AddonReleaseError } from '../../../src/errors.js';
import { registerSecret } from '../../../src/exec/redact.js';
import { errorToJson, renderError } from '../../../src/report/error-text.js';

const plain = { color: false, verbose: false };
const verbose = { color: false, verbose: true };
const DEFECT_HINT =
  'Please report this with the command that you ran and its output with --verbose.';

describe('renderError', () => {
  it('writes a failure that has nothing but a message on one line', () => {
    expect(renderError(new AddonReleaseError('usage', 'bad version "1"'), plain)).toBe(
      'error: bad version "1"',
    );
  });

  it('writes message, findings, output and next action in this order', () => {
    const error = new AddonReleaseError('addon', 'config.yaml is not valid\n3 problems', {
      problems: [
        {
          severity: 'error',
          message: 'version is a number',
          file: 'addon/config.yaml',
          line: 3,
          column: 10,
          hint: 'Write it in quotes: version: "1.10"',
        },
        { severity: 'warning', message: 'unknown key', file: 'addon/config.yaml', line: 7 },
        { severity: 'error', message: 'missing\nand wanted', file: 'addon/Dockerfile' },
        { severity: 'error', message: 'no architecture', column: 2 },
      ],
      output: 'one\n\u001b[31mtwo\u001b[0m\n\n',
      hint: 'addon-release doctor\nthen try again',
    });
    expect(renderError(error, plain).split('\n')).toEqual([
      'error: config.yaml is not valid',
      '  3 problems',
      'addon/config.yaml:3:10: error: version is a number',
      '  Write it in quotes: version: "1.10"',
      'addon/config.yaml:7: warning: unknown key',
      'addon/Dockerfile: error: missing',
      '  and wanted',
      'error: no architecture',
      'its output:',
      '  one',
      '  two',
      'next: addon-release doctor',
      '  then try again',
    ]);
  });

  it('keeps the last 20 lines of output', () => {
    const output = Array.from({ length: 50 }, (_, index) => `line ${index}`).join('\n');
    const lines = renderError(new AddonReleaseError('build', 'failed', { output }), plain).split(
      '\n',
    );
    expect(lines[1]).toBe('last 20 lines of its output:');
    expect(lines.slice(2)).toEqual(
      Array.from({ length: 20 }, (_, index) => `  line ${index + 30}`),
    );
  });

  it('colours labels alone', () => {
    const error = new AddonReleaseError('addon', 'bad', {
      problems: [{ severity: 'warning', message: 'odd', file: 'a', line: 1, column: 1 }],
      hint: 'mend it',
    });
    expect(renderError(error, { color: true, verbose: false })).toBe(
      '\u001b[31merror:\u001b[39m bad\na:1:1: \u001b[33mwarning:\u001b[39m odd\n\u001b[36mnext:\u001b[39m mend it',
    );
  });

  it('names causes only when verbose, and never a stack', () => {
    const cause = new Error('connect ECONNREFUSED', { cause: 'a text' });
    const error = new AddonReleaseError('registry', 'could not be reached', { cause });
    expect(renderError(error, plain)).toBe('error: could not be reached');
    expect(renderError(error, verbose).split('\n')).toEqual([
      'error: could not be reached',
      'caused by: Error: connect ECONNREFUSED',
      'caused by: a text',
    ]);
  });

  it('survives causes that go in a circle', () => {
    const first = new Error('first');
    first.cause = new Error('second', { cause: first });
    expect(
      renderError(new AddonReleaseError('build', 'x', { cause: first }), verbose).split('\n'),
    ).toEqual(['error: x', 'caused by: Error: first', 'caused by: Error: second']);
  });

  it.each([
    [new TypeError('x is undefined\nmore'), 'TypeError: x is undefined'],
    [new RangeError(), 'RangeError'],
    ['a text', 'a text'],
    ['', 'an empty text was thrown'],
    [undefined, 'undefined was thrown'],
    [42, '42 was thrown'],
    [{ a: 1 }, 'an object that is no error was thrown'],
    [
      new AggregateError([new Error('a'), new AddonReleaseError('build', 'b')], 'both'),
      'both: Error: a; b',
    ],
    [new AggregateError([new Error('a')]), 'Error: a'],
  ])('names a defect on one line: %j', (thrown, summary) => {
    expect(renderError(thrown, plain)).toBe(
      `error: defect of addon-release: ${summary}. ${DEFECT_HINT}`,
    );
  });

  it('shows the stack of a defect only when verbose', () => {
    const error = new TypeError('x is undefined', { cause: new Error('deeper') });
    error.stack = 'TypeError: x is undefined\n    at f (file.js:1:1)';
    expect(renderError(error, plain)).not.toContain('file.js');
    expect(renderError(error, verbose).split('\n')).toEqual([
      'error: defect of addon-release: TypeError: x is undefined',
      '  TypeError: x is undefined',
      '      at f (file.js:1:1)',
      'caused by: Error: deeper',
      `next: ${DEFECT_HINT}`,
    ]);
  });

  it('never shows a secret', () => {
    registerSecret('error-text-secret');
    const error = new AddonReleaseError('registry', 'denied for error-text-secret', {
      output: 'GET https://user:error-text-secret@example.org/v2/',
    });
    expect(renderError(error, plain)).toBe(
      'error: denied for ***\nits output:\n  GET https://user:***@example.org/v2/',
    );
    expect(JSON.stringify(errorToJson(error))).not.toContain('error-text-secret');
    expect(renderError(new Error('error-text-secret'), verbose)).not.toContain('error-text-secret');
  });
});

describe('errorToJson', () => {
  it('gives the class, the exit code and everything that the text has', () => {
    const error = new AddonReleaseError('build', 'armv7 did not build', {
      problems: [
        { severity: 'error', message: 'exit \u001b[1m2', file: 'Dockerfile', line: 12, hint: 'h' },
      ],
      hint: 'look',
      output: 'a\n\u001b[31mb\n',
    });
    expect(errorToJson(error)).toEqual({
      class: 'build',
      exitCode: 5,
      message: 'armv7 did not build',
      problems: [{ severity: 'error', message: 'exit 2', file: 'Dockerfile', line: 12, hint: 'h' }],
      hint: 'look',
      output: 'a\nb',
    });
  });

  it('leaves out what a failure does not have', () => {
    expect(errorToJson(new AddonReleaseError('interrupted', 'stopped'))).toStrictEqual({
      class: 'interrupted',
      exitCode: 130,
      message: 'stopped',
      problems: [],
    });
  });

  it('calls everything else a defect', () => {
    expect(errorToJson(new TypeError('x'))).toEqual({
      class: 'internal',
      exitCode: 1,
      message: 'Defect of addon-release: TypeError: x',
      problems: [],
      hint: DEFECT_HINT,
    });
  });
});
