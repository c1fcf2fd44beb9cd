import type { TextEdit } from '../rule.js';
import type { BuildFile, Step } from './build-file.js';
import type { Mount } from './instruction.js';
import { isCacheOf, type PackageManager } from './package-managers.js';
import { edit } from './rule-parts.js';

export function listCacheMounts(step: Step): readonly Mount[] {
  return step.mounts.filter(({ type }) => type === 'cache');
}

export function findCacheMount(step: Step, manager: PackageManager): Mount | undefined {
  return listCacheMounts(step).find(({ options }) =>
    isCacheOf(manager, options.get('target') ?? '', step.variables),
  );
}

/** `ARG TARGETARCH` is needed where an id names it; BuildKit gives it no value otherwise. */
export function declareTargetArch(file: BuildFile, step: Step): readonly TextEdit[] {
  return step.variables.has('TARGETARCH')
    ? []
    : [edit(file, step.start, step.start, 'ARG TARGETARCH\n')];
}
