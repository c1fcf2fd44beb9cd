import type { Path } from '../document.js';
import { describeValue } from '../describe-value.js';
import { isList, toPythonText } from '../python-text.js';
import { PyDict, type PyKey, type PyValue } from '../python-value.js';
import { matchPythonRegex } from '../regex/match.js';
import { parseSchemaElement, type SchemaElement } from './options-schema.js';
import { between, boolean, float, integer, port, text } from './rules.js';
import { allOf, fail, pass, SupervisorCrash } from './schema.js';
import type { Checked, Issue, Validator } from './schema.js';
import { email, url } from './url.js';
import type { Advisory, Verdict } from './verdict.js';

/** What of the installation the options may refer to. */
export interface OptionsContext {
  /** Values of Core's `secrets.yaml`, for options that say `!secret NAME`. */
  readonly secrets?: ReadonlyMap<string, PyValue> | undefined;
  /** The udev subsystem of a device by any of its paths; undefined when there is no such device. */
  readonly findSubsystem?: ((path: string) => string | undefined) | undefined;
  /** Take every absolute path for a device of the subsystem that is wanted. */
  readonly assumesDevices?: boolean | undefined;
}

/** Subsystems that a `device(subsystem=…)` can name. */
export const SUBSYSTEMS: ReadonlySet<string> = new Set([
  'tty',
  'usb',
  'input',
  'block',
  'pci',
  'sound',
  'media',
  'gpio',
  'gpiomem',
  'vchiq',
  'graphics',
  'cec',
  'drm',
  'hidraw',
]);
const SECRET_PREFIX = '!secret ';

/**
 * Checks options against a schema as the Supervisor does before it starts an add-on, except that all
 * errors are listed and not only the first.
 *
 * @param schema the add-on's `schema`; `false` and `true` stand for an empty one
 * @param options the defaults merged with what the user has set
 * @returns on acceptance `normalized`, the content of `/data/options.json`
 */
export function validateOptions(
  schema: PyValue,
  options: PyValue,
  context: OptionsContext = {},
): Verdict {
  return new OptionsCheck(context).judge(schema, options);
}

class OptionsCheck {
  readonly #context: OptionsContext;
  readonly #issues: Issue[] = [];
  readonly #advisories: Advisory[] = [];
  /** How the first issue ends the Supervisor's own check. */
  #outcome: 'rejected' | 'crash' | undefined;

  constructor(context: OptionsContext) {
    this.#context = context;
  }

  judge(schema: PyValue, options: PyValue): Verdict {
    const normalized = this.#checkRoot(schema, options);
    const advisories = this.#advisories;
    return this.#outcome === undefined
      ? { outcome: 'accepted', normalized, advisories }
      : { outcome: this.#outcome, issues: this.#issues, advisories };
  }

  #checkRoot(schema: PyValue, options: PyValue): PyDict {
    if (!(options instanceof PyDict)) {
      this.#report([], `the options must be a mapping, not ${describeValue(options)}`);
      return new PyDict();
    }
    const hasNone = typeof schema === 'boolean' || (isList(schema) && schema.length === 0);
    const effective = hasNone || schema === '' ? new PyDict() : schema;
    if (effective instanceof PyDict) return this.#checkDict(effective, options, []);
    for (const key of options.keys()) {
      if (!isMissingIn(effective, key)) break;
      this.#adviseUnknown([key], key);
    }
    this.#report([], `the schema must be a mapping, not ${describeValue(schema)}`, 'crash');
    return new PyDict();
  }

  #checkDict(schema: PyDict, options: PyDict, path: Path): PyDict {
    const result: [PyKey, PyValue][] = [];
    for (const [key, value] of options.entries()) {
      const type = schema.get(key);
      if (type === undefined) {
        this.#adviseUnknown([...path, key], key);
        continue;
      }
      const checked = this.#checkElement(type, value, [...path, key]);
      if (checked !== undefined) result.push([key, checked]);
    }
    for (const [key, type] of schema.entries()) {
      if (options.has(key) || isOptional(type)) continue;
      this.#report([...path, key], 'is missing; the schema requires it');
    }
    return new PyDict(result);
  }

  #checkElement(type: PyValue, value: PyValue, path: Path): PyValue | undefined {
    if (isList(type)) return this.#checkList(type, value, path);
    if (!(type instanceof PyDict)) return this.#checkSingle(type, value, path);
    if (value instanceof PyDict) return this.#checkDict(type, value, path);
    return this.#report(path, `must be a mapping, not ${describeValue(value)}`);
  }

  #checkList([type]: readonly PyValue[], value: PyValue, path: Path): PyValue | undefined {
    if (type === undefined) {
      return this.#report(path, 'has an empty list as its type, which no value fits');
    }
    if (!isList(value)) {
      return this.#report(path, `must be a list, not ${describeValue(value)}`);
    }
    const items = value.map((item, index) => this.#checkElement(type, item, [...path, index]));
    return items.filter((item) => item !== undefined);
  }

  #checkSingle(type: PyValue, value: PyValue, path: Path): PyValue | undefined {
    if (value === null) return this.#report(path, 'is empty (null); it needs a value');
    const resolved = this.#resolveSecret(value, path);
    if (resolved === undefined) return undefined;
    if (typeof type !== 'string') {
      return this.#report(path, `has ${describeValue(type)} as its type in the schema`, 'crash');
    }
    const element = parseSchemaElement(type);
    if (element === undefined) {
      return this.#report(path, `has an unknown type in the schema: ${describeValue(type)}`);
    }
    return this.#accept(() => this.#checkValue(element, resolved, path));
  }

  #resolveSecret(value: PyValue, path: Path): PyValue | undefined {
    if (typeof value !== 'string' || !value.startsWith(SECRET_PREFIX)) return value;
    const name = value.slice(SECRET_PREFIX.length);
    const secret = this.#context.secrets?.get(name) ?? null;
    if (secret !== null) return secret;
    return this.#report(path, `refers to the secret ${describeValue(name)}, which is not known`);
  }

  #checkValue(element: SchemaElement, value: PyValue, path: Path): Checked {
    switch (element.type) {
      case '':
        return fail(path, 'has an empty type in the schema, which no value fits');
      case 'match':
        return this.#matchPattern(element.pattern ?? '', toPythonText(value), path);
      case 'list':
        return checkChoice(element.choices ?? [], toPythonText(value), path);
      case 'device':
        return this.#checkDevice(element.subsystem, value, path);
      default:
        return SIMPLE_TYPES[element.type](element)(value, path);
    }
  }

  #matchPattern(pattern: string, value: string, path: Path): Checked {
    const result = matchPythonRegex(pattern, value);
    switch (result.outcome) {
      case 'match':
        return pass(value);
      case 'no-match':
        return fail(path, `must match ${pattern}, not ${describeValue(value)}`);
      case 'unknown':
        return fail(path, `cannot be checked: the pattern ${pattern} ${result.message}`);
      case 'invalid':
        throw new SupervisorCrash(path, `has a broken pattern, ${pattern}: ${result.message}`);
    }
  }

  #checkDevice(subsystem: string | undefined, value: PyValue, path: Path): Checked {
    if (typeof value !== 'string') {
      return fail(path, `must be the path of a device, not ${describeValue(value)}`);
    }
    if (this.#context.assumesDevices === true && value.startsWith('/')) return pass(value);
    const found = this.#context.findSubsystem?.(value);
    if (found === undefined) return fail(path, `names no device: ${describeValue(value)}`);
    if (subsystem === undefined) return pass(value);
    if (!SUBSYSTEMS.has(subsystem)) {
      return fail(path, `has the unknown subsystem "${subsystem}" in the schema`);
    }
    if (found === subsystem) return pass(value);
    return fail(path, `must be a device of the subsystem ${subsystem}, not of ${found}`);
  }

  #accept(check: () => Checked): PyValue | undefined {
    try {
      const checked = check();
      if (checked.ok) return checked.value;
      for (const issue of checked.issues) this.#report(issue.path, issue.message);
    } catch (error) {
      if (!(error instanceof SupervisorCrash)) throw error;
      this.#report(error.path, error.message, 'crash');
    }
    return undefined;
  }

  #report(path: Path, message: string, outcome: 'rejected' | 'crash' = 'rejected'): PyValue | undefined {
    this.#outcome ??= outcome;
    this.#issues.push({ path, message });
    return undefined;
  }

  // The Supervisor stops at the first error: what comes after is not logged.
  #adviseUnknown(path: Path, key: PyKey): void {
    if (this.#outcome !== undefined) return;
    const subject = toPythonText(key);
    const message = `the option "${subject}" is not in the schema and is dropped`;
    this.#advisories.push({ code: 'option-unknown', path, subject, message });
  }
}

const SIMPLE_TYPES: Readonly<
  Record<
    Exclude<SchemaElement['type'], '' | 'match' | 'list' | 'device'>,
    (element: SchemaElement) => Validator
  >
> = {
  str: ({ min, max }) => allOf(text, lengthBetween(min, max)),
  password: ({ min, max }) => allOf(text, lengthBetween(min, max)),
  int: ({ min, max }) => allOf(integer, between(min, max)),
  float: ({ min, max }) => allOf(float, between(min, max)),
  bool: () => boolean,
  email: () => email,
  url: () => url,
  port: () => port,
};

/** Bounds on the number of code points, both inclusive. */
function lengthBetween(min = 0, max = Infinity): Validator {
  return (value, path) => {
    const length = Array.from(toPythonText(value)).length;
    if (length < min) return fail(path, `must have at least ${min} characters, not ${length}`);
    if (length > max) return fail(path, `must have at most ${max} characters, not ${length}`);
    return pass(value);
  };
}

function checkChoice(choices: readonly string[], value: string, path: Path): Checked {
  if (choices.includes(value)) return pass(value);
  return fail(path, `must be one of ${choices.join(', ')}, not ${describeValue(value)}`);
}

/** Python's `key not in schema` for a schema that is a text or a list; false where Python raises. */
function isMissingIn(schema: PyValue, key: PyKey): boolean {
  if (typeof schema === 'string') return typeof key === 'string' && !schema.includes(key);
  return isList(schema) && !schema.includes(key);
}

/** May the option be absent? A list is as optional as what it holds. */
function isOptional(type: PyValue): boolean {
  const [first] = isList(type) ? type : [type];
  return typeof first === 'string' && first.endsWith('?');
}
