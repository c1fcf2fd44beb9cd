import { dirname, join } from 'node:path';
import { toPythonText } from '../../addon/python-text.js';
import { validateConfig } from '../../addon/validate/config.js';
import { validateRepository } from '../../addon/validate/repository.js';
import { readDataFile } from '../read-data-file.js';
import type { Finding, RepositoryRule } from '../rule.js';
import type { AddonSubject, RepositorySubject } from '../subject.js';
import { parsed, placeOf } from './edit-data.js';
import { findBroken, findRejected, findUnreadable } from './file-rules.js';
import { findUnknownRepositoryKeys } from './key-rules.js';
import { describeStray } from './stray-rules.js';

type Rule = RepositoryRule<AddonSubject, RepositorySubject>;

const invalidRepository: Rule = {
  id: 'invalid-repository',
  severity: 'error',
  summary: 'The Supervisor rejects the repository file',
  why: 'A repository without a valid `repository.yaml` cannot be added; where it has been added already, Home Assistant calls it corrupt and offers to remove it.',
  remedy: 'Give it a `name`, and a `url` with `https://` if any.',
  fixable: true,
  appliesToOneAddon: true,
  begin: () => ({
    visit: () => undefined,
    *finish({ file }) {
      if (file === undefined) return;
      yield* findUnreadable(file);
      yield* findBroken(file);
      yield* findRejected(file, validateRepository);
      for (const { key, line, column } of parsed(file)?.state.document.findRepeatedKeys() ?? []) {
        const message = `the key "${toPythonText(key)}" comes again further down: only that one counts`;
        yield { file: file.path, line, column, message, severity: 'warning' };
      }
      for (const finding of findUnknownRepositoryKeys(file))
        yield { ...finding, severity: 'warning' };
    },
  }),
};

const missingRepository: Rule = {
  id: 'missing-repository-file',
  severity: 'warning',
  summary: 'There is no repository.yaml',
  why: 'Users can add a repository only if `repository.yaml`, `.yml` or `.json` is at its root. Folders of local add-ons need none.',
  remedy: 'Add `repository.yaml` with `name`, `url` and `maintainer`.',
  fixable: false,
  begin: () => ({
    visit: () => undefined,
    *finish({ folder, file }) {
      if (file !== undefined) return;
      const message = 'is missing: nobody can add this repository to Home Assistant';
      yield { file: join(folder, 'repository.yaml'), message };
    },
  }),
};

const duplicateSlug: Rule = {
  id: 'duplicate-slug',
  severity: 'error',
  summary: 'Two add-ons of the repository have the same slug',
  why: 'The slug is what tells add-ons of a repository apart: of two with the same one, the store has only the one that it reads last.',
  remedy: 'Give each its own slug.',
  fixable: false,
  begin: () => {
    const found = new Map<string, string>();
    const findings: Finding[] = [];
    return {
      visit: ({ config, fields, folder }) => {
        const file = parsed(config);
        if (file === undefined || fields === undefined) return;
        const other = found.get(fields.slug);
        if (other === undefined) found.set(fields.slug, folder);
        else {
          const message = `the slug ${fields.slug} is that of ${other} too`;
          findings.push({ ...placeOf(file, ['slug']), message });
        }
      },
      finish: () => findings,
    };
  },
};

const strayInRepository: Rule = {
  id: 'stray-config-file-in-repository',
  severity: 'warning',
  summary: 'A config file outside of the add-ons is taken for the config of one',
  why: 'The store takes every `config.yaml`, `config.yml` and `config.json` of a repository for the config of an add-on, unless a folder on the way to it starts with a dot or is `rootfs`. What cannot be read makes it log a warning at every refresh, and some files make it load nothing at all.',
  remedy: 'Rename the file, or keep it in a folder whose name starts with a dot.',
  fixable: false,
  begin: () => ({
    visit: () => undefined,
    *finish({ strays, folder }) {
      for (const path of strays) {
        const { severity, what } = describeStray(readDataFile(path, folder, validateConfig));
        const message = `is taken for the config of an add-on: ${what}`;
        yield {
          file: path,
          message,
          hint: `rename it, or remove it from ${dirname(path)}`,
          severity,
        };
      }
    },
  }),
};

export const REPOSITORY_FILE_RULES: readonly Rule[] = [
  invalidRepository,
  missingRepository,
  duplicateSlug,
  strayInRepository,
];
