import { parseArch, ARCHES, type Arch } from '../addon/arch.js';
import { AddonReleaseError } from '../errors.js';
import { parseBaseMirror } from '../plan/base-mirror.js';
import type { ReleaseOptions } from '../pipeline/options.js';
import type { Flags, Invocation } from './program.js';

const BUILD_ARG = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/s;
const BUILDER = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

function parseArches(texts: readonly string[]): readonly Arch[] {
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
      if (/^[A-Za-z_]\w*$/.test(text) && value !== undefined) return [text, value];
      throw new AddonReleaseError('usage', `--build-arg "${text}" is not NAME=VALUE`, {
        hint: 'Write NAME=VALUE, or NAME alone to take the value of an environment variable.',
      });
    }),
  );
}

function chooseArches({ command, flags }: Invocation): ReleaseOptions['arches'] {
  if (flags.arch !== undefined) return parseArches(flags.arch);
  return command === 'release' && flags.multi !== true ? 'host' : 'all';
}

function checkBuilder(flags: Flags): string | undefined {
  if (flags.builder !== undefined && !BUILDER.test(flags.builder)) {
    throw new AddonReleaseError(
      'usage',
      `--builder "${flags.builder}" is not the name of a builder`,
      {
        hint: '`docker buildx ls` lists the builders.',
      },
    );
  }
  return flags.builder;
}

/** Flags that would be ignored are refused: whoever gave them expects something else to happen. */
function checkCombination({ command, flags }: Invocation): void {
  const refuse = (message: string, hint?: string): never => {
    throw new AddonReleaseError('usage', message, { hint });
  };
  if (flags.verbose === true && flags.quiet === true) {
    refuse('--verbose and --quiet exclude each other');
  }
  for (const name of ['multi', 'replace'] as const) {
    if (flags[name] === true && command !== 'release') {
      refuse(`--${name} is for releases only`, 'For example `addon-release 1.2.3 --multi`.');
    }
  }
  if (flags.replace === true && flags.multi !== true) {
    refuse('--replace does nothing without --multi: only that publishes');
  }
  if (flags.dryRun === true && command === 'doctor') {
    refuse('doctor has no --dry-run', 'Without --fix it changes nothing.');
  }
}

/**
 * Checks flags and turns them into options.
 *
 * @throws AddonReleaseError `usage` naming the flag
 */
export function parseFlags(
  invocation: Invocation,
  workingDirectory: string,
  environment: Readonly<Record<string, string | undefined>>,
): ReleaseOptions {
  const { command, flags, version } = invocation;
  if (command === 'release' && version === undefined) {
    throw new AddonReleaseError('usage', 'the version to release is missing', {
      hint: 'For example `addon-release 1.2.3 --multi`; see `addon-release --help`.',
    });
  }
  checkCombination(invocation);
  return Object.freeze({
    version,
    arches: chooseArches(invocation),
    publish: command === 'release' && flags.multi === true,
    replace: flags.replace === true,
    smoke: command !== 'build',
    dryRun: flags.dryRun === true,
    addon: flags.addon,
    workingDirectory,
    registry: flags.registry,
    image: flags.image,
    baseMirrors: (flags.baseMirror ?? []).map(parseBaseMirror),
    builder: checkBuilder(flags),
    buildArgs: parseBuildArgs(flags.buildArg ?? [], environment),
    noCache: flags.cache === false,
    environment,
  });
}
