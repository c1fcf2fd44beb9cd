import { isList, toPythonText } from './python-text.js';
import { PyDate, PyDict, PyFloat, PyOther, type PyValue } from './python-value.js';

const MAX_SHOWN = 60;

/** A value as an error message names it: `the number 1.1`, `"text"`, `a list`, `nothing (null)`. */
export function describeValue(value: PyValue): string {
  if (value === null) return 'nothing (null)';
  if (typeof value === 'string') return JSON.stringify(shorten(value));
  if (typeof value === 'boolean') return `the boolean ${String(value)}`;
  if (typeof value === 'number' || typeof value === 'bigint' || value instanceof PyFloat) {
    return `the number ${toPythonText(value)}`;
  }
  if (value instanceof PyDate) return `the date ${value.text}`;
  if (value instanceof PyOther) return `a YAML ${value.typeName}`;
  if (value instanceof PyDict) return value.size === 0 ? 'an empty mapping' : 'a mapping';
  return isList(value) && value.length === 0 ? 'an empty list' : 'a list';
}

// Cut between code points, so that no half of a surrogate pair is shown.
function shorten(text: string): string {
  const characters = Array.from(text);
  return characters.length <= MAX_SHOWN ? text : `${characters.slice(0, MAX_SHOWN).join('')}…`;
}
