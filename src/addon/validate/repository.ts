import type { PyValue } from '../python-value.js';
import { text } from './rules.js';
import { dictOf, optional, required } from './schema.js';
import { url } from './url.js';
import { judge, type Verdict } from './verdict.js';

const repositoryFields = dictOf(
  { name: required(text), url: optional(url), maintainer: optional(text) },
  'drop',
);

/** Judges the value of a `repository.yaml`. */
export function validateRepository(value: PyValue): Verdict {
  return judge(() => repositoryFields(value, []));
}
