import type { PyOther} from '../python-value.js';
import { narrowInteger, PyDate, PyFloat, type PyScalar } from '../python-value.js';
import { toPythonFloat, toPythonInt } from '../python-text.js';
import { constructBinary } from './binary.js';
import { ScalarError } from './scalar-error.js';

const TAG_PREFIX = 'tag:yaml.org,2002:';

/**
 * What a plain (unquoted) scalar means in YAML 1.1, in the order in which PyYAML tries.
 * https://github.com/yaml/pyyaml/blob/main/lib/yaml/resolver.py
 */
const IMPLICIT: readonly (readonly [string, RegExp])[] = [
  ['bool', /^(?:yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$/],
  [
    'float',
    /^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/,
  ],
  [
    'int',
    /^(?:[-+]?0b[01_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+)$/,
  ],
  ['merge', /^<<$/],
  ['null', /^(?:~|null|Null|NULL|)$/],
  [
    'timestamp',
    /^(?:[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?(?:[ \t]*(?:Z|[-+][0-9]{1,2}(?::[0-9]{2})?))?)$/,
  ],
  ['value', /^=$/],
];

const TIMESTAMP =
  /^(\d{4})-(\d{1,2})-(\d{1,2})(?:(?:[Tt]|[ \t]+)(\d{1,2}):(\d{2}):(\d{2})(?:\.(\d*))?(?:[ \t]*(?:(Z)|([-+])(\d{1,2})(?::(\d{2}))?))?)?$/;

// https://docs.python.org/3/library/stdtypes.html#int-max-str-digits
const MAX_DIGITS = 4300;

/** The full tag of a plain scalar without an explicit tag. */
export function resolvePlainTag(text: string): string {
  return TAG_PREFIX + (IMPLICIT.find(([, pattern]) => pattern.test(text))?.[0] ?? 'str');
}

/**
 * The Python value of a scalar.
 *
 * @throws ScalarError where PyYAML has no constructor for the tag or the constructor fails
 */
export function constructScalar(tag: string, text: string): PyScalar | PyOther {
  switch (tag) {
    case `${TAG_PREFIX}str`:
      return text;
    case `${TAG_PREFIX}null`:
      return null;
    case `${TAG_PREFIX}bool`:
      return constructBool(text);
    case `${TAG_PREFIX}int`:
      return constructInt(text);
    case `${TAG_PREFIX}float`:
      return constructFloat(text);
    case `${TAG_PREFIX}timestamp`:
      return constructTimestamp(text);
    case `${TAG_PREFIX}binary`:
      return constructBinary(text);
    default:
      throw new ScalarError(describeUnknownTag(tag, text), false);
  }
}

/** `!!int` for the long form of the tag, else the tag as it was written. */
export function shortenTag(tag: string): string {
  return tag.startsWith(TAG_PREFIX) ? `!!${tag.slice(TAG_PREFIX.length)}` : tag;
}

export function isMergeTag(tag: string): boolean {
  return tag === `${TAG_PREFIX}merge`;
}

/** A lone `=` as a key is read as text, as a value it is an error. */
export function isValueTag(tag: string): boolean {
  return tag === `${TAG_PREFIX}value`;
}

function describeUnknownTag(tag: string, text: string): string {
  if (isValueTag(tag)) return 'a lone = has a special meaning in YAML; quote it';
  if (isMergeTag(tag)) return 'a lone << is the YAML merge key; quote it';
  return `the tag ${shortenTag(tag)} is not known here; quote the value if it is meant as text: "${tag.startsWith('!') ? `${tag} ${text}`.trim() : text}"`;
}

function constructBool(text: string): boolean {
  const known = /^(?:(yes|true|on)|no|false|off)$/i.exec(text);
  if (known === null) throw new ScalarError(`"${text}" is not a YAML boolean`, true);
  return known[1] !== undefined;
}

function constructInt(source: string): number | bigint {
  const [negative, digits] = splitSign(source.replaceAll('_', ''));
  if (digits.length > MAX_DIGITS) throw new ScalarError('the number has too many digits', true);
  const magnitude = readMagnitude(digits);
  if (magnitude === undefined) throw new ScalarError(`"${source}" is not an integer`, true);
  return narrowInteger(negative ? -magnitude : magnitude);
}

function readMagnitude(digits: string): bigint | undefined {
  if (/^0b[01]+$/.test(digits) || /^0x[0-9a-f]+$/i.test(digits)) return BigInt(digits);
  if (/^0[0-7]*$/.test(digits)) return BigInt(`0o${digits}`);
  if (digits.startsWith('0')) return undefined;
  let sum = 0n;
  for (const part of digits.split(':')) {
    const number = toPythonInt(part);
    if (typeof number === 'string') return undefined;
    sum = sum * 60n + BigInt(number.value);
  }
  return sum;
}

function constructFloat(source: string): PyFloat {
  const [negative, digits] = splitSign(source.replaceAll('_', '').toLowerCase());
  const magnitude = readFloat(digits);
  if (magnitude === undefined) throw new ScalarError(`"${source}" is not a number`, true);
  return new PyFloat(negative ? -magnitude : magnitude);
}

function readFloat(digits: string): number | undefined {
  if (digits === '.inf') return Infinity;
  if (digits === '.nan') return NaN;
  let sum = 0;
  for (const part of digits.split(':')) {
    const number = toPythonFloat(part);
    if (typeof number === 'string') return undefined;
    sum = sum * 60 + number.value.value;
  }
  return sum;
}

function splitSign(text: string): readonly [boolean, string] {
  return /^[-+]/.test(text) ? [text.startsWith('-'), text.slice(1)] : [false, text];
}

function constructTimestamp(text: string): PyDate {
  const parts = TIMESTAMP.exec(text);
  if (parts === null) throw new ScalarError(`"${text}" is not a date or time`, false);
  const [, year = '', month = '', day = '', hour, minute, second, fraction, utc, sign] = parts;
  assertDate(text, Number(year), Number(month), Number(day));
  const date = `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
  if (hour === undefined) return new PyDate('date', date);
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) {
    throw new ScalarError(`"${text}" is not a possible time of day`, true);
  }
  const micros = (fraction ?? '').slice(0, 6).padEnd(6, '0');
  const zone = sign === undefined ? (utc === undefined ? '' : '+00:00') : formatOffset(text, parts);
  const time = `${hour.padStart(2, '0')}:${minute ?? ''}:${second ?? ''}`;
  return new PyDate(
    'datetime',
    `${date} ${time}${Number(micros) === 0 ? '' : `.${micros}`}${zone}`,
  );
}

function assertDate(text: string, year: number, month: number, day: number): void {
  const last = new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate();
  if (year < 1 || month < 1 || month > 12 || day < 1 || day > last) {
    throw new ScalarError(`"${text}" is not a possible date`, true);
  }
}

function formatOffset(text: string, parts: RegExpExecArray): string {
  const minutes = Number(parts[10]) * 60 + Number(parts[11] ?? 0);
  if (minutes >= 24 * 60) throw new ScalarError(`"${text}" has an impossible time zone`, true);
  const sign = parts[9] === '-' && minutes > 0 ? '-' : '+';
  const pad = (value: number): string => String(value).padStart(2, '0');
  return `${sign}${pad(Math.floor(minutes / 60))}:${pad(minutes % 60)}`;
}
