import type { Finding, Fix, Rule, TextEdit } from '../rule.js';
import type { AddonSubject } from '../subject.js';
import type { BuildFile, BuildStage, Step } from './build-file.js';
import { CACHE_MOUNT_RULES } from './cache-mount-rules.js';
import { declareArg, findCacheMount, findEmptying, listCacheMounts } from './cache-mounts.js';
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
    if (value === undefined || value === '') return false;
    // pip takes every value for yes: https://github.com/pypa/pip/issues/5735
    return manager.name === 'pip' || !/^(?:0|false|no|off)$/i.test(value);
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

/** Official images of the languages keep their caches below /usr/local/cargo and /go, packages of distributions in /root. */
function placeOf(target: string, root: string): string {
  if (/(?:^|\/)(?:rust|golang|cargo-chef)\b/.test(root) || root.includes('$')) return target;
  return target
    .replace(/^\/usr\/local\/cargo(?=\/)/, '/root/.cargo')
    .replace(/^\/go(?=\/)/, '/root/go');
}

function proposeMounts(manager: PackageManager, file: BuildFile, stage: BuildStage): string {
  const root = findRoot(file, stage).base;
  const targets = (manager.mounts ?? [manager.caches[0]]).map((target) => placeOf(target, root));
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
  // Removing the mounted folder fails, and emptying it leaves nothing to find.
  if (findCleanUp(step, manager) !== undefined) return undefined;
  const mount = proposeMounts(manager, file, stage);
  const at = step.start + keyword.length;
  const commands = listPackageCommands(step).filter((one) => one.manager === install.manager);
  const off = commands.flatMap((command) => findCacheSwitch(step, command) ?? []);
  const isOffInBase = manager.name === 'pip' && switchesPipCacheOff(file, stage);
  const needsArch = mount.includes('TARGETARCH');
  return {
    title: `mount a cache: ${mount}`,
    edits: [
      ...(needsArch ? declareArg(file, stage, step, 'TARGETARCH') : []),
      edit(file, at, at, `${mount} `),
      ...off.map((word) => removeWord(file, word)),
      ...(isOffInBase ? commands.flatMap((command) => nameCache(file, command)) : []),
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

function nameWords({ words }: PackageCommand['command']): string {
  return words.map(({ text }) => text).join(' ');
}

/** A command that empties the manager's cache, or, asked for `program`, one of the manager itself. */
function findCleanUp(
  step: Step,
  manager: PackageManager,
  by: 'any' | 'program' = 'any',
): PackageCommand['command'] | undefined {
  return step.commands.find(({ words }) => {
    const [program = '', ...rest] = words.map(({ text }) => text);
    const [first = ''] = rest;
    if (program === 'rm') {
      if (by === 'program') return false;
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

/** The first of the stages that this one continues: the one that begins with an image. */
function findRoot(file: BuildFile, stage: BuildStage): BuildStage {
  let root = stage;
  for (
    let next = file.stages[root.parents[0] ?? -1];
    next !== undefined;
    next = file.stages[root.parents[0] ?? -1]
  ) {
    root = next;
  }
  return root;
}

/**
 * Base images for add-ons on Alpine come with pip's cache switched off, by PIP_NO_CACHE_DIR (community) or /etc/pip.conf
 * (official). Only an option of the command itself counts before both.
 */
function switchesPipCacheOff(file: BuildFile, stage: BuildStage): boolean {
  const { base } = findRoot(file, stage);
  return (
    /(?:^|\/)(?:home-assistant|hassio-addons)\/(?:\w+-)?base(?:-python)?(?:[:@/]|$)/.test(base) ||
    /^\$\{?BUILD_FROM\b/.test(base)
  );
}

/** `--cache-dir`, behind `install`. */
function nameCache(
  file: BuildFile,
  { command, verb, options }: PackageCommand,
): readonly TextEdit[] {
  const word = command.words.find(({ text }) => text === verb);
  if (word === undefined || options.some(({ text }) => text.startsWith('--cache-dir'))) return [];
  return [edit(file, word.end, word.end, ` --cache-dir=${getManager('pip').caches[0]}`)];
}

function* checkBaseSwitch(
  file: BuildFile,
  stage: BuildStage,
  install: PackageCommand,
  target: string,
): Generator<Finding> {
  if (install.manager !== 'pip' || !switchesPipCacheOff(file, stage)) return;
  const edits = nameCache(file, install);
  // A name that only the build gives is no proof.
  if (edits.length === 0 || findRoot(file, stage).base.startsWith('$')) return;
  yield findAt(
    file,
    install.command.start,
    `the base image switches pip's cache off, so that the one that is mounted on ${target} stays empty`,
    target === getManager('pip').caches[0]
      ? { fix: { title: `add \`--cache-dir=${target}\``, edits } }
      : { hint: `Add \`--cache-dir=${target}\`.` },
  );
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
            hint: `Write \`RUN ${proposeMounts(manager, file, stage)} …\`${
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
    for (const { stage, step } of eachRun(file)) {
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
        yield* checkBaseSwitch(file, stage, install, target);
        if (emptied.has(manager.name)) continue;
        emptied.add(manager.name);
        const cleaned = findCleanUp(step, manager, 'program');
        const removed = listCacheMounts(step).flatMap(({ options }) => {
          const place = options.get('target') ?? '';
          const found = isCacheOf(manager, place, step.variables) && findEmptying(step, place);
          return found ? [{ ...found, place }] : [];
        });
        for (const { command, fails, place } of removed.slice(0, 1)) {
          const text = nameWords(command);
          const effect = fails
            ? `cannot remove ${place} while it is mounted, and fails`
            : `empties the cache that is mounted on ${place}`;
          yield findAt(file, command.start, `\`${text}\` ${effect}`);
        }
        if (cleaned !== undefined && removed.length === 0) {
          const text = nameWords(cleaned);
          yield findAt(
            file,
            cleaned.start,
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
