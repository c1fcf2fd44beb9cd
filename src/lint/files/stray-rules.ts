import { basename, join } from 'node:path';
import { candidateNames } from '../../addon/source-file.js';
import { validateConfig } from '../../addon/validate/config.js';
import { isSearched } from '../discover.js';
import { readDataFile } from '../read-data-file.js';
import type { Rule } from '../rule.js';
import type { AddonSubject, DataFile } from '../subject.js';

/** What the store makes of a `config.*` that belongs to no add-on. */
export function describeStray({ state }: DataFile): {
  readonly severity: 'error' | 'warning';
  readonly what: string;
} {
  const crashes = state.kind === 'broken' && state.failure.crash;
  if (crashes || (state.kind === 'parsed' && state.verdict.outcome === 'crash')) {
    return { severity: 'error', what: 'it makes the store fail to load every repository' };
  }
  if (state.kind === 'parsed' && state.verdict.outcome === 'accepted') {
    return { severity: 'error', what: 'it appears in the store as an add-on of its own' };
  }
  return { severity: 'warning', what: 'each refresh of the store logs a warning about it' };
}

const HINT =
  'give it another name, or keep it in rootfs or in a folder whose name starts with a dot';

const strayConfig: Rule<AddonSubject> = {
  id: 'stray-config-file',
  severity: 'warning',
  summary: 'Another config file is taken for the config of an add-on',
  why: 'The store of the Supervisor takes every `config.yaml`, `config.yml` and `config.json` of a repository, at any depth, for the config of an add-on, unless a folder on the way to it starts with a dot or is `rootfs`. A configuration of the packaged application is then a broken or bogus add-on; of two files beside each other both are read, and the last one wins.',
  remedy: 'Rename the file, or keep it in `rootfs`.',
  fixable: false,
  *check({ folder, config, tree, repository }) {
    const names = candidateNames('config');
    for (const { path, kind } of tree.entries) {
      const file = join(folder, path);
      if (kind === 'folder' || !names.includes(basename(path)) || file === config.path) continue;
      if (!path.split('/').slice(0, -1).every(isSearched)) continue;
      const other = readDataFile(file, repository?.folder ?? folder, validateConfig);
      const { severity, what } = describeStray(other);
      if (!path.includes('/')) {
        const message = `stands beside ${basename(config.path)}: the Supervisor reads both as add-ons`;
        yield { file, message, hint: 'keep one of them', severity: 'error' };
      } else
        yield {
          file,
          message: `is taken for the config of an add-on: ${what}`,
          hint: HINT,
          severity,
        };
    }
  },
};

const strayBuild: Rule<AddonSubject> = {
  id: 'stray-build-file',
  severity: 'warning',
  summary: 'Another file is taken for the build file',
  why: 'When there is no build file in the folder of the add-on itself, the Supervisor takes the first `build.yaml`, `build.yml` or `build.json` at any depth, `rootfs` included. What the application has there then decides about the base image. Of several in one folder only one counts.',
  remedy: 'Rename the file.',
  fixable: false,
  *check({ folder, build, tree }) {
    const names = candidateNames('build');
    const here = tree.entries.some(({ path }) => names.includes(path));
    for (const { path, kind } of tree.entries) {
      const file = join(folder, path);
      if (kind === 'folder' || !names.includes(basename(path)) || file === build?.path) continue;
      if (path.includes('node_modules/')) continue;
      if (!path.includes('/')) {
        const message = `stands beside ${basename(build?.path ?? '')}: only one of them counts`;
        yield { file, message, hint: 'keep one of them' };
      } else if (!here) {
        yield {
          file,
          message: 'is taken for the build file of the add-on',
          hint: 'give it another name',
        };
      }
    }
  },
};

export const STRAY_RULES: readonly Rule<AddonSubject>[] = [strayConfig, strayBuild];
