import type { Path } from '../document.js';
import { PyDict, type PyKey, type PyValue } from '../python-value.js';
import { describeValue } from '../describe-value.js';
import { isList } from '../python-text.js';

/**
 * The part of voluptuous, the Supervisor's validation library, that its add-on schemas use. Which of
 * several errors is reported follows its `schema_builder.py`:
 * https://github.com/alecthomas/voluptuous/blob/master/voluptuous/schema_builder.py
 */
export interface Issue {
  /** Where the Supervisor says that it is: in the value after its migration. */
  readonly path: Path;
  readonly message: string;
  /** Where to point in the file, if that is somewhere else. */
  readonly at?: Path | undefined;
  /** What would have been right, where that is one of a few words. */
  readonly known?: readonly string[] | undefined;
}

export type Checked =
  | { readonly ok: true; readonly value: PyValue }
  | { readonly ok: false; readonly issues: readonly [Issue, ...Issue[]] };

export type Validator = (value: PyValue, path: Path) => Checked;

/** Something that makes the Supervisor raise where it expects a validation error at most. */
export class SupervisorCrash extends Error {
  readonly path: Path;

  constructor(path: Path, message: string) {
    super(message);
    this.path = path;
  }
}

export interface Field {
  readonly required: boolean;
  readonly validate: Validator;
  /** What stands in the result when the key is absent. */
  readonly fallback?: PyValue | undefined;
}

export function required(validate: Validator): Field {
  return { required: true, validate };
}

export function optional(validate: Validator, fallback?: PyValue): Field {
  return { required: false, validate, fallback };
}

export function pass(value: PyValue): Checked {
  return { ok: true, value };
}

export function fail(path: Path, message: string, at?: Path): Checked {
  return { ok: false, issues: [{ path, message, at }] };
}

/** A dict with known keys. Other keys are dropped, or errors when `extra` says so. */
export function dictOf(
  fields: Readonly<Record<string, Field>>,
  extra: 'drop' | 'refuse',
): Validator {
  const table = new Map(Object.entries(fields));
  return (value, path) => {
    if (!(value instanceof PyDict)) return failDict(value, path);
    const issues: Issue[] = [];
    const result: [PyKey, PyValue][] = [];
    for (const [key, item] of value.entries()) {
      const field = typeof key === 'string' ? table.get(key) : undefined;
      const at = [...path, key];
      if (field !== undefined) collect(field.validate(item, at), key, result, issues);
      else if (extra === 'refuse') {
        const known = [...table.keys()];
        issues.push({ path: at, message: `is not known here; known are ${known.join(', ')}`, known });
      }
    }
    for (const [key, field] of table) {
      if (value.has(key)) continue;
      if (field.fallback !== undefined) result.push([key, field.fallback]);
      else if (field.required) issues.push({ path: [...path, key], message: 'is missing' });
    }
    return conclude(issues, () => new PyDict(result));
  };
}

/** A dict with keys and values of one kind each. Other keys are errors, or dropped when `extra` says so. */
export function mapOf(
  checkKey: Validator,
  checkItem: Validator,
  extra: 'drop' | 'refuse' = 'refuse',
): Validator {
  return (value, path) => {
    if (!(value instanceof PyDict)) return failDict(value, path);
    const issues: Issue[] = [];
    const result: [PyKey, PyValue][] = [];
    for (const [key, item] of value.entries()) {
      const at = [...path, key];
      const checkedKey = checkKey(key, at);
      if (checkedKey.ok) collect(checkItem(item, at), key, result, issues);
      else if (extra === 'refuse') {
        issues.push(...checkedKey.issues.map((issue) => prefix(issue, 'the key ')));
      }
    }
    return conclude(issues, () => new PyDict(result));
  };
}

/**
 * A list. In the Supervisor's files an error inside of an item, deeper than the item itself, ends the checking; in ours
 * all errors of `every` item are told.
 */
export function listOf(checkItem: Validator, every?: 'every'): Validator {
  return (value, path) => {
    if (!isList(value)) return fail(path, `must be a list, not ${describeValue(value)}`);
    const issues: Issue[] = [];
    const result: PyValue[] = [];
    for (const [index, item] of value.entries()) {
      const checked = checkItem(item, [...path, index]);
      if (checked.ok) result.push(checked.value);
      else if (every !== undefined) issues.push(...checked.issues);
      else if (checked.issues[0].path.length > path.length + 1) return checked;
      else issues.push(checked.issues[0]);
    }
    return conclude(issues, () => Object.freeze(result));
  };
}

/** The first alternative that fits; else the errors of the one that came deepest into the value. */
export function anyOf(...alternatives: readonly [Validator, ...Validator[]]): Validator {
  return (value, path) => {
    const [first, ...others] = alternatives;
    let best = first(value, path);
    for (const alternative of others) {
      if (best.ok) return best;
      const next = alternative(value, path);
      if (next.ok || next.issues[0].path.length > best.issues[0].path.length) best = next;
    }
    return best;
  };
}

/** Each in turn, on what the one before gave. */
export function allOf(...steps: readonly Validator[]): Validator {
  return (value, path) => {
    let current = value;
    for (const step of steps) {
      const checked = step(current, path);
      if (!checked.ok) return checked;
      current = checked.value;
    }
    return pass(current);
  };
}

function failDict(value: PyValue, path: Path): Checked {
  return fail(path, `must be a mapping, not ${describeValue(value)}`);
}

function collect(checked: Checked, key: PyKey, result: [PyKey, PyValue][], issues: Issue[]): void {
  if (checked.ok) result.push([key, checked.value]);
  else issues.push(...checked.issues);
}

function conclude(issues: readonly Issue[], build: () => PyValue): Checked {
  const [first, ...rest] = issues;
  return first === undefined ? pass(build()) : { ok: false, issues: [first, ...rest] };
}

function prefix(issue: Issue, text: string): Issue {
  return { ...issue, message: text + issue.message };
}
