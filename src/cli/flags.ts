import { Option, type Command } from 'commander';
import type { Flags } from './command.js';

/** For a flag that may be given several times. */
export function collect(value: string, previous: readonly string[] | undefined): readonly string[] {
  return [...(previous ?? []), value];
}

const REPEATABLE = ['arch', 'baseMirror', 'buildArg', 'buildIndex', 'builder'] as const;

/** Flags that the program shares with a command may stand before its name too. Repeatable ones add up. */
export function mergeFlags(before: Flags, behind: Flags): Flags {
  const lists = Object.fromEntries(
    REPEATABLE.flatMap((name) => {
      const values = [...(before[name] ?? []), ...(behind[name] ?? [])];
      return values.length === 0 ? [] : [[name, values]];
    }),
  );
  // Commander sets these wherever their `--no-…` is known.
  const cache = before.cache !== false && behind.cache !== false;
  const smoke = before.smoke !== false && behind.smoke !== false;
  const git = before.git !== false && behind.git !== false;
  const github = before.github !== false && behind.github !== false;
  return { ...before, ...behind, ...lists, cache, smoke, git, github };
}

export function addAddonOption(command: Command): Command {
  return command.option(
    '--addon <path>',
    'folder of the add-on (default: found from the working directory)',
  );
}

export function addBuildArgOption(command: Command): Command {
  return command.addOption(
    new Option('--build-arg <name=value>', 'build argument; repeatable').argParser(collect),
  );
}

/** Where packages come from while something is built. */
export function addBuildIndexOption(command: Command): Command {
  return command.addOption(
    new Option(
      '--build-index <url>',
      'where pip=, npm= or apt= (a proxy) take packages from while building; repeatable',
    ).argParser(collect),
  );
}

/** For another machine to publish. */
export function addOutOption(command: Command): Command {
  return command.option(
    '--out <folder>',
    'write the images there, for `publish` on another machine',
  );
}

/** What decides how images are built. */
export function addBuildOptions(command: Command): Command {
  return addAddonOption(addBuildArgOption(command))
    .addOption(
      new Option(
        '--arch <arch>',
        'only this architecture; repeatable (amd64, arm64, armv7 …)',
      ).argParser(collect),
    )
    .addOption(
      new Option('--base-mirror <from=to>', 'pull base images from a mirror; repeatable').argParser(
        collect,
      ),
    )
    .addOption(
      new Option(
        '--builder <[arch=]name>',
        'buildx builder or Docker context that builds, for one architecture or all; repeatable',
      ).argParser(collect),
    );
}

/** Where the images are. */
export function addImageOptions(command: Command): Command {
  return command
    .option('--registry <host>', 'use this registry instead of the one in `image`')
    .option('--image <name>', 'use this name instead of `image` in config.yaml');
}

/** What decides how images are built, and where they go. */
export function addCommonOptions(command: Command): Command {
  return addBuildIndexOption(
    addImageOptions(addBuildOptions(command))
      .option('--no-cache', 'build without the build cache')
      .option(
        '--build-cache <where>',
        'keep finished steps for other machines: registry[=NAME], gha or local=FOLDER',
      ),
  );
}

/** What a release publishes, and where it is announced. */
export function addReleaseOptions(command: Command): Command {
  return command
    .option('--replace', 'overwrite the version if it exists with other content')
    .option('--channel <name>', "stable, beta or edge (default: by the version's form)")
    .option('--no-smoke', 'publish without smoke tests')
    .option('--allow-dirty', 'release uncommitted changes too')
    .option('--no-git', 'write the version into config.yaml, but commit, tag and push nothing')
    .option('--no-github', 'make no GitHub Release');
}

export function addDryRunOption(command: Command): Command {
  return command.option('--dry-run', 'print the plan and write nothing');
}

export function addVerbosityOptions(command: Command): Command {
  return command
    .option('-v, --verbose', 'show the output of every tool and container')
    .option('-q, --quiet', 'show warnings and errors only');
}

export function addOutputOptions(command: Command): Command {
  return addVerbosityOptions(
    command.option('--json', 'print the result as JSON, alone on standard output'),
  );
}
