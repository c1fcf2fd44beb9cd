import { describeValue } from '../../addon/describe-value.js';
import { isList } from '../../addon/python-text.js';
import { PyDict } from '../../addon/python-value.js';
import { toTag } from '../../addon/release-checks.js';
import { AddonReleaseError } from '../../errors.js';
import { parseVersion } from '../../plan/version.js';
import type { Rule } from '../rule.js';
import type { AddonSubject } from '../subject.js';
import { mappingOf, parsed, placeOf, replaceSource, replaceValue, sourceOf } from './edit-data.js';

/** https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests */
const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;

const versionNotText: Rule<AddonSubject> = {
  id: 'version-not-text',
  severity: 'error',
  summary: 'The version is read as something else than text',
  why: 'YAML reads `1.10` as the number 1.1 and `2024-01-02` as a date. The Supervisor turns that into text and pulls an image with that tag, which was never published.',
  remedy: 'Put the version into quotes.',
  fixable: true,
  *check({ config }) {
    const file = parsed(config);
    const value = mappingOf(config)?.get('version');
    if (file === undefined || value === undefined || typeof value === 'string') return;
    const source = sourceOf(file, ['version']);
    const place = placeOf(file, ['version']);
    const isScalar = value !== null && !isList(value) && !(value instanceof PyDict);
    if (!isScalar || source === undefined) {
      yield {
        ...place,
        message: `"version" is ${describeValue(value)}`,
        hint: 'write version: "1.0.0"',
      };
      return;
    }
    const edit = TAG.test(source) ? replaceSource(file, ['version'], `"${source}"`) : undefined;
    yield {
      ...place,
      message: `"version" is written as ${source} and read as ${describeValue(value)}`,
      hint: `quote it: version: "${source}"`,
      fix: edit && { title: `write "${source}"`, edits: [edit] },
    };
  },
};

const versionNotTag: Rule<AddonSubject> = {
  id: 'version-not-a-tag',
  severity: 'error',
  summary: 'The version is no legal image tag',
  why: 'The Supervisor pulls the image with the version as its tag. A tag has at most 128 letters, digits, `_`, `.` and `-`, and starts with none of the last two: `1.0.0+build` passes the validation and can never be pulled.',
  remedy: 'Use a version such as `1.2.3`, `1.3.0-beta.1` or `2026.2.1`.',
  fixable: false,
  *check({ config }) {
    const file = parsed(config);
    const value = mappingOf(config)?.get('version');
    if (file === undefined || typeof value !== 'string' || TAG.test(toTag(value))) return;
    const message = `"version" is no legal image tag: ${describeValue(value)}`;
    const hint = value.includes('+')
      ? `"+" is not allowed in tags: use ${JSON.stringify(value.replaceAll('+', '-'))}`
      : undefined;
    yield { ...placeOf(file, ['version']), message, hint };
  },
};

const versionForm: Rule<AddonSubject> = {
  id: 'version-form',
  severity: 'warning',
  summary: 'The version has a form that cannot be put in order',
  why: 'Home Assistant compares versions for `breaking_versions` and shows them to users; of a form that it does not know it cannot tell which is newer. Space around a version and a dot at its end are cut off, so that the tag is another than the one that is written.',
  remedy:
    'Use semantic versions (`1.2.3`, `1.3.0-beta.1`), calendar versions (`2026.2.1`) or plain numbers (`3.23-1`).',
  fixable: true,
  *check({ config }) {
    const file = parsed(config);
    const value = mappingOf(config)?.get('version');
    if (file === undefined || typeof value !== 'string') return;
    const tag = toTag(value);
    if (!TAG.test(tag)) return;
    const place = placeOf(file, ['version']);
    if (tag !== value) {
      const edit = replaceValue(file, ['version'], tag);
      const message = `"version" is ${describeValue(value)}, and its image tag is ${tag}`;
      yield { ...place, message, fix: edit && { title: `write ${edit.text}`, edits: [edit] } };
    }
    const problem = findFormProblem(tag);
    if (problem !== undefined) yield { ...place, ...problem };
  },
};

function findFormProblem(
  version: string,
): { readonly message: string; readonly hint?: string | undefined } | undefined {
  try {
    parseVersion(version);
    return undefined;
  } catch (error) {
    if (!(error instanceof AddonReleaseError)) throw error;
    return { message: error.message, hint: error.hint };
  }
}

export const VERSION_RULES: readonly Rule<AddonSubject>[] = [
  versionNotText,
  versionNotTag,
  versionForm,
];
