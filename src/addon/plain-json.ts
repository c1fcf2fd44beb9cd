import { toPythonText } from './python-text.js';
import { PyDict, PyFloat, type PyValue } from './python-value.js';

export type PlainValue = string | number | boolean | null | readonly PlainValue[] | PlainObject;

export interface PlainObject {
  readonly [key: string]: PlainValue;
}

function toPlain(value: PyValue): PlainValue {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  if (value instanceof PyFloat) return value.value;
  if (value instanceof PyDict) return toPlainObject(value);
  if (Array.isArray(value)) return (value as readonly PyValue[]).map(toPlain);
  return toPythonText(value);
}

/** A dict as JSON has it: keys are texts, dates too. */
export function toPlainObject(dict: PyDict): PlainObject {
  return Object.fromEntries(
    [...dict.entries()].map(([key, value]) => [toPythonText(key), toPlain(value)]),
  );
}
