import type { PyValue } from '../python-value.js';
import { maybe, text } from './rules.js';
import { dictOf, mapOf, optional, required, type Validator } from './schema.js';
import { judge, type Verdict } from './verdict.js';

const nestedOptions: Validator = (value, path) => mapOf(text, translatedOption, 'drop')(value, path);

const translatedOption = dictOf(
  {
    name: required(text),
    description: optional(maybe(text)),
    fields: optional(nestedOptions),
  },
  'drop',
);

const translationFields = dictOf(
  {
    configuration: optional(nestedOptions),
    network: optional(mapOf(text, text, 'drop')),
  },
  'drop',
);

/** Judges the value of a `translations/<language>.yaml`. */
export function validateTranslations(value: PyValue): Verdict {
  return judge(() => translationFields(value, []));
}
