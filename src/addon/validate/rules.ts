import type { Path } from '../document.js';
import { describeValue } from '../describe-value.js';
import { isTruthy, toPythonFloat, toPythonInt, toPythonText } from '../python-text.js';
import { PyDict, PyFloat, type PyValue } from '../python-value.js';
import { allOf, anyOf, fail, pass, SupervisorCrash, type Checked, type Validator } from './schema.js';

/** Python's `\w` and `\d` for use inside a character class of a pattern with the `u` flag. */
export const WORD = '\\p{L}\\p{N}_';
export const DIGIT = '\\p{Nd}';

const TRUE_WORDS: ReadonlySet<string> = new Set(['1', 'true', 'yes', 'on', 'enable']);
const FALSE_WORDS: ReadonlySet<string> = new Set(['0', 'false', 'no', 'off', 'disable']);

/** Text only: YAML's numbers and booleans are refused. */
export const text: Validator = (value, path) =>
  typeof value === 'string' ? pass(value) : failText(value, path);

/** A boolean in the loose sense of voluptuous: some words, else the truth value. */
export const boolean: Validator = (value, path) => {
  if (typeof value !== 'string') return pass(isTruthy(value));
  const word = value.toLowerCase();
  if (TRUE_WORDS.has(word)) return pass(true);
  if (FALSE_WORDS.has(word)) return pass(false);
  return fail(path, `must be a boolean (true or false), not ${describeValue(value)}`);
};

export const strictBoolean: Validator = (value, path) =>
  typeof value === 'boolean'
    ? pass(value)
    : fail(path, `must be true or false, not ${describeValue(value)}`);

/** Whatever Python's `int()` takes. */
export const integer: Validator = (value, path) => {
  const number = toPythonInt(value);
  if (number === 'overflow') throw crashOnInfinity(path);
  if (number !== 'refused') return pass(number.value);
  return fail(path, `must be a whole number, not ${describeValue(value)}`);
};

/** Whatever Python's `float()` takes. */
export const float: Validator = (value, path) => {
  const number = toPythonFloat(value);
  if (number === 'overflow') throw crashOnInfinity(path);
  if (number !== 'refused') return pass(number.value);
  return fail(path, `must be a number, not ${describeValue(value)}`);
};

/** A number within bounds, both inclusive. */
export function between(min: number | undefined, max: number | undefined): Validator {
  return (value, path) => {
    const number = toNumber(value);
    // Like Python's comparisons, these refuse NaN.
    if (min !== undefined && !(number >= min)) {
      return fail(path, `must be at least ${min}, not ${toPythonText(value)}`);
    }
    if (max !== undefined && !(number <= max)) {
      return fail(path, `must be at most ${max}, not ${toPythonText(value)}`);
    }
    return pass(value);
  };
}

const MAX_PORT = 65_535;

/** A port number, given as anything that `int()` takes. */
export const port: Validator = allOf(integer, between(1, MAX_PORT));

/** The number 0 in any of its forms (`0`, `0.0`, `false`), given back as it is. */
export const zero: Validator = (value, path) =>
  value === 0 || value === false || (value instanceof PyFloat && value.value === 0)
    ? pass(value)
    : fail(path, `must be 0, not ${describeValue(value)}`);

/** Any value, turned into its text; null stays. Whether it can be a tag is not checked here. */
export const version: Validator = (value) => pass(value === null ? null : toPythonText(value));

export const dict: Validator = (value, path) =>
  value instanceof PyDict
    ? pass(value)
    : fail(path, `must be a mapping, not ${describeValue(value)}`);

export const nothing: Validator = (value, path) =>
  value === null ? pass(value) : fail(path, `must be null, not ${describeValue(value)}`);

export function maybe(validate: Validator): Validator {
  return anyOf(nothing, validate);
}

/** Exactly one of the words. */
export function oneOf(words: readonly string[]): Validator {
  const known: ReadonlySet<unknown> = new Set(words);
  return (value, path) => {
    if (known.has(value)) return pass(value);
    const message = `must be one of ${words.join(', ')}, not ${describeValue(value)}`;
    return { ok: false, issues: [{ path, message, known: words }] };
  };
}

/**
 * Text of a form. The pattern must fit the whole text; as with Python's `$`, a final line break is
 * let through.
 */
export function textLike(pattern: string, expectation: string): Validator {
  const whole = new RegExp(`^(?:${pattern})\\n?$`, 'u');
  return (value, path) => {
    if (typeof value !== 'string') return failText(value, path);
    if (whole.test(value)) return pass(value);
    return fail(path, `must be ${expectation}, not ${describeValue(value)}`);
  };
}

/** The name of an image with a tag or digest, as far as it can do no harm elsewhere. */
export const imageReference: Validator = (value, path) =>
  typeof value === 'string' && /^[A-Za-z0-9][\w.:/@-]*$/.test(value)
    ? pass(value)
    : fail(path, `must be the name of an image, not ${describeValue(value)}`);

/** Equal items may not repeat. */
export const uniqueItems: Validator = (value, path) => {
  const items: readonly PyValue[] = Array.isArray(value) ? value : [];
  const repeated = items.find((item, index) => items.indexOf(item) !== index);
  return repeated === undefined
    ? pass(value)
    : fail(path, `holds ${describeValue(repeated)} more than once`);
};

export function toNumber(value: PyValue): number {
  return value instanceof PyFloat ? value.value : Number(value);
}

function failText(value: PyValue, path: Path): Checked {
  return fail(path, `must be text, not ${describeValue(value)}`);
}

function crashOnInfinity(path: Path): SupervisorCrash {
  return new SupervisorCrash(path, 'is infinite, which the Supervisor cannot turn into a number');
}
