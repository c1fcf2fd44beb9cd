import type { Path } from '../../../../src/addon/document.js';
import { isList, toPythonText } from '../../../../src/addon/python-text.js';
import { PyDate, PyDict, PyFloat, PyOther } from '../../../../src/addon/python-value.js';
import type { PyValue } from '../../../../src/addon/python-value.js';
import { optionsSchema } from '../../../../src/addon/validate/options-schema.js';
import type { Advisory, Verdict } from '../../../../src/addon/validate/verdict.js';
import { classifyWarnings } from './classify-warnings.js';
import { judgeCase, type Judged } from './judge-case.js';

/** One thing in which a case's recorded verdict and ours differ. */
export interface Difference {
  readonly what: string;
  readonly expected: string;
  readonly actual: string;
}

/** Compares the Supervisor's recorded verdict on one case with ours. */
export function compareCase(entry: PyDict): readonly Difference[] {
  const judged = judgeCase(entry);
  const differences = [...compareOutcome(entry, judged)];
  if (judged.verdict !== undefined && differences.length === 0) {
    differences.push(...compareDetails(entry, judged.verdict));
  }
  if (entry.has('text')) {
    const canBeRead = String(entry.has('parsed'));
    differences.push(...compare('can be read', canBeRead, String(judged.parsed !== undefined)));
  }
  if (judged.parsed !== undefined && entry.has('parsed')) {
    differences.push(
      ...compare('parsed', canon(entry.get('parsed')), canon(judged.parsed, asRecorded)),
    );
  }
  if (entry.get('kind') === 'options') differences.push(...compareSchema(entry));
  return differences;
}

function compareOutcome(entry: PyDict, { verdict, crash }: Judged): readonly Difference[] {
  const isAccepted = verdict?.outcome === 'accepted';
  return [
    ...compare('accepted', String(entry.get('accepted') === true), String(isAccepted)),
    ...compare('crash', String(entry.get('crash') === true), String(crash)),
  ];
}

function compareDetails(entry: PyDict, verdict: Verdict): readonly Difference[] {
  const differences = [
    ...compare('warnings', classifyWarnings(texts(entry.get('warnings'))), listAdvisories(verdict)),
  ];
  if (verdict.outcome === 'accepted') {
    const expected = canon(entry.get('normalized'));
    differences.push(...compare('normalized', expected, canon(verdict.normalized, asNormalized)));
  } else if (entry.has('error_paths')) {
    const expected = list(entry.get('error_paths')).map((path) => canon(path));
    const actual = verdict.issues.map(({ path }) => canon(path));
    differences.push(...compare('error paths', joinSet(expected), joinSet(actual)));
  } else if (entry.get('kind') === 'options' && verdict.outcome === 'rejected') {
    differences.push(...compareNamedOption(entry, verdict.issues.map(({ path }) => path)));
  }
  return differences;
}

// The Supervisor names the option at which it stopped; ours must be among all that we found.
function compareNamedOption(entry: PyDict, paths: readonly Path[]): readonly Difference[] {
  const error = toPythonText(entry.get('error') ?? '');
  const named = /^[^.]*?option '(.*?)'(?: with type '.*')? in /.exec(error)?.[1];
  const found = paths.map((path) => path.findLast((step) => typeof step === 'string') ?? '');
  if (named === undefined || found.includes(named)) return [];
  return [{ what: 'named option', expected: named, actual: found.map(toPythonText).join(' ') }];
}

function compareSchema(entry: PyDict): readonly Difference[] {
  const input = entry.get('input');
  const schema = input instanceof PyDict ? (input.get('schema') ?? null) : null;
  if (!(schema instanceof PyDict)) return [];
  const isAccepted = optionsSchema(schema, []).ok;
  return compare('schema', String(entry.get('schema_accepted') !== false), String(isAccepted));
}

function listAdvisories({ advisories }: Verdict): string {
  return joinSet(advisories.map(describeAdvisory));
}

function describeAdvisory({ code, subject }: Advisory): string {
  return SUBJECTLESS.has(code) ? code : `${code} ${subject}`;
}

/** Advisories of which the Supervisor's text does not say what in the file they are about. */
const SUBJECTLESS: ReadonlySet<string> = new Set([
  'full-access-redundant',
  'cold-backup-commands',
  'map-entry-without-type',
]);

function compare(what: string, expected: string, actual: string): readonly Difference[] {
  return expected === actual ? [] : [{ what, expected, actual }];
}

export function joinSet(items: readonly string[]): string {
  return items.toSorted().join('\n');
}

function texts(value: PyValue | undefined): readonly string[] {
  return list(value).map(toPythonText);
}

function list(value: PyValue | undefined): readonly PyValue[] {
  return value !== undefined && isList(value) ? value : [];
}

/** A text that is the same exactly for equal values; the order of keys does not matter. */
function canon(value: PyValue | undefined, replace = (item: PyValue): PyValue => item): string {
  const current = replace(value ?? null);
  if (isList(current)) return `[${current.map((item) => canon(item, replace)).join(',')}]`;
  if (current instanceof PyDict) {
    const members = [...current.entries()].map(
      ([key, item]) => `${JSON.stringify(toPythonText(key))}:${canon(item, replace)}`,
    );
    return `{${members.toSorted().join(',')}}`;
  }
  return typeof current === 'string'
    ? JSON.stringify(current.replace(DATE_AND_TIME, '$1T$2'))
    : toPythonText(current);
}

/** A time as JSON has it, with a "T", or as Python's str() has it. */
const DATE_AND_TIME = /^(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2})/;

// JSON has no infinite numbers and no dates.
function asNormalized(value: PyValue): PyValue {
  if (value instanceof PyFloat && !Number.isFinite(value.value)) return null;
  if (value instanceof PyOther && value.typeName === 'set') return value.members;
  return value instanceof PyDate || value instanceof PyOther ? value.text : value;
}

function asRecorded(value: PyValue): PyValue {
  if (value instanceof PyFloat && !Number.isFinite(value.value)) return toPythonText(value);
  return value instanceof PyDate || value instanceof PyOther ? value.text : value;
}
