import { ARCHES } from '../arch.js';
import { PyDict, type PyValue } from '../python-value.js';
import { boolean, DIGIT, oneOf, text, textLike, WORD } from './rules.js';
import { anyOf, dictOf, mapOf, optional } from './schema.js';
import { judge, type Verdict } from './verdict.js';

const EMPTY_DICT = new PyDict();
const BASE_IMAGE = textLike(
  `(?:[a-zA-Z\\-.:${DIGIT}{}]+/)*?[\\-${WORD}{}]+/[\\-${WORD}{}]+(?::[.\\-${WORD}{}]+)?`,
  'an image such as ghcr.io/home-assistant/base:3.24: with at least one "/", without a digest',
);

const buildFields = dictOf(
  {
    build_from: optional(anyOf(BASE_IMAGE, mapOf(oneOf(ARCHES), BASE_IMAGE)), EMPTY_DICT),
    squash: optional(boolean, false),
    args: optional(mapOf(text, text), EMPTY_DICT),
    labels: optional(mapOf(text, text), EMPTY_DICT),
  },
  'drop',
);

/**
 * Judges the value of a `build.yaml`. The Supervisor replaces a file that does not pass by one that
 * builds from its own default base image, with no more than a line in its log.
 */
export function validateBuildConfig(value: PyValue): Verdict {
  return judge(() => buildFields(value, []));
}
