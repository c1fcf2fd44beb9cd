import { toPythonText } from '../addon/python-text.js';
import { PyDict, PyFloat, type PyValue } from '../addon/python-value.js';
import type { JsonObject, JsonValue } from '../supervisor/json.js';

function toPlain(value: PyValue): JsonValue {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  if (value instanceof PyFloat) return value.value;
  if (value instanceof PyDict) return toPlainObject(value);
  if (Array.isArray(value)) return (value as readonly PyValue[]).map(toPlain);
  return toPythonText(value);
}

/** A dict as JSON has it: keys are texts, dates too. */
export function toPlainObject(dict: PyDict): JsonObject {
  return Object.fromEntries(
    [...dict.entries()].map(([key, value]) => [toPythonText(key), toPlain(value)]),
  );
}
