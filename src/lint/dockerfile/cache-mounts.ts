import type { TextEdit } from '../rule.js';
import type { BuildFile, BuildStage, Step } from './build-file.js';
import type { Mount } from './instruction.js';
import { isCacheOf, type PackageManager } from './package-managers.js';
import { edit } from './rule-parts.js';
import type { ShellCommand } from './shell.js';

export function listCacheMounts(step: Step): readonly Mount[] {
  return step.mounts.filter(({ type }) => type === 'cache');
}

export function findCacheMount(step: Step, manager: PackageManager): Mount | undefined {
  return listCacheMounts(step).find(({ options }) =>
    isCacheOf(manager, options.get('target') ?? '', step.variables),
  );
}

/**
 * `ARG NAME` is needed where an id names it; BuildKit gives it no value otherwise. It goes below the FROM: above the
 * instruction it would come between that and its comment, which may be an order to a linter.
 */
export function declareArg(
  file: BuildFile,
  stage: BuildStage,
  step: Step,
  name: string,
): readonly TextEdit[] {
  if (step.variables.has(name)) return [];
  return [edit(file, stage.from.end, stage.from.end, `\nARG ${name}`)];
}

/** A folder and whether it is removed itself, not just what it holds. */
interface Removal {
  readonly folder: string;
  readonly whole: boolean;
}

function listRemovals({ words }: ShellCommand): readonly Removal[] {
  const [program, ...rest] = words.map(({ text }) => text);
  if (program?.replace(/^.*\//, '') !== 'rm') return [];
  return rest.flatMap((word) => {
    if (word.startsWith('-')) return [];
    const path = word.replace(/^(?:~|\$\{?HOME\}?)(?=\/|$)/, '/root');
    const folder = path.replace(/\/?\*$/, '').replace(/(?<=.)\/+$/, '');
    return folder === '' ? [] : [{ folder, whole: folder === path.replace(/(?<=.)\/+$/, '') }];
  });
}

/** A command that empties what is mounted, and whether it fails because a mounted folder cannot be removed. */
export function findEmptying(
  step: Step,
  target: string,
): { readonly command: ShellCommand; readonly fails: boolean } | undefined {
  const place = target.replace(/(?<=.)\/+$/, '');
  for (const command of step.commands) {
    for (const { folder, whole } of listRemovals(command)) {
      const isAbove = place.startsWith(`${folder}/`);
      if (isAbove || folder === place) return { command, fails: isAbove || whole };
      if (folder.startsWith(`${place}/`)) return { command, fails: false };
    }
  }
  return undefined;
}
