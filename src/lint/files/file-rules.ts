import { toPythonText } from '../../addon/python-text.js';
import type { PyValue } from '../../addon/python-value.js';
import { validateBuildConfig } from '../../addon/validate/build.js';
import { validateConfig } from '../../addon/validate/config.js';
import { validateTranslations } from '../../addon/validate/translations.js';
import type { Verdict } from '../../addon/validate/verdict.js';
import type { Finding, Rule } from '../rule.js';
import type { AddonSubject, DataFile } from '../subject.js';
import { nameIn, parsed, placeOf } from './edit-data.js';
import { mendIssue } from './mend-value.js';

/** The add-on's data files with the code that the Supervisor checks each with. */
export function* dataFiles(
  addon: AddonSubject,
): Generator<
  readonly [DataFile, (value: PyValue) => Verdict, kind: 'config' | 'build' | 'translation']
> {
  yield [addon.config, validateConfig, 'config'];
  if (addon.build !== undefined) yield [addon.build, validateBuildConfig, 'build'];
  for (const file of addon.translations.values()) {
    yield [file, validateTranslations, 'translation'];
  }
}

/** A file that cannot be read or parsed. */
export function* findUnreadable(file: DataFile): Generator<Finding> {
  if (file.state.kind === 'unreadable') yield { file: file.path, message: file.state.message };
}

export function* findBroken(file: DataFile): Generator<Finding> {
  if (file.state.kind !== 'broken' || file.state.failure.crash) return;
  const { line, column, message, hint } = file.state.failure;
  yield { file: file.path, line, column, message, hint };
}

export function* findRejected(
  file: DataFile,
  validate: (value: PyValue) => Verdict,
): Generator<Finding> {
  const source = parsed(file);
  if (source?.state.verdict.outcome !== 'rejected') return;
  for (const issue of source.state.verdict.issues) {
    const path = issue.at ?? issue.path;
    yield {
      ...placeOf(source, path),
      message: issue.path.length === 0 ? issue.message : nameIn(path, issue.message),
      fix: mendIssue(source, issue, validate),
    };
  }
}

const unreadableFile: Rule<AddonSubject> = {
  id: 'unreadable-file',
  severity: 'error',
  summary: 'A file of the add-on cannot be read as text',
  why: 'The Supervisor skips such a file with a line in its log: without its config the add-on is not in the store. A file of more than 1 MiB, another encoding than UTF-8, a pipe or device, and a link that leads out of the repository are never what is meant.',
  remedy: 'Make it a regular file in UTF-8 inside of the repository.',
  fixable: false,
  *check(addon) {
    for (const [file, , kind] of dataFiles(addon)) {
      const severity = kind === 'translation' ? 'warning' : 'error';
      for (const finding of findUnreadable(file)) yield { ...finding, severity };
    }
  },
};

const invalidSyntax: Rule<AddonSubject> = {
  id: 'invalid-syntax',
  severity: 'error',
  summary: 'A file is no valid YAML or JSON',
  why: 'The Supervisor cannot read the file: without its config the add-on is not in the store, a broken `build.yaml` counts as an empty one, a broken translation is left out. All of that is only a line in the log of the Supervisor. Files are read as YAML 1.1, with the rules of PyYAML.',
  remedy: 'Correct the place that is named.',
  fixable: false,
  *check(addon) {
    for (const [file, , kind] of dataFiles(addon)) {
      const severity = kind === 'translation' ? 'warning' : 'error';
      for (const finding of findBroken(file)) yield { ...finding, severity };
    }
  },
};

const crashesStore: Rule<AddonSubject> = {
  id: 'crashes-store',
  severity: 'error',
  summary: 'The Supervisor stops loading every repository at this file',
  why: 'What is written here makes the code of the Supervisor raise an exception that it does not expect. It then loads no add-on of any repository: the stores of all who have added this repository stay empty.',
  remedy: 'Correct the value at once, before anything else.',
  fixable: false,
  *check(addon) {
    for (const [file] of dataFiles(addon)) {
      if (file.state.kind === 'broken' && file.state.failure.crash) {
        const { line, column, message } = file.state.failure;
        yield { file: file.path, line, column, message };
      }
      const source = parsed(file);
      if (source?.state.verdict.outcome !== 'crash') continue;
      for (const { path, at, message } of source.state.verdict.issues) {
        yield { ...placeOf(source, at ?? path), message: nameIn(at ?? path, message) };
      }
    }
  },
};

const invalidConfig: Rule<AddonSubject> = {
  id: 'invalid-config',
  severity: 'error',
  summary: 'The Supervisor rejects the config',
  why: 'An add-on whose config does not pass the validation of the Supervisor is not in the store; that it is missing is only a line in the log. The findings are those of the Supervisor.',
  remedy:
    'Write what the message asks for; see the [description of all fields](https://developers.home-assistant.io/docs/apps/configuration).',
  fixable: true,
  check: ({ config }) => findRejected(config, validateConfig),
};

const invalidBuildFile: Rule<AddonSubject> = {
  id: 'invalid-build-file',
  severity: 'error',
  summary: 'The Supervisor rejects the build file',
  why: 'A `build.yaml` that does not pass is replaced as a whole by the defaults, with a line in the log: the add-on is built from another base image. A number as the value of an argument is enough for that.',
  remedy:
    'Write what the message asks for; values of `args` and `labels` are texts, so numbers need quotes.',
  fixable: true,
  check: ({ build }) => (build === undefined ? [] : findRejected(build, validateBuildConfig)),
};

const invalidTranslation: Rule<AddonSubject> = {
  id: 'invalid-translation',
  severity: 'warning',
  summary: 'The Supervisor rejects a translation',
  why: 'The whole file is left out: users of that language see the bare names of the options.',
  remedy: 'Give every option a `name`, and write texts as texts.',
  fixable: true,
  *check({ translations }) {
    for (const file of translations.values()) yield* findRejected(file, validateTranslations);
  },
};

const repeatedKey: Rule<AddonSubject> = {
  id: 'repeated-key',
  severity: 'warning',
  summary: 'A key comes twice in the same mapping',
  why: 'The last one counts and the others are lost without a word.',
  remedy: 'Keep the one that is meant.',
  fixable: false,
  *check(addon) {
    for (const [file] of dataFiles(addon)) {
      for (const { key, line, column } of parsed(file)?.state.document.findRepeatedKeys() ?? []) {
        const message = `the key "${toPythonText(key)}" comes again further down: only that one counts`;
        yield { file: file.path, line, column, message };
      }
    }
  },
};

export const FILE_RULES: readonly Rule<AddonSubject>[] = [
  unreadableFile,
  invalidSyntax,
  crashesStore,
  invalidConfig,
  invalidBuildFile,
  invalidTranslation,
  repeatedKey,
];
