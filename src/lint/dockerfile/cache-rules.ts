import type { Fix, Rule, TextEdit } from '../rule.js';
import type { AddonSubject } from '../subject.js';
import type { BuildFile, BuildStage, Step } from './build-file.js';
import type { Mount } from './instruction.js';
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

export function listCacheMounts(step: Step): readonly Mount[] {
  return step.mounts.filter(({ type }) => type === 'cache');
}

export function findCacheMount(step: Step, manager: PackageManager): Mount | undefined {
  return listCacheMounts(step).find(({ options }) =>
    isCacheOf(manager, options.get('target') ?? '', step.variables),
  );
}

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

/** `ARG TARGETARCH` is needed where an id names it; BuildKit gives it no value otherwise. */
function declareTargetArch(file: BuildFile, step: Step): readonly TextEdit[] {
  return step.variables.has('TARGETARCH')
    ? []
    : [edit(file, step.start, step.start, 'ARG TARGETARCH\n')];
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

const packageCacheArchitecture = dockerfileRule(
  {
    id: 'package-cache-architecture',
    severity: 'warning',
    summary: 'A cache mount is shared by builds for different architectures',
    why:
      'Without an `id`, a cache mount is the same for all architectures that are built. apt and apk then overwrite each ' +
      "other's lists or wait for each other, and pip and uv can pick a wheel that was built for another C library.",
    remedy:
      'Give the mount an id with the architecture: `id=pip-${TARGETARCH}`, below an `ARG TARGETARCH`.',
    fixable: true,
  },
  function* (file, subject) {
    if (subject.arches.length === 1) return;
    for (const { stage, step } of eachRun(file)) {
      for (const mount of listCacheMounts(step)) {
        const id = mount.options.get('id') ?? mount.options.get('target') ?? '';
        const names = [...id.matchAll(/\$\{?(\w+)/g)].map(([, name = '']) => name);
        const platform = names.filter((name) => /^TARGET(?:ARCH|PLATFORM)$|ARCH$/.test(name));
        const missing = platform.find((name) => !step.variables.has(name));
        if (platform.length > 0 && missing === undefined) continue;
        if (missing !== undefined) {
          yield findAt(
            file,
            mount.flag.start,
            `the id of the cache mount names ${missing}, which is empty without an \`ARG ${missing}\` in this stage`,
            {
              fix: {
                title: `declare \`ARG ${missing}\``,
                edits: [edit(file, step.start, step.start, `ARG ${missing}\n`)],
              },
            },
          );
          continue;
        }
        if (stage.platform !== 'target') continue;
        const reason = explainSeparation(step, mount);
        if (reason === undefined) continue;
        yield findAt(
          file,
          mount.flag.start,
          `the cache on ${mount.options.get('target') ?? ''} is shared by all architectures: ${reason}`,
          {
            fix: separationFix(file, step, mount),
          },
        );
      }
    }
  },
);

function explainSeparation(step: Step, mount: Mount): string | undefined {
  const target = mount.options.get('target') ?? '';
  for (const { manager } of listPackageCommands(step)) {
    const facts = getManager(manager);
    if (facts.separate !== undefined && isCacheOf(facts, target, step.variables)) {
      return facts.separate;
    }
    if (manager === 'cargo' && /\/target\/?$/.test(target)) {
      return 'cargo keeps compiled objects of one architecture there';
    }
  }
  return undefined;
}

function separationFix(file: BuildFile, step: Step, mount: Mount): Fix {
  const { flag, options } = mount;
  const written = file.file.text.slice(flag.start, flag.end);
  const id = options.get('id');
  const name =
    id ?? (options.get('target') ?? 'cache').replace(/^\/+|\/+$/g, '').replace(/[^\w.]+/g, '-');
  const wanted = `id=${name}-\${TARGETARCH}`;
  const at =
    id === undefined
      ? written.indexOf('type=cache') + 'type=cache'.length
      : written.search(/\bid=/);
  const change =
    id === undefined
      ? edit(file, flag.start + at, flag.start + at, `,${wanted}`)
      : edit(file, flag.start + at, flag.start + at + `id=${id}`.length, wanted);
  return { title: `add \`${wanted}\``, edits: [...declareTargetArch(file, step), change] };
}

const aptCacheUnlocked = dockerfileRule(
  {
    id: 'apt-cache-unlocked',
    severity: 'warning',
    summary: 'An apt cache mount lacks sharing=locked',
    why:
      'Builds of several stages or architectures run side by side. apt needs its folders for itself, and fails with ' +
      '"Could not get lock" when two builds share them.',
    remedy: 'Add `sharing=locked` to the mount.',
    fixable: true,
  },
  function* (file) {
    for (const { step } of eachRun(file)) {
      if (!listPackageCommands(step).some(({ manager }) => manager === 'apt')) continue;
      for (const { options, flag } of listCacheMounts(step)) {
        if (!isCacheOf(getManager('apt'), options.get('target') ?? '', step.variables)) continue;
        if (options.get('sharing') === 'locked' || options.get('sharing') === 'private') continue;
        const hasOther = options.has('sharing');
        yield findAt(
          file,
          flag.start,
          `the apt cache on ${options.get('target') ?? ''} is not locked while in use`,
          {
            fix: hasOther
              ? undefined
              : {
                  title: 'add `sharing=locked`',
                  edits: [edit(file, flag.end, flag.end, ',sharing=locked')],
                },
          },
        );
      }
    }
  },
);

const aptDockerClean = dockerfileRule(
  {
    id: 'apt-docker-clean',
    severity: 'note',
    summary: "Debian's docker-clean empties the apt cache mount",
    why:
      'Debian and Ubuntu images come with /etc/apt/apt.conf.d/docker-clean, which deletes every package after its ' +
      'installation. A mount on /var/cache/apt then keeps nothing.',
    remedy:
      'Begin the instruction with `rm -f /etc/apt/apt.conf.d/docker-clean`, before `apt-get`.',
    fixable: false,
  },
  function* (file) {
    for (const { stage, step } of eachRun(file)) {
      const install = listPackageCommands(step).find(
        ({ manager, kind }) => manager === 'apt' && kind === 'install',
      );
      if (install === undefined) continue;
      const mount = listCacheMounts(step).find(({ options }) =>
        /^\/var\/cache(?:\/apt(?:\/archives)?)?\/?$/.test(options.get('target') ?? ''),
      );
      if (mount === undefined || isDockerCleanGone(file, stage, step)) continue;
      yield findAt(
        file,
        install.command.start,
        'docker-clean of Debian images empties the mounted apt cache after this command',
      );
    }
  },
);

/** Removed or overruled, in this RUN or one before it in this stage or those it continues. */
function isDockerCleanGone(file: BuildFile, stage: BuildStage, step: Step): boolean {
  const handles = ({ commands }: Step): boolean =>
    commands.some(({ words, outputs }) =>
      [...words, ...outputs].some(({ text }) => /docker-clean|Keep-Downloaded-Packages/.test(text)),
    );
  for (let current: BuildStage | undefined = stage; current !== undefined;) {
    const steps: readonly Step[] = current.steps;
    if (steps.some((other) => other.start <= step.start && handles(other))) return true;
    current = current.parent === undefined ? undefined : file.stages[current.parent];
  }
  return false;
}

export const CACHE_RULES: readonly Rule<AddonSubject>[] = [
  packageCacheMissing,
  packageCacheDefeated,
  packageCacheArchitecture,
  aptCacheUnlocked,
  aptDockerClean,
];
