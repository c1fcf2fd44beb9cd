import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { lintPaths, type LintReport, type ReportedFinding } from '../../../src/lint/lint.js';
import { ALL_RULES } from '../../../src/lint/rules.js';
import { toSarif } from '../../../src/report/lint-sarif.js';

/**
 * What an object may and must have: `name` optional, `name!` required. The properties are those of the schema of SARIF
 * 2.1.0 that apply here, which allows no others.
 * https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json
 */
type Shape = Readonly<Record<string, Check>>;
type Check = (value: unknown, at: string) => readonly string[];

const fail = (at: string, expected: string, value: unknown): readonly string[] => [
  `${at} is ${JSON.stringify(value)}, not ${expected}`,
];

function object(shape: Shape): Check {
  return (value, at) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      return fail(at, 'an object', value);
    }
    const names = Object.keys(shape).map((name) => name.replace(/!$/, ''));
    const unknown = Object.keys(value).filter((name) => !names.includes(name));
    const given = new Map<string, unknown>(Object.entries(value));
    return [
      ...unknown.map((name) => `${at}.${name} is not in the schema`),
      ...Object.entries(shape).flatMap(([key, check]) => {
        const name = key.replace(/!$/, '');
        const inner = given.get(name);
        if (inner !== undefined) return check(inner, `${at}.${name}`);
        return key.endsWith('!') ? [`${at}.${name} is missing`] : [];
      }),
    ];
  };
}

function array(item: Check, { unique = false } = {}): Check {
  return (value, at) => {
    if (!Array.isArray(value)) return fail(at, 'an array', value);
    const texts = new Set(value.map((one) => JSON.stringify(one)));
    return [
      ...(unique && texts.size < value.length ? [`${at} has an item twice`] : []),
      ...value.flatMap((one, index) => item(one, `${at}[${String(index)}]`)),
    ];
  };
}

const text: Check = (value, at) =>
  typeof value === 'string' && value.trim() !== '' ? [] : fail(at, 'a text', value);

const matching =
  (pattern: RegExp): Check =>
  (value, at) =>
    typeof value === 'string' && pattern.test(value) ? [] : fail(at, String(pattern), value);

const integer =
  (least: number): Check =>
  (value, at) =>
    Number.isSafeInteger(value) && Number(value) >= least
      ? []
      : fail(at, `an integer from ${String(least)}`, value);

/** RFC 3986, without the characters that it does not allow. */
const URI_REFERENCE = /^(?:[\w.~:/?#@!$&'()*+,;=-]|%[0-9A-F]{2})+$/;
const ABSOLUTE_URI = /^(?:https|file):\/\/(?:[\w.~:/?#@!$&'()*+,;=-]|%[0-9A-F]{2})+$/;
const level = matching(/^(?:none|note|warning|error)$/);
const message = object({ 'text!': text, markdown: text });

const descriptor = object({
  'id!': text,
  shortDescription: message,
  fullDescription: message,
  help: message,
  helpUri: matching(ABSOLUTE_URI),
  defaultConfiguration: object({ level }),
});

const result = object({
  ruleId: text,
  ruleIndex: integer(0),
  level,
  'message!': message,
  locations: array(
    object({
      physicalLocation: object({
        'artifactLocation!': object({ uri: matching(URI_REFERENCE), uriBaseId: text }),
        region: object({ startLine: integer(1), startColumn: integer(1) }),
      }),
    }),
  ),
});

const log = object({
  $schema: matching(ABSOLUTE_URI),
  'version!': matching(/^2\.1\.0$/),
  'runs!': array(
    object({
      'tool!': object({
        'driver!': object({
          'name!': text,
          semanticVersion: matching(/^\d+\.\d+\.\d+(?:-[\w.]+)?$/),
          informationUri: matching(ABSOLUTE_URI),
          rules: array(descriptor, { unique: true }),
        }),
      }),
      columnKind: matching(/^(?:utf16CodeUnits|unicodeCodePoints)$/),
      // Paths are relative to it, so it has to end as a folder does.
      originalUriBaseIds: object({ SRCROOT: object({ uri: matching(/^file:\/\/\/(?:.*\/)?$/) }) }),
      results: array(result),
    }),
  ),
});

interface Log {
  readonly runs: readonly {
    readonly tool: { readonly driver: { readonly rules: readonly { readonly id: string }[] } };
    readonly results: readonly {
      readonly ruleId: string;
      readonly ruleIndex: number;
      readonly locations: readonly {
        readonly physicalLocation: {
          readonly artifactLocation: { readonly uri: string; readonly uriBaseId?: string };
          readonly region: { readonly startLine: number; readonly startColumn: number };
        };
      }[];
    }[];
  }[];
}

const FIXTURES = fileURLToPath(new URL('../../fixtures/lessons', import.meta.url));

function report(report: LintReport, root: string): { readonly sarif: Log; readonly raw: unknown } {
  const raw: unknown = JSON.parse(JSON.stringify(toSarif(report, ALL_RULES, root)));
  return { sarif: raw as Log, raw };
}

function makeFinding(changes: Partial<ReportedFinding>): ReportedFinding {
  const [rule] = ALL_RULES;
  if (rule === undefined) throw new Error('there are no rules');
  return { rule, severity: 'error', file: '/work/config.yaml', message: 'is wrong', ...changes };
}

const locate = (finding: Partial<ReportedFinding>, root = '/work') => {
  const { sarif, raw } = report({ addons: [], findings: [makeFinding(finding)] }, root);
  expect(log(raw, 'log')).toEqual([]);
  return sarif.runs[0]?.results[0]?.locations[0]?.physicalLocation;
};

describe('SARIF', () => {
  test('of real findings is what the schema asks for', async () => {
    const linted = await lintPaths([FIXTURES]);
    const { sarif, raw } = report(linted, FIXTURES);
    expect(log(raw, 'log')).toEqual([]);
    const [run] = sarif.runs;
    const rules = run?.tool.driver.rules.map(({ id }) => id) ?? [];
    expect(new Set(rules).size).toBe(ALL_RULES.length);
    expect(run?.results).toHaveLength(linted.findings.length);
    expect(linted.findings.length).toBeGreaterThan(20);
    for (const { ruleId, ruleIndex } of run?.results ?? []) expect(rules[ruleIndex]).toBe(ruleId);
  });

  test('has what GitHub asks for: a place for each result, and texts that it does not cut', async () => {
    const { sarif, raw } = report(await lintPaths([FIXTURES]), FIXTURES);
    for (const { locations } of sarif.runs[0]?.results ?? []) {
      expect(locations).toHaveLength(1);
      expect(locations[0]?.physicalLocation.artifactLocation.uri).not.toMatch(/^(?:\/|\.\.|file:)/);
    }
    const texts = [...JSON.stringify(raw).matchAll(/"(?:text|id)":"((?:[^"\\]|\\.)*)"/g)];
    expect(texts.filter(([, value = '']) => value.length > 1024)).toEqual([]);
  });

  test('names what has no place in its file by the beginning of the file', () => {
    expect(locate({})).toEqual({
      artifactLocation: { uri: 'config.yaml', uriBaseId: 'SRCROOT' },
      region: { startLine: 1, startColumn: 1 },
    });
    expect(locate({ line: 3, column: 5, hint: 'Mend it.' })?.region).toEqual({
      startLine: 3,
      startColumn: 5,
    });
  });

  test('escapes what a URI does not allow', () => {
    expect(locate({ file: '/work/my add-on/100% #1?.yaml' })?.artifactLocation.uri).toBe(
      'my%20add-on/100%25%20%231%3F.yaml',
    );
    expect(locate({ file: '/work/ünïcode' })?.artifactLocation.uri).toBe('%C3%BCn%C3%AFcode');
    // A colon in the first part would make it a scheme.
    expect(locate({ file: '/work/a:b' })?.artifactLocation.uri).toBe('a%3Ab');
  });

  test('gives files outside of the root in full', () => {
    expect(locate({ file: '/other/config.yaml' })?.artifactLocation).toEqual({
      uri: 'file:///other/config.yaml',
    });
    expect(locate({ file: '/work/..hidden' })?.artifactLocation).toEqual({
      uri: '..hidden',
      uriBaseId: 'SRCROOT',
    });
    expect(locate({ file: '/work' })?.artifactLocation.uri).toBe('.');
    expect(locate({ file: 'ghcr.io/example/addon:1.0.0' })?.artifactLocation.uri).toBe(
      'ghcr.io/example/addon%3A1.0.0',
    );
    expect(locate({}, '/')?.artifactLocation.uri).toBe('work/config.yaml');
  });

  test('a checker that finds nothing wrong would prove nothing', () => {
    const { raw } = report({ addons: [], findings: [makeFinding({ line: 0 })] }, '/work');
    expect(log(raw, 'log')).toEqual([
      'log.runs[0].results[0].locations[0].physicalLocation.region.startLine is 0, not an integer from 1',
    ]);
    expect(log({ version: '2.1', runs: [{ extra: 1 }] }, 'log')).toEqual([
      'log.version is "2.1", not /^2\\.1\\.0$/',
      'log.runs[0].extra is not in the schema',
      'log.runs[0].tool is missing',
    ]);
  });
});
