import { resolve } from 'node:path';
import { parseArch, ARCHES, type Arch } from '../addon/arch.js';
import { AddonReleaseError } from '../errors.js';
import { registerSecret } from '../exec/redact.js';
import type { BuildCache } from '../engine/build-cache.js';
import { parseBaseMirror } from '../plan/base-mirror.js';
import { parseBuildIndexes } from '../plan/build-index.js';
import { parseVersion, VERSION_PARTS, type VersionPart } from '../plan/version.js';
import type { ReleaseOptions } from '../pipeline/options.js';
import { parseImageReference } from '../registry/reference.js';
import type { CommandContext, Flags, Invocation } from './command.js';
import type { DevFlags } from './commands/dev.js';

const BUILD_ARG = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/s;
const BUILDER = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

export function parseArches(texts: readonly string[]): readonly Arch[] {
  const arches = texts
    .flatMap((text) => text.split(','))
    .map((text) => {
      const arch = parseArch(text);
      if (arch === undefined) {
        throw new AddonReleaseError('usage', `"${text}" is not an architecture`, {
          hint: `Use one of ${ARCHES.join(', ')}; arm64, arm/v7 and linux/amd64 are understood too.`,
        });
      }
      return arch;
    });
  return [...new Set(arches)];
}

function parseBuildArgs(
  texts: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    texts.map((text): [string, string] => {
      const match = BUILD_ARG.exec(text);
      if (match !== null) return [match[1] ?? '', match[2] ?? ''];
      const value = Object.hasOwn(environment, text) ? environment[text] : undefined;
      if (/^[A-Za-z_]\w*$/.test(text) && value !== undefined) {
        // Who keeps a value out of the command line wants it out of the logs and the journal too.
        registerSecret(value);
        return [text, value];
      }
      throw new AddonReleaseError('usage', `--build-arg "${text}" is not NAME=VALUE`, {
        hint: 'Write NAME=VALUE, or NAME alone to take the value of an environment variable.',
      });
    }),
  );
}

/** Whether the command writes where others can see it; `plan` shows what that would be. */
function publishes({ command, flags }: Invocation): boolean {
  if (command === 'release') return flags.multi === true || flags.all === true;
  return ['publish', 'plan', 'edge'].includes(command);
}

function chooseArches(invocation: Invocation): ReleaseOptions['arches'] {
  const { command, flags } = invocation;
  if (flags.arch !== undefined) return parseArches(flags.arch);
  return command === 'dev' || (command === 'release' && !publishes(invocation)) ? 'host' : 'all';
}

/** Where builders come from that are the same for every add-on on this machine. */
const BUILDERS_VARIABLE = 'ADDON_RELEASE_BUILDERS';

function parseBuilder(text: string, given: string): ReleaseOptions['builders'][number] {
  const [, archText, name = ''] = /^(?:([^=]*)=)?(.*)$/s.exec(text) ?? [];
  const arch = archText === undefined ? undefined : parseArch(archText);
  if (archText !== undefined && arch === undefined) {
    throw new AddonReleaseError('usage', `${given} "${text}": "${archText}" is no architecture`, {
      hint: `Write ARCH=NAME with one of ${ARCHES.join(', ')}, or NAME alone for all of them.`,
    });
  }
  if (BUILDER.test(name)) return { arch, name };
  throw new AddonReleaseError('usage', `${given} "${text}" is not the name of a builder`, {
    hint: '`docker buildx ls` lists the builders and `docker context ls` the contexts; `addon-release builder add ssh://USER@HOST` makes one of each.',
  });
}

function parseBuilders(
  flags: Flags,
  environment: Readonly<Record<string, string | undefined>>,
): ReleaseOptions['builders'] {
  if (flags.builder !== undefined) {
    return flags.builder.map((text) => parseBuilder(text, '--builder'));
  }
  const texts = (environment[BUILDERS_VARIABLE] ?? '')
    .split(/[\s,]+/)
    .filter((text) => text !== '');
  return texts.map((text) => parseBuilder(text, BUILDERS_VARIABLE));
}

/** The same for every add-on on a machine, too. */
const CACHE_VARIABLE = 'ADDON_RELEASE_BUILD_CACHE';

/** @throws AddonReleaseError `usage` */
export function parseBuildCache(
  flags: Flags,
  { workingDirectory, environment }: Omit<CommandContext, 'signal'>,
): BuildCache | undefined {
  const text = flags.buildCache ?? environment[CACHE_VARIABLE] ?? '';
  const given = flags.buildCache === undefined ? CACHE_VARIABLE : '--build-cache';
  const [kind, ...rest] = text.split('=');
  const place = rest.join('=');
  if (text === '' && flags.buildCache === undefined) return undefined;
  if (text === 'none') return undefined;
  if (text === 'gha' || text === 'registry') return { kind: text };
  if (kind === 'local' && place !== '') {
    return { kind, folder: resolve(workingDirectory, place) };
  }
  if (kind === 'registry' && place !== '') {
    const { registry, repository, tag, digest } = parseImageReference(place, 'usage');
    if (tag === undefined && digest === undefined) {
      return { kind, repository: `${registry}/${repository}` };
    }
  }
  throw new AddonReleaseError('usage', `${given} "${text}" is no place for a build cache`, {
    hint: 'Write registry, registry=HOST/NAME (without a tag), gha, local=FOLDER or none.',
  });
}

/** Flags that would be ignored are refused: whoever gave them expects something else to happen. */
function checkCombination({ command, args, flags }: Invocation): void {
  const refuse = (message: string, hint?: string): never => {
    throw new AddonReleaseError('usage', message, { hint });
  };
  if (flags.verbose === true && flags.quiet === true) {
    refuse('--verbose and --quiet exclude each other');
  }
  const isRelease = command === 'release' || command === 'publish';
  for (const name of ['multi', 'replace', 'all', 'changed', 'bump', 'jobs'] as const) {
    const isForTests = command === 'test' && ['all', 'changed', 'jobs'].includes(name);
    if (flags[name] !== undefined && flags[name] !== false && !isRelease && !isForTests) {
      refuse(`--${name} is for releases only`, 'For example `addon-release 1.2.3 --multi`.');
    }
  }
  if (flags.replace === true && !publishes({ command, args, flags })) {
    refuse('--replace does nothing without --multi: only that publishes');
  }
  for (const [given, name] of [
    [flags.allowDirty === true, '--allow-dirty'],
    [flags.git === false, '--no-git'],
    [flags.channel !== undefined, '--channel'],
    [flags.github === false, '--no-github'],
  ] as const) {
    if (given && !publishes({ command, args, flags }))
      refuse(`${name} does nothing without --multi`);
  }
  if (flags.smoke === false && !isRelease && command !== 'edge') {
    refuse('--no-smoke is for releases only', '`addon-release build` tests nothing.');
  }
  if (flags.dryRun === true && command === 'doctor') {
    refuse('doctor has no --dry-run', 'Without --fix it changes nothing.');
  }
  if (command === 'dev') checkDevCombination(flags, refuse);
  checkRepositoryCombination({ command, args, flags }, refuse);
}

/** Flags for all add-ons of a repository. */
function checkRepositoryCombination(
  { command, args, flags }: Invocation,
  refuse: (message: string, hint?: string) => never,
): void {
  if (command === 'publish' && flags.all === true) {
    refuse('publish is for one add-on', '`addon-release --all` builds, tests and publishes.');
  }
  for (const name of ['changed', 'bump', 'jobs'] as const) {
    if (flags[name] !== undefined && flags.all !== true) {
      refuse(
        `--${name} does nothing without --all`,
        'For example `addon-release --all --changed`.',
      );
    }
  }
  if (flags.all !== true) return;
  const [version] = args;
  if (version !== undefined) {
    refuse(
      `--all takes no version, and ${version} was given`,
      'Every add-on has its own; --bump patch (minor, major) chooses new ones.',
    );
  }
  if (flags.out !== undefined) {
    refuse('--out is of one add-on, and --all is of several', 'Test the one: --addon PATH.');
  }
  if (flags.image !== undefined) {
    refuse(
      '--image is of one add-on, and --all is of several',
      'Each has `image` in its config; --registry replaces the host.',
    );
  }
}

/** Flags of `--all`. */
export interface RepositoryOptions {
  readonly changed: boolean;
  readonly bump: VersionPart | undefined;
  /** How many add-ons are worked on at the same time; undefined = as many as is usual. */
  readonly jobs: number | undefined;
}

/** @throws AddonReleaseError `usage` naming the flag */
export function parseRepositoryFlags({ changed, bump, jobs }: Flags): RepositoryOptions {
  const part = VERSION_PARTS.find((one) => one === bump);
  if (bump !== undefined && part === undefined) {
    throw new AddonReleaseError('usage', `--bump "${bump}" is no part of a version`, {
      hint: `Use one of ${VERSION_PARTS.join(', ')}.`,
    });
  }
  if (jobs !== undefined && !/^[1-9]\d?$/.test(jobs)) {
    throw new AddonReleaseError('usage', `--jobs "${jobs}" is not a number from 1 to 99`);
  }
  return {
    changed: changed === true,
    bump: part,
    jobs: jobs === undefined ? undefined : Number(jobs),
  };
}

function checkDevCombination(
  flags: Flags,
  refuse: (message: string, hint?: string) => never,
): void {
  const given = [
    flags.json === true && '--json',
    flags.dryRun === true && '--dry-run',
    flags.cache === false && '--no-cache',
    flags.registry !== undefined && '--registry',
    flags.image !== undefined && '--image',
  ].find((flag) => flag !== false);
  if (given !== undefined) refuse(`dev has no ${given}`, 'See `addon-release dev --help`.');
  if (flags.arch !== undefined && parseArches(flags.arch).length > 1) {
    refuse('dev runs one architecture', 'Leave --arch out for the one of this machine.');
  }
}

/** Flags of `dev` alone. */
export interface DevOptions {
  readonly runName: string | undefined;
  /** undefined = the usual one, or any that is free. */
  readonly port: number | undefined;
  readonly debugPorts: readonly number[];
}

function parsePort(flag: string, value: string): number {
  const number = Number(value);
  if (/^\d+$/.test(value) && number >= 1 && number <= 65_535) return number;
  throw new AddonReleaseError('usage', `${flag} "${value}" is not a port`, {
    hint: 'Give a number from 1 to 65535.',
  });
}

/** @throws AddonReleaseError `usage` naming the flag */
export function parseDevFlags({ run, port, debugPort = [] }: DevFlags): DevOptions {
  return {
    runName: run,
    port: port === undefined ? undefined : parsePort('--port', port),
    debugPorts: [...new Set(debugPort.map((value) => parsePort('--debug-port', value)))],
  };
}

/** Commands whose argument is one; others name a folder by it. */
const TAKES_VERSION: ReadonlySet<string> = new Set([
  'release',
  'build',
  'test',
  'plan',
  'publish',
  'rollback',
  'promote',
]);

/**
 * Checks flags and turns them into options.
 *
 * @throws AddonReleaseError `usage` naming the flag
 */
export function parseFlags(
  invocation: Invocation,
  { workingDirectory, environment }: Omit<CommandContext, 'signal'>,
): ReleaseOptions {
  const { command, flags } = invocation;
  const [version] = invocation.args;
  if (command === 'release' && version === undefined && flags.all !== true) {
    throw new AddonReleaseError('usage', 'the version to release is missing', {
      hint: 'For example `addon-release 1.2.3 --multi`; see `addon-release --help`.',
    });
  }
  checkCombination(invocation);
  if (version !== undefined && TAKES_VERSION.has(command)) parseVersion(version);
  return Object.freeze({
    version,
    arches: chooseArches(invocation),
    publish: publishes(invocation),
    replace: flags.replace === true,
    channel: invocation.command === 'edge' ? 'edge' : flags.channel,
    edge: invocation.command === 'edge',
    allowDirty: flags.allowDirty === true,
    git: flags.git !== false,
    github: flags.github !== false,
    // `dev` looks at the run it needs only, and starts without: options can be given on its page.
    smoke: command !== 'build' && command !== 'dev' && flags.smoke !== false,
    out: flags.out,
    from: flags.from ?? [],
    dryRun: flags.dryRun === true || command === 'plan',
    addon: flags.addon,
    workingDirectory,
    registry: flags.registry,
    image: flags.image,
    baseMirrors: (flags.baseMirror ?? []).map(parseBaseMirror),
    builders: parseBuilders(flags, environment),
    buildArgs: parseBuildArgs(flags.buildArg ?? [], environment),
    buildIndexes: parseBuildIndexes(flags.buildIndex ?? [], environment, registerSecret),
    noCache: flags.cache === false,
    buildCache: parseBuildCache(flags, { workingDirectory, environment }),
    environment,
  });
}
