import { describeValue } from '../describe-value.js';
import { toPythonFloat } from '../python-text.js';
import { anyOf, fail, listOf, mapOf, pass, type Validator } from './schema.js';
import { text } from './rules.js';

/**
 * What an element of an options schema can be: `str`, `int(0,10)?`, `list(a|b)`, …
 * https://developers.home-assistant.io/docs/apps/configuration#options--schema
 */
export interface SchemaElement {
  readonly type: ElementType;
  /** Lower and upper bound: of the number, or of the length of the text in code points. */
  readonly min: number | undefined;
  readonly max: number | undefined;
  /** The regular expression of `match(…)`. */
  readonly pattern: string | undefined;
  /** The values of `list(…)`. */
  readonly choices: readonly string[] | undefined;
  /** The subsystem of `device(subsystem=…)`. */
  readonly subsystem: string | undefined;
  /** Ends in `?`: the option may be absent. */
  readonly isOptional: boolean;
}

export type ElementType =
  | ''
  | 'str'
  | 'password'
  | 'int'
  | 'float'
  | 'bool'
  | 'email'
  | 'url'
  | 'port'
  | 'match'
  | 'list'
  | 'device';

const LENGTHS = '\\((?<min>\\p{Nd}+)?,(?<max>\\p{Nd}+)?\\)';
const INTEGERS = '\\((?<min>-?\\p{Nd}+)?,(?<max>-?\\p{Nd}+)?\\)';
const FLOAT = '-?(?:\\p{Nd}+(?:\\.\\p{Nd}+)?|\\.\\p{Nd}+)';
const FLOATS = `\\((?<min>${FLOAT})?,(?<max>${FLOAT})?\\)`;

/** Each form of an element, without the final `?`. As in Python, a final line break is let through. */
const FORMS: readonly (readonly [ElementType, string])[] = [
  ['', ''],
  ['bool', 'bool'],
  ['email', 'email'],
  ['url', 'url'],
  ['port', 'port'],
  ['device', 'device(?:\\(subsystem=(?<subsystem>[a-z]+)\\))?'],
  ['str', `str(?:${LENGTHS})?`],
  ['password', `password(?:${LENGTHS})?`],
  ['int', `int(?:${INTEGERS})?`],
  ['float', `float(?:${FLOATS})?`],
  ['match', 'match\\((?<pattern>[^\\n]*)\\)'],
  ['list', 'list\\((?<choices>[^\\n]+)\\)'],
];

const PATTERNS = FORMS.map(([type, form]) => ({
  type,
  pattern: new RegExp(`^${form}\\??\\n?$`, 'u'),
}));

/** Reads one element; undefined when it has none of the known forms. */
export function parseSchemaElement(source: string): SchemaElement | undefined {
  for (const { type, pattern } of PATTERNS) {
    const found = pattern.exec(source);
    if (found === null) continue;
    const { min, max, pattern: expression, choices, subsystem } = found.groups ?? {};
    return {
      type,
      min: toBound(min),
      max: toBound(max),
      pattern: expression,
      choices: choices?.split('|'),
      subsystem,
      isOptional: source.endsWith('?'),
    };
  }
  return undefined;
}

function toBound(digits: string | undefined): number | undefined {
  const number = digits === undefined ? 'refused' : toPythonFloat(digits);
  return typeof number === 'string' ? undefined : number.value.value;
}

const element: Validator = (value, path) => {
  if (typeof value !== 'string') return fail(path, `must be a type such as "str", not ${describeValue(value)}`);
  if (parseSchemaElement(value) !== undefined) return pass(value);
  return fail(path, `${describeValue(value)} is not a type of option; ${ELEMENT_HELP}`);
};

const ELEMENT_HELP =
  'known are str, password, int, float, bool, email, url, port, device, list(a|b) and match(regex), ' +
  'some with bounds such as int(0,10) without a space, all with an optional "?" at the end';

const nested: Validator = (value, path) => mapOf(text, schemaElement)(value, path);

/** One entry of `schema`: an element, a list of one, or a mapping. A list directly in a list is refused. */
const schemaElement: Validator = anyOf(element, listOf(anyOf(element, nested)), nested);

/** The whole value of `schema`, unless it is `false`. */
export const optionsSchema: Validator = mapOf(text, schemaElement);
