import { PyDict, type PyKey, type PyValue } from './python-value.js';

/**
 * The options that an add-on starts with: its defaults, replaced by what the user has set. Dicts are
 * merged key by key; everything else, lists too, is replaced as a whole.
 */
export function mergeOptions(defaults: PyDict, user: PyDict): PyDict {
  const merged = [...user.entries()].map(([key, value]): [PyKey, PyValue] => {
    const current = defaults.get(key);
    const bothDicts = current instanceof PyDict && value instanceof PyDict;
    return [key, bothDicts ? mergeOptions(current, value) : value];
  });
  return defaults.with(merged);
}
