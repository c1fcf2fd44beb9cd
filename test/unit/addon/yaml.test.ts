import { describe, expect, it } from 'vitest';
import type { SourceDocument } from '../../../src/addon/document.js';
import { PyDate, PyDict, PyFloat, type PyValue } from '../../../src/addon/python-value.js';
import { parseYaml, type SourceFailure } from '../../../src/addon/yaml.js';

function read(text: string): SourceDocument {
  const parsed = parseYaml(text);
  if (!parsed.ok) throw new Error(parsed.failure.message);
  return parsed.document;
}

function readKey(text: string, key: string): PyValue | undefined {
  const { value } = read(text);
  return value instanceof PyDict ? value.get(key) : undefined;
}

function refuse(text: string): SourceFailure {
  const parsed = parseYaml(text);
  if (parsed.ok) throw new Error('the text was read');
  return parsed.failure;
}

describe('scalars of YAML 1.1', () => {
  it.each<[string, PyValue]>([
    ['yes', true],
    ['Off', false],
    ['y', 'y'],
    ['oFF', 'oFF'],
    ['~', null],
    ['', null],
    ['1.10', new PyFloat(1.1)],
    ['1.0', new PyFloat(1)],
    ['2024.10', new PyFloat(2024.1)],
    ['1e3', '1e3'],
    ['1.0e+3', new PyFloat(1000)],
    ['.5', new PyFloat(0.5)],
    ['-.inf', new PyFloat(-Infinity)],
    ['22:22', 1342],
    ['1:30.5', new PyFloat(90.5)],
    ['0644', 420],
    ['010', 8],
    ['08', '08'],
    ['0o17', '0o17'],
    ['0x1F', 31],
    ['0b101', 5],
    ['-0x10', -16],
    ['1_000', 1000],
    ['9007199254740993', 9007199254740993n],
    ['1.0.0', '1.0.0'],
    ['2024-05-01', new PyDate('date', '2024-05-01')],
    ['2001-12-14t21:59:43.10-05:00', new PyDate('datetime', '2001-12-14 21:59:43.100000-05:00')],
    ['2001-12-15 2:59:43Z', new PyDate('datetime', '2001-12-15 02:59:43+00:00')],
    ['"yes"', 'yes'],
    ["'1.10'", '1.10'],
    ['! 5', 5],
    ['! "5"', 5],
    ['!', ''],
    ['!!str 5', '5'],
    ['!!int "5"', 5],
    ['a #b', 'a'],
    ['a#b', 'a#b'],
  ])('reads %j', (source, value) => {
    expect(readKey(`k: ${source}\n`, 'k')).toEqual(value);
  });

  it.each([
    ['2024-13-01', true],
    ['2023-02-29', true],
    ['2024-01-01 24:00:00', true],
    ['!!int x', true],
    ['!secret x', false],
    ['!!python/none x', false],
    ['=', false],
    ['!!timestamp x', false],
  ])('refuses %j, crash %s', (source, crash) => {
    expect(refuse(`k: ${source}\n`)).toMatchObject({ crash, line: 1 });
  });
});

describe('mappings', () => {
  it('keeps the last of equal keys', () => {
    expect(readKey('a: 1\nb: 2\na: 3\n', 'a')).toBe(3);
  });

  it('keeps keys that are no texts', () => {
    const { value } = read('80: a\non: b\n1.5: c\n~: d\n');
    expect(value).toEqual(
      new PyDict([
        [80, 'a'],
        [true, 'b'],
        [new PyFloat(1.5), 'c'],
        [null, 'd'],
      ]),
    );
  });

  it('merges with <<, own keys winning and the first of several sources', () => {
    const text = 'a: &a {x: 1, y: 1}\nb: &b {x: 2, z: 2}\nc:\n  <<: [*a, *b]\n  y: 3\n';
    expect(readKey(text, 'c')).toEqual(
      new PyDict([
        ['x', 1],
        ['z', 2],
        ['y', 3],
      ]),
    );
  });

  it.each([
    ['a: &x 1\nb: &x 2\n', 'the anchor &x is defined twice'],
    ['a: *x\n', 'there is no anchor &x'],
    ['a: &x [*x]\n', 'the alias *x holds itself'],
    ['[a]: b\n', 'a list or mapping cannot be a key'],
    ['<<: 5\n', 'the merge key << takes a mapping or a list of mappings'],
    [': b\n', 'there is no key before the ":"'],
    ['a: {b\n  c: d}\n', 'not valid YAML: a "}" is missing'],

  ])('refuses %j', (text, message) => {
    expect(refuse(text)).toMatchObject({ message, crash: false });
  });
});

describe('documents', () => {
  it.each(['', '\n# nothing\n', 'null\n', 'false\n', '0\n', '0.0\n', '[]\n', '""\n', '---\n...\n'])(
    'reads %j as an empty mapping',
    (text) => {
      expect(read(text).value).toEqual(new PyDict());
    },
  );

  it('reads past a byte order mark and with any line ends', () => {
    expect(readKey('\uFEFFa: 1\r\nb: 2\rc: 3', 'c')).toBe(3);
  });

  it('refuses several documents and says what to do', () => {
    const failure = refuse('a: 1\n---\nb: 2\n');
    expect(failure.message).toBe('the file holds several YAML documents');
    expect(failure.hint).toContain('---');
  });

  it.each([
    'a:\n\tb: 1\n',
    '- \ta\n',
    'a: 1\n\t\nb: 2\n',
    'a: "x"\n  \t# comment\nb: 1\n',
    'a: @x\n',
    'a: `x\n',
    'a: b: c\n',
    'a: [1\n',
    'a: "\\d"\n',
    'a: \u0001\n',
    '%x\n---\na: 1\n',
    'a: 1\n...\nb\n',
  ])('refuses %j', (text) => {
    expect(refuse(text).crash).toBe(false);
  });

  it.each<[string, PyValue]>([
    ['k:\tv\n', 'v'],
    ['k: v\t# comment\n', 'v'],
    ['k: "v"# comment\n', 'v'],
    ['k:\n  v\n  \tw\n', 'v w'],
    ['k: |2\n   v', ' v'],
    ['k: [\nv,\nw\n]\n', ['v', 'w']],
    ['k: "v\nw"\n', 'v w'],
    ["k: 'it''s\nw'\n", "it's w"],
  ])('reads %j', (text, value) => {
    expect(readKey(text, 'k')).toEqual(value);
  });
});

describe('positions', () => {
  const document = read('# c\nname: Test\nmap:\n  - share\n  - type: ssl\n    "read_only": no\n');

  it('finds keys, values and their source', () => {
    expect(document.keyPositionOf(['name'])).toEqual({ line: 2, column: 1 });
    expect(document.positionOf(['name'])).toEqual({ line: 2, column: 7 });
    expect(document.keyPositionOf(['map', 0])).toEqual({ line: 4, column: 5 });
    expect(document.keyPositionOf(['map', 1, 'read_only'])).toEqual({ line: 6, column: 5 });
    expect(document.sourceOf(['map', 1, 'read_only'])).toBe('no');
  });

  it('points to the nearest thing around what is not there', () => {
    expect(document.keyPositionOf(['map', 1, 'path'])).toEqual({ line: 5, column: 5 });
    expect(document.keyPositionOf(['slug'])).toEqual({ line: 2, column: 1 });
    expect(document.sourceOf(['slug'])).toBeUndefined();
  });

  it('points to the last of equal keys', () => {
    expect(read('a: 1\na: 2\n').keyPositionOf(['a'])).toEqual({ line: 2, column: 1 });
  });

  it('counts in the file as it is where lines were indented for the parser', () => {
    const dedented = read('k: [\nv,\nw\n]\nl: 1\n');
    expect(dedented.positionOf(['k', 1])).toEqual({ line: 3, column: 1 });
    expect(dedented.sourceOf(['k', 0])).toBe('v');
    expect(dedented.keyPositionOf(['l'])).toEqual({ line: 5, column: 1 });
  });
});

describe('limits', () => {
  const bomb = Array.from({ length: 9 }, (_, index) => {
    const before = index === 0 ? '1' : `*a${index - 1}`;
    return `k${index}: &a${index} [${Array.from({ length: 10 }, () => before).join(', ')}]`;
  });
  const merges = Array.from({ length: 20 }, (_, index) => {
    const before = index === 0 ? '{x: 1}' : `[*m${index - 1}, *m${index - 1}]`;
    return `m${index}: &m${index}\n  <<: ${before}`;
  });

  it.each([
    ['aliases of aliases', bomb.join('\n'), /more than 100000 values/],
    ['merges of merges', merges.join('\n'), /more than 100000 values/],
    ['brackets', `a: ${'['.repeat(500_000)}`, /nested too deeply/],
    ['dashes', `${'- '.repeat(300_000)}x`, /nested too deeply/],
    ['question marks', `${'? '.repeat(300_000)}x`, /nested too deeply/],
    ['indentation', Array.from({ length: 900 }, (_, n) => `${' '.repeat(n)}a:`).join('\n'), /deep/],
    ['many items', `a: [${'1,'.repeat(400_000)}]`, /more than 100000 values/],
    ['many lines', `${'#\n'.repeat(500_000)}[`, /"]" is missing/],
    ['many quotes', `'${"''".repeat(400_000)}`, /no closing '/],
    ['many candidates for a key', '"a" '.repeat(200_000), /does not belong/],
    ['many digits', `a: ${'9'.repeat(900_000)}`, /too many digits/],
  ])('ends quickly at %s', (_, text, message) => {
    const start = performance.now();
    expect(refuse(text).message).toMatch(message);
    expect(performance.now() - start).toBeLessThan(5000);
  });
});
