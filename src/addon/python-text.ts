import { narrowInteger, PyDate, PyDict, PyFloat, PyOther, type PyValue } from './python-value.js';

/** Python's `str(value)`. */
export function toPythonText(value: PyValue): string {
  if (typeof value === 'string') return value;
  if (value instanceof PyDate || value instanceof PyOther) return value.text;
  return toPythonRepr(value);
}

/** Python's `repr(value)`, as it stands inside the text of a list or dict. */
export function toPythonRepr(value: PyValue): string {
  if (value === null) return 'None';
  if (typeof value === 'string') return quote(value);
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  if (value instanceof PyFloat) return formatFloat(value.value);
  if (value instanceof PyDate) return formatDate(value);
  if (value instanceof PyOther) return value.text;
  if (value instanceof PyDict) {
    const entries = [...value.entries()];
    return `{${entries.map(([key, item]) => `${toPythonRepr(key)}: ${toPythonRepr(item)}`).join(', ')}}`;
  }
  return `[${value.map(toPythonRepr).join(', ')}]`;
}

/** Python's `bool(value)`. */
export function isTruthy(value: PyValue): boolean {
  if (value instanceof PyFloat) return value.value !== 0;
  if (value instanceof PyDict) return value.size > 0;
  if (value instanceof PyOther) return !value.isEmpty;
  if (isList(value)) return value.length > 0;
  return Boolean(value);
}

export function isList(value: PyValue): value is readonly PyValue[] {
  return Array.isArray(value);
}

/** What `int()` or `float()` make of a value: a number, a refusal, or an uncaught exception. */
export type Conversion<T> = { readonly value: T } | 'refused' | 'overflow';

// Around digits, ASCII's own separators (FS to US) are no space.
const NUMBER_SPACE = /[\t-\r\x20\x85\xA0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000]/;
// eslint-disable-next-line no-control-regex -- str.strip() takes them
const SPACE = /[\t-\r\x1C-\x20\x85\xA0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000]/;
const INTEGER = /^[-+]?\p{Nd}+(?:_\p{Nd}+)*$/u;
const FLOAT =
  /^[-+]?(?:(?:\p{Nd}+(?:_\p{Nd}+)*)(?:\.(?:\p{Nd}+(?:_\p{Nd}+)*)?)?|\.\p{Nd}+(?:_\p{Nd}+)*)(?:[eE][-+]?\p{Nd}+(?:_\p{Nd}+)*)?$/u;
const SPECIAL_FLOAT = /^([-+]?)(?:(inf|infinity)|nan)$/i;
// https://docs.python.org/3/library/stdtypes.html#int-max-str-digits
const MAX_DIGITS = 4300;

/** Python's `int(value)`. */
export function toPythonInt(value: PyValue): Conversion<number | bigint> {
  if (typeof value === 'number' || typeof value === 'bigint') return { value };
  if (typeof value === 'boolean') return { value: Number(value) };
  if (value instanceof PyFloat) {
    if (Number.isNaN(value.value)) return 'refused';
    if (!Number.isFinite(value.value)) return 'overflow';
    return { value: narrowInteger(BigInt(Math.trunc(value.value))) };
  }
  if (typeof value !== 'string') return 'refused';
  const text = toAsciiDigits(stripSpace(value, NUMBER_SPACE));
  if (!INTEGER.test(text)) return 'refused';
  const digits = text.replaceAll('_', '').replace(/^[-+]/, '');
  if (digits.length > MAX_DIGITS) return 'refused';
  return { value: narrowInteger(text.startsWith('-') ? -BigInt(digits) : BigInt(digits)) };
}

/** Python's `float(value)`. */
export function toPythonFloat(value: PyValue): Conversion<PyFloat> {
  if (value instanceof PyFloat) return { value };
  if (typeof value === 'boolean' || typeof value === 'number' || typeof value === 'bigint') {
    const number = Number(value);
    return Number.isFinite(number) ? { value: new PyFloat(number) } : 'overflow';
  }
  if (typeof value !== 'string') return 'refused';
  const text = toAsciiDigits(stripSpace(value, NUMBER_SPACE));
  const special = SPECIAL_FLOAT.exec(text);
  if (special !== null) {
    const magnitude = special[2] === undefined ? NaN : Infinity;
    return { value: new PyFloat(special[1] === '-' ? -magnitude : magnitude) };
  }
  return FLOAT.test(text) ? { value: new PyFloat(Number(text.replaceAll('_', ''))) } : 'refused';
}

/** Python's `str.strip()`. */
export function stripSpace(text: string, space: RegExp = SPACE): string {
  let start = 0;
  let end = text.length;
  while (start < end && space.test(text.charAt(start))) start += 1;
  while (end > start && space.test(text.charAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

// Python reads every Unicode decimal digit. The digits 0 to 9 of a script stand in a row, and so do
// some whole sets of them.
function toAsciiDigits(text: string): string {
  return text.replace(/\p{Nd}/gu, (digit) => {
    const code = digit.codePointAt(0) ?? 0;
    let zero = code;
    while (/\p{Nd}/u.test(String.fromCodePoint(zero - 1))) zero -= 1;
    return String((code - zero) % 10);
  });
}

function quote(text: string): string {
  const mark = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = text.replace(/[\\'\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu, (character) => {
    if (character === "'") return mark === "'" ? "\\'" : character;
    return ESCAPES[character] ?? escapeCode(character.codePointAt(0) ?? 0);
  });
  return mark + escaped + mark;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

function escapeCode(code: number): string {
  const hex = code.toString(16);
  if (code < 0x100) return `\\x${hex.padStart(2, '0')}`;
  return code < 0x10000 ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}

// Both languages print the shortest digits that read back; they differ in when they use exponents.
function formatFloat(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value < 0 ? '-inf' : 'inf';
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0';
  const [mantissa = '', exponent = '0'] = value.toExponential().split('e');
  const power = Number(exponent);
  if (power >= 16 || power < -4) {
    return `${mantissa}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
  }
  return Number.isInteger(value) ? `${BigInt(value)}.0` : String(value);
}

function formatDate(date: PyDate): string {
  const numbers = date.text.split(/[^0-9]+/).map(Number);
  return `datetime.${date.kind}(${numbers.join(', ')})`;
}
