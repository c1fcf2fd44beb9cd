import type { Fix, Rule } from '../rule.js';
import type { AddonSubject } from '../subject.js';
import type { BuildFile, BuildStage, Step } from './build-file.js';
import { CACHE_MOUNT_RULES } from './cache-mount-rules.js';
import { declareTargetArch, findCacheMount } from './cache-mounts.js';
import type { PackageCommand } from './package-commands.js';
import { getManager, isCacheOf, type PackageManager } from './package-managers.js';
import {
  dockerfileRule,
  eachRun,
  edit,
  findAt,
  isInImage,
  listPackageCommands,
  nameCommand,
  removeWord,
} from './rule-parts.js';

const DOCS_CACHE = 'https://docs.docker.com/build/cache/optimize/#use-cache-mounts';

/** Switched off by an option or a variable: what cuts the cache off, if anything. */
function findCacheSwitch(
  step: Step,
  { command, options, manager }: PackageCommand,
): { readonly start: number; readonly end: number; readonly text: string } | undefined {
  const { offOptions, offVariables } = getManager(manager);
  const option = options.find(({ text }) => offOptions.includes(text));
  if (option !== undefined) return option;
  return command.assignments.find(({ text }) => offVariables.includes(text.split('=')[0] ?? ''));
}

function isSwitchedOffByVariable(step: Step, manager: PackageManager): string | undefined {
  return manager.offVariables.find((name) => {
    const value = step.variables.get(name);
    return value !== undefined && !['', '0', 'false', 'no', 'off'].includes(value.toLowerCase());
  });
}

function mountText(manager: PackageManager, target: string, stage: BuildStage): string {
  const parts = ['type=cache'];
  if (manager.separate !== undefined && stage.platform === 'target') {
    const place = target.endsWith('/lists') ? `${manager.name}-lists` : manager.name;
    parts.push(`id=${place}-\${TARGETARCH}`);
  }
  parts.push(`target=${target}`);
  if (manager.name === 'apt') parts.push('sharing=locked');
  return `--mount=${parts.join(',')}`;
}

function proposeMounts(manager: PackageManager, stage: BuildStage): string {
  const targets = manager.mounts ?? [manager.caches[0]];
  return targets.map((target) => mountText(manager, target, stage)).join(' ');
}

/** Managers whose cache is where it always is, and whose mount changes nothing else. */
const SAFE_TO_MOUNT: ReadonlySet<string> = new Set(['pip', 'npm', 'uv']);

function mountFix(
  file: BuildFile,
  stage: BuildStage,
  step: Step,
  install: PackageCommand,
): Fix | undefined {
  const manager = getManager(install.manager);
  const isRoot = step.user === undefined || step.user === 'root' || step.user === '0';
  const isMoved = manager.variables.some((name) => step.variables.has(name));
  if (!SAFE_TO_MOUNT.has(manager.name) || !isRoot || isMoved) return undefined;
  if (isSwitchedOffByVariable(step, manager) !== undefined) return undefined;
  const keyword = /^RUN[ \t]+/i.exec(file.file.text.slice(step.start, step.start + 40))?.[0];
  if (keyword === undefined) return undefined;
  const mount = proposeMounts(manager, stage);
  const at = step.start + keyword.length;
  const off = listPackageCommands(step)
    .filter((command) => command.manager === install.manager)
    .flatMap((command) => findCacheSwitch(step, command) ?? []);
  const needsArch = mount.includes('TARGETARCH');
  return {
    title: `mount a cache: ${mount}`,
    edits: [
      ...(needsArch ? declareTargetArch(file, step) : []),
      edit(file, at, at, `${mount} `),
      ...off.map((word) => removeWord(file, word)),
    ],
  };
}

/** Does the same RUN remove what its package manager has left, or leave nothing? */
function cleansUp(step: Step, install: PackageCommand): boolean {
  const manager = getManager(install.manager);
  if (findCacheSwitch(step, install) !== undefined) return true;
  if (isSwitchedOffByVariable(step, manager) !== undefined) return true;
  if (findCleanUp(step, manager) !== undefined) return true;
  // Their caches are no part of what the image gets: modules are fetched to be compiled.
  return false;
}

/** A command that empties the manager's cache. */
function findCleanUp(step: Step, manager: PackageManager): PackageCommand['command'] | undefined {
  return step.commands.find(({ words }) => {
    const [program = '', ...rest] = words.map(({ text }) => text);
    const [first = ''] = rest;
    if (program === 'rm') {
      return rest.some((path) => {
        if (path.startsWith('-')) return false;
        const folder = path.replace(/\/?\*$/, '');
        if (manager.name === 'apt') return /^\/var\/(?:lib|cache)\/apt(?:\/|$)/.test(folder);
        return folder !== '' && isCacheOf(manager, folder, step.variables);
      });
    }
    const name = program.replace(/^.*\//, '');
    if (manager.name === 'apt') return /^apt(?:-get)?$/.test(name) && /clean$/.test(first);
    const isProgram =
      manager.name === 'pip' ? /^pip[\d.]*$/.test(name) : name === (manager.name as string);
    return (
      isProgram &&
      (first === 'cache' || first === 'store') &&
      /^(?:purge|clean|prune|rm|clear|delete)$/.test(rest[1] ?? '')
    );
  });
}

const packageCacheMissing = dockerfileRule(
  {
    id: 'package-cache-missing',
    severity: 'note',
    summary: 'Packages are installed without a cache mount',
    why:
      'Whenever the instruction runs again, for one changed line or another architecture, everything is downloaded ' +
      'again, and sources are compiled again. A cache mount keeps downloads outside of the image. ' +
      'Where the instruction does not clean up, its downloads stay in the image for ever.',
    remedy: `Mount the cache of the package manager: ${DOCS_CACHE}`,
    fixable: true,
  },
  function* (file) {
    for (const { stage, step } of eachRun(file)) {
      const told = new Set<string>();
      for (const install of listPackageCommands(step)) {
        if (install.kind === 'refresh' || told.has(install.manager)) continue;
        const manager = getManager(install.manager);
        if (findCacheMount(step, manager) !== undefined) continue;
        if (isOffline(install)) continue;
        told.add(install.manager);
        const stays = isInImage(file, stage) && !cleansUp(step, install);
        const what = `\`${nameCommand(install)}\` has no cache mount`;
        yield findAt(
          file,
          install.command.start,
          stays ? `${what}, and what it downloads stays in the image` : what,
          {
            hint: `Write \`RUN ${proposeMounts(manager, stage)} …\`${
              stage.platform === 'target' && manager.separate !== undefined
                ? ' below an `ARG TARGETARCH`'
                : ''
            }.`,
            severity: stays ? 'warning' : undefined,
            fix: mountFix(file, stage, step, install),
          },
        );
      }
    }
  },
);

/** Installs what lies in a folder already. */
function isOffline({ options, manager, packages }: PackageCommand): boolean {
  if (options.some(({ text }) => /^--(?:no-index|offline|no-deps)$/.test(text))) return true;
  return (
    manager === 'go' && packages.length === 0 && options.some(({ text }) => text === '-mod=vendor')
  );
}

const packageCacheDefeated = dockerfileRule(
  {
    id: 'package-cache-defeated',
    severity: 'warning',
    summary: 'A cache is mounted, and not used or emptied',
    why: 'The mount then costs time and saves none: nothing is kept from one build to the next.',
    remedy:
      'Remove the option, variable or command that switches the cache off or empties it. What is in a mount is never ' +
      'part of the image.',
    fixable: true,
  },
  function* (file) {
    for (const { step } of eachRun(file)) {
      const emptied = new Set<string>();
      for (const install of listPackageCommands(step)) {
        const manager = getManager(install.manager);
        const mount = findCacheMount(step, manager);
        if (mount === undefined) continue;
        const target = mount.options.get('target') ?? '';
        const off = findCacheSwitch(step, install);
        if (off !== undefined) {
          yield findAt(
            file,
            off.start,
            `\`${off.text}\` keeps ${manager.name} from using the cache that is mounted on ${target}`,
            {
              fix: { title: `remove \`${off.text}\``, edits: [removeWord(file, off)] },
            },
          );
        }
        const variable = isSwitchedOffByVariable(step, manager);
        if (variable !== undefined && !emptied.has(variable)) {
          emptied.add(variable);
          yield findAt(
            file,
            install.command.start,
            `${variable} keeps ${manager.name} from using the cache that is mounted on ${target}`,
          );
        }
        const cleanUp = findCleanUp(step, manager);
        if (cleanUp !== undefined && !emptied.has(manager.name)) {
          emptied.add(manager.name);
          const text = cleanUp.words.map((word) => word.text).join(' ');
          yield findAt(
            file,
            cleanUp.start,
            `\`${text}\` empties the cache that is mounted on ${target}`,
          );
        }
      }
    }
  },
);

export const CACHE_RULES: readonly Rule<AddonSubject>[] = [
  packageCacheMissing,
  packageCacheDefeated,
  ...CACHE_MOUNT_RULES,
];
