import type { Path } from '../../addon/document.js';
import { describeValue } from '../../addon/describe-value.js';
import { isList, toPythonText } from '../../addon/python-text.js';
import { PyDict, type PyValue } from '../../addon/python-value.js';
import { matchPythonRegex } from '../../addon/regex/match.js';
import { parseSchemaElement } from '../../addon/validate/options-schema.js';
import { SUBSYSTEMS, validateOptions } from '../../addon/validate/options.js';
import type { Issue } from '../../addon/validate/schema.js';
import type { Finding, Rule } from '../rule.js';
import type { AddonSubject } from '../subject.js';
import { mappingOf, nameIn, parsed, placeOf } from './edit-data.js';

/** The default options checked against the schema; devices are taken to exist. */
function judgeDefaults({ fields }: AddonSubject) {
  if (fields === undefined || fields.schema === false || fields.schema.size === 0) return undefined;
  return validateOptions(fields.schema, fields.options, { assumesDevices: true });
}

function issuesOf(addon: AddonSubject): readonly Issue[] {
  const verdict = judgeDefaults(addon);
  return verdict === undefined || verdict.outcome === 'accepted' ? [] : verdict.issues;
}

/** What the default options say at a path: undefined where they say nothing. */
function defaultAt(addon: AddonSubject, path: Path): PyValue | undefined {
  let value: PyValue | undefined = addon.fields?.options;
  for (const step of path) {
    if (value instanceof PyDict) value = value.get(step);
    else if (value !== undefined && isList(value) && typeof step === 'number') value = value[step];
    else return undefined;
  }
  return value;
}

/** Has the option, itself or as a part of one, no default? Then the user is meant to give it. */
function isLeftToUser(addon: AddonSubject, path: Path): boolean {
  return (defaultAt(addon, path) ?? null) === null;
}

const defaultFailsSchema: Rule<AddonSubject> = {
  id: 'default-fails-schema',
  severity: 'error',
  summary: 'A default does not fit its own schema',
  why: 'Options are first checked when the add-on is started, never when the config is loaded: with this default every fresh installation refuses to start until the user finds and changes the value.',
  remedy:
    'Correct the default or the type. For an option without a good default leave it out of `options`, and end its type with `?` if the add-on works without.',
  fixable: false,
  *check(addon) {
    const file = parsed(addon.config);
    if (file === undefined) return;
    for (const { path, message } of issuesOf(addon)) {
      if (isLeftToUser(addon, path)) continue;
      const at = ['options', ...path];
      yield { ...placeOf(file, at), message: nameIn(at, message) };
    }
  },
};

const optionWithoutDefault: Rule<AddonSubject> = {
  id: 'option-without-default',
  severity: 'note',
  summary: 'The add-on does not start until the user has given an option',
  why: 'The schema requires the option and there is no default, or it is `null`. That is right for what only the user can know, and a trap for everything else.',
  remedy: 'Give it a default in `options`, or end its type with `?`.',
  fixable: false,
  *check(addon) {
    const file = parsed(addon.config);
    if (file === undefined) return;
    for (const { path } of issuesOf(addon)) {
      if (!isLeftToUser(addon, path)) continue;
      const isThere = defaultAt(addon, path) === null;
      const at = [isThere ? 'options' : 'schema', ...path];
      const message =
        'is required and has no default: users have to give it before the first start';
      yield { ...placeOf(file, at), message: nameIn(path, message) };
    }
  },
};

const optionNotInSchema: Rule<AddonSubject> = {
  id: 'option-not-in-schema',
  severity: 'warning',
  summary: 'A default option is not in the schema',
  why: 'Options that the schema does not name are dropped before the add-on starts, also when `schema` is `false` or missing: they are not in `/data/options.json`.',
  remedy: 'Add it to `schema`, or remove it from `options`.',
  fixable: false,
  *check(addon) {
    const file = parsed(addon.config);
    const { fields } = addon;
    if (file === undefined || fields === undefined || fields.options.size === 0) return;
    if (fields.schema === false || fields.schema.size === 0) {
      const reason = fields.schema === false ? '"schema" is false' : 'there is no "schema"';
      const message = `all of "options" is dropped, because ${reason}`;
      yield {
        ...placeOf(file, ['options']),
        message,
        hint: 'give every option its type in "schema"',
      };
      return;
    }
    for (const { path, message } of findUnknownOptions(fields.schema, fields.options, [])) {
      yield { ...placeOf(file, ['options', ...path]), message };
    }
  },
};

// The Supervisor's own advisories end at the first error.
function* findUnknownOptions(
  schema: PyValue,
  options: PyValue,
  path: Path,
): Generator<{ readonly path: Path; readonly message: string }> {
  if (isList(schema) && isList(options)) {
    for (const [index, item] of options.entries()) {
      yield* findUnknownOptions(schema[0] ?? null, item, [...path, index]);
    }
  }
  if (!(schema instanceof PyDict) || !(options instanceof PyDict)) return;
  for (const [key, value] of options.entries()) {
    const at = [...path, key];
    const type = schema.get(key);
    if (type !== undefined) yield* findUnknownOptions(type, value, at);
    else
      yield {
        path: at,
        message: `the option "${toPythonText(key)}" is not in the schema and is dropped`,
      };
  }
}

const unusableType: Rule<AddonSubject> = {
  id: 'unusable-schema-type',
  severity: 'error',
  summary: 'A type in the schema refuses or breaks with every value',
  why: 'The Supervisor does not look closely at a type when it loads a config: an empty type, an empty list, a broken regular expression or an unknown subsystem of devices pass, and fail as soon as the option has a value. Of several types in a list only the first counts.',
  remedy: 'Correct the type.',
  fixable: false,
  *check({ config, fields }) {
    const file = parsed(config);
    if (file === undefined || fields === undefined || fields.schema === false) return;
    for (const { path, message, severity } of findUnusable(fields.schema, [])) {
      const at = ['schema', ...path];
      yield { ...placeOf(file, at), message: nameIn(at, message), severity };
    }
  },
};

interface TypeProblem extends Pick<Finding, 'message' | 'severity'> {
  readonly path: Path;
}

function* findUnusable(type: PyValue, path: Path): Generator<TypeProblem> {
  if (type instanceof PyDict) {
    for (const [key, inner] of type.entries()) yield* findUnusable(inner, [...path, key]);
  } else if (isList(type)) {
    const [first] = type;
    if (first === undefined) yield { path, message: 'is an empty list, which no value fits' };
    else yield* findUnusable(first, [...path, 0]);
    if (type.length > 1) {
      yield {
        path: [...path, 1],
        message: `counts for nothing: of the types in a list only the first is used`,
        severity: 'warning',
      };
    }
  } else if (typeof type === 'string') {
    const message = findElementProblem(type);
    if (message !== undefined) yield { path, message };
  }
}

function findElementProblem(source: string): string | undefined {
  const element = parseSchemaElement(source);
  if (element === undefined) return undefined;
  const { type, pattern, subsystem, min, max } = element;
  if (type === '') return 'is an empty type, which no value fits';
  if (type === 'match' && pattern !== undefined) {
    const tried = matchPythonRegex(pattern, '');
    if (tried.outcome === 'invalid') return `has a broken pattern, ${pattern}: ${tried.message}`;
  }
  if (subsystem !== undefined && !SUBSYSTEMS.has(subsystem)) {
    return `names the subsystem ${describeValue(subsystem)}, which the Supervisor does not know`;
  }
  if (min !== undefined && max !== undefined && min > max) {
    return `has a lower bound above its upper one, so that no value fits: ${source}`;
  }
  return undefined;
}

const passwordWithDefault: Rule<AddonSubject> = {
  id: 'password-with-default',
  severity: 'warning',
  summary: 'A password has a default',
  why: 'A default in the config is public and the same for everybody who does not change it.',
  remedy: 'Leave the default out, so that users have to choose one, or let the add-on make one.',
  fixable: false,
  *check({ config, fields }) {
    const file = parsed(config);
    const schema = mappingOf(config)?.get('schema');
    if (file === undefined || fields === undefined || !(schema instanceof PyDict)) return;
    for (const [key, type] of schema.entries()) {
      const isPassword = typeof type === 'string' && type.startsWith('password');
      const value = fields.options.get(key);
      if (!isPassword || typeof value !== 'string' || value === '') continue;
      const at = ['options', key];
      yield { ...placeOf(file, at), message: nameIn(at, 'is a password that everybody knows') };
    }
  },
};

export const OPTION_RULES: readonly Rule<AddonSubject>[] = [
  defaultFailsSchema,
  optionWithoutDefault,
  optionNotInSchema,
  unusableType,
  passwordWithDefault,
];
