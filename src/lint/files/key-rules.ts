import type { Path } from '../../addon/document.js';
import { toPythonText } from '../../addon/python-text.js';
import { PyDict } from '../../addon/python-value.js';
import { KNOWN_FIELDS } from '../../addon/validate/config-fields.js';
import { OLD_FIELDS } from '../../addon/validate/config-migration.js';
import { findClosest } from '../closest.js';
import type { Finding, Rule } from '../rule.js';
import type { AddonSubject, DataFile } from '../subject.js';
import { mappingOf, parsed, placeOf, removeEntry, renameKey } from './edit-data.js';

const BUILD_FIELDS = ['build_from', 'squash', 'args', 'labels'];
/** Fields of a build file that builders other than the Supervisor read, or once did. */
const OTHER_BUILD_FIELDS = ['cosign', 'codenotary', 'image', 'shadow_repository'];
const REPOSITORY_FIELDS = ['name', 'url', 'maintainer'];
const TRANSLATION_FIELDS = ['configuration', 'network'];
const OPTION_FIELDS = ['name', 'description', 'fields'];

/**
 * Keys of one mapping that nobody reads.
 *
 * @param accepted keys besides `known` that are no mistake but not worth a suggestion
 */
function* findUnknown(
  file: DataFile | undefined,
  path: Path,
  mapping: PyDict,
  known: readonly string[],
  accepted: readonly string[] = [],
): Generator<Finding> {
  const source = parsed(file);
  if (source === undefined) return;
  for (const key of mapping.keys()) {
    if (typeof key === 'string' && (known.includes(key) || accepted.includes(key))) continue;
    const name = toPythonText(key);
    const at = [...path, key];
    const close = typeof key === 'string' ? findClosest(key, known) : undefined;
    const isTwice = close !== undefined && mapping.has(close);
    const rename = close === undefined || isTwice ? undefined : renameKey(source, at, close);
    const removal = isTwice ? removeEntry(source, at) : undefined;
    yield {
      ...placeOf(source, at),
      message: `"${name}" is no known field here and is ignored`,
      hint:
        close === undefined
          ? `known are ${known.length > 12 ? 'the fields of the documentation' : known.join(', ')}`
          : isTwice
            ? `"${close}" is there too: remove one of them`
            : `did you mean "${close}"?`,
      fix:
        rename && removal === undefined
          ? { title: `write ${close ?? ''}`, edits: [rename] }
          : undefined,
    };
  }
}

function* findUnknownOptions(file: DataFile, path: Path, options: unknown): Generator<Finding> {
  if (!(options instanceof PyDict)) return;
  for (const [name, option] of options.entries()) {
    if (!(option instanceof PyDict)) continue;
    const at = [...path, name];
    yield* findUnknown(file, at, option, OPTION_FIELDS);
    yield* findUnknownOptions(file, [...at, 'fields'], option.get('fields'));
  }
}

const unknownField: Rule<AddonSubject> = {
  id: 'unknown-field',
  severity: 'warning',
  summary: 'A key is not known and is dropped',
  why: 'The Supervisor drops keys that it does not know without a word, misspelt ones too: `ingres: true` gives an add-on without ingress.',
  remedy: 'Correct the spelling or remove the key. Settings of your own belong into another file.',
  fixable: true,
  *check({ config, build, translations }) {
    const fields = mappingOf(config);
    if (fields !== undefined) yield* findUnknown(config, [], fields, KNOWN_FIELDS, OLD_FIELDS);
    const buildFields = mappingOf(build);
    if (buildFields !== undefined) {
      yield* findUnknown(build, [], buildFields, BUILD_FIELDS, OTHER_BUILD_FIELDS);
    }
    for (const file of translations.values()) {
      const mapping = mappingOf(file);
      if (mapping === undefined) continue;
      yield* findUnknown(file, [], mapping, TRANSLATION_FIELDS);
      yield* findUnknownOptions(file, ['configuration'], mapping.get('configuration'));
    }
  },
};

export const KEY_RULES: readonly Rule<AddonSubject>[] = [unknownField];

/** Keys of `repository.yaml` that nobody reads. */
export function findUnknownRepositoryKeys(file: DataFile): Iterable<Finding> {
  const mapping = mappingOf(file);
  return mapping === undefined ? [] : findUnknown(file, [], mapping, REPOSITORY_FIELDS);
}
