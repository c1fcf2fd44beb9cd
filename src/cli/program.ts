import { Command, Option } from 'commander';
import { VERSION } from '../version.js';

/** Flags as commander hands them over, before they are checked. */
export interface Flags {
  readonly addon?: string;
  readonly arch?: readonly string[];
  readonly multi?: boolean;
  readonly replace?: boolean;
  readonly registry?: string;
  readonly image?: string;
  readonly baseMirror?: readonly string[];
  readonly builder?: string;
  readonly buildArg?: readonly string[];
  readonly cache?: boolean;
  readonly dryRun?: boolean;
  readonly fix?: boolean;
  readonly run?: string;
  readonly port?: string;
  readonly json?: boolean;
  readonly verbose?: boolean;
  readonly quiet?: boolean;
}

export type CommandName = 'release' | 'build' | 'test' | 'dev' | 'doctor';

/** What the command line asks for. */
export interface Invocation {
  readonly command: CommandName;
  readonly version: string | undefined;
  readonly flags: Flags;
}

function collect(value: string, previous: readonly string[] | undefined): readonly string[] {
  return [...(previous ?? []), value];
}

/** Flags that the program shares with a command may stand before its name too. Repeatable ones add up. */
function mergeFlags(before: Flags, behind: Flags): Flags {
  const lists = Object.fromEntries(
    (['arch', 'baseMirror', 'buildArg'] as const).flatMap((name) => {
      const values = [...(before[name] ?? []), ...(behind[name] ?? [])];
      return values.length === 0 ? [] : [[name, values]];
    }),
  );
  // Commander sets `cache` wherever `--no-cache` is known.
  const cache = before.cache !== false && behind.cache !== false;
  return { ...before, ...behind, ...lists, cache };
}

/** Commander counts arguments; people want to know what is wrong with them. */
function describeExcess([first = '', ...others]: readonly string[]): string {
  if (!/^v?\d/i.test(first)) return `unknown command '${first}'`;
  return `only one version is released at a time, and ${others.join(' ')} came after ${first}`;
}

const EXIT_CODE_HELP = `
Exit codes:
  0  done                       5  an image did not build
  1  a defect in addon-release  6  an image failed its smoke test
  2  wrong flags or version     7  the registry refused or is out of reach
  3  wrong file of the add-on   8  published is not what was tested
  4  missing tool or engine     9  config.yaml or git could not be written
  130  interrupted`;

function addBuildOptions(command: Command): Command {
  return command
    .option('--addon <path>', 'folder of the add-on (default: found from the working directory)')
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
    .option('--builder <name>', 'buildx builder to use')
    .addOption(
      new Option('--build-arg <name=value>', 'build argument; repeatable').argParser(collect),
    );
}

function addCommonOptions(command: Command): Command {
  return addBuildOptions(command)
    .option('--registry <host>', 'publish to this registry instead of the one in `image`')
    .option('--image <name>', 'publish under this name instead of `image` in config.yaml')
    .option('--no-cache', 'build without the build cache');
}

function addVerbosityOptions(command: Command): Command {
  return command
    .option('-v, --verbose', 'show the output of every tool and container')
    .option('-q, --quiet', 'show warnings and errors only');
}

function addOutputOptions(command: Command): Command {
  return addVerbosityOptions(
    command.option('--json', 'print the result as JSON, alone on standard output'),
  );
}

/**
 * Describes the command line. `onInvocation` is told what was asked for; nothing is run here, so that `--help` loads
 * nothing else.
 */
export function createProgram(onInvocation: (invocation: Invocation) => void): Command {
  const program = new Command('addon-release');
  program
    .description('Build, smoke-test and publish multi-architecture Home Assistant add-ons.')
    .version(VERSION, '-V, --version')
    .argument('[version]', 'version to release, for example 1.2.3 or 2026.2.1')
    .option('--multi', 'every architecture of the add-on, and publish: the full release')
    .option('--replace', 'overwrite the version if it exists with other content')
    .option('--dry-run', 'print the plan and write nothing')
    .showHelpAfterError('(add --help for all flags)')
    .showSuggestionAfterError()
    .helpCommand('help [command]', 'show the help of a command')
    // Else the program would take a command's flags, known to the command or not.
    .enablePositionalOptions()
    .exitOverride()
    .allowExcessArguments()
    .action((version: string | undefined, flags: Flags, { args }: Command) => {
      if (args.length > 1) program.error(`error: ${describeExcess(args)}`);
      onInvocation({ command: 'release', version, flags });
    })
    .addHelpText(
      'after',
      `
Examples:
  addon-release 1.2.3 --multi              release every architecture
  addon-release 1.2.3 --multi --dry-run    print everything that would be written
  addon-release 1.2.3                      build and test for this machine, publish nothing
  addon-release test --arch arm64          build and smoke-test one architecture
  addon-release doctor --fix               check this machine and mend what can be mended
${EXIT_CODE_HELP}`,
    );
  addOutputOptions(addCommonOptions(program));

  const describeCommand = (name: CommandName, description: string, examples: string) =>
    program
      .command(name)
      .description(description)
      .allowExcessArguments(false)
      .showHelpAfterError('(add --help for all flags)')
      .exitOverride()
      .addHelpText('after', `\nExamples:\n${examples}`)
      .action((flags: Flags) => {
        const all = mergeFlags(program.opts<Flags>(), flags);
        onInvocation({ command: name, version: undefined, flags: all });
      });
  const subcommand: typeof describeCommand = (...description) =>
    addOutputOptions(describeCommand(...description));

  addCommonOptions(
    subcommand(
      'build',
      "build the add-on's images and load them into the local engine",
      `  addon-release build                      every architecture of the add-on
  addon-release build --arch amd64         one architecture
  addon-release build --build-arg DEBUG=1  with a build argument`,
    ),
  ).option('--dry-run', 'print the plan and write nothing');
  addCommonOptions(
    subcommand(
      'test',
      'build if needed, then run each image as the Supervisor would and check it',
      `  addon-release test                          every architecture of the add-on
  addon-release test --arch arm64             one architecture
  addon-release test --arch amd64 --verbose   with the container's log`,
    ),
  ).option('--dry-run', 'print the plan and write nothing');
  addBuildOptions(
    addVerbosityOptions(
      describeCommand(
        'dev',
        'keep the add-on running and build and start it again when its files change',
        `  addon-release dev               with its page and options at http://127.0.0.1:8199
  addon-release dev --run tls     with the options of a run in smoke.yaml
  addon-release dev --port 8080   with the page at another port`,
      ),
    ),
  )
    .option('--run <name>', 'start with the options of this run in smoke.yaml')
    .option('--port <number>', 'serve the page and the options at this port of 127.0.0.1');
  addCommonOptions(
    subcommand(
      'doctor',
      'check the tools, the engine, emulation and the registry that a release needs',
      `  addon-release doctor         what is there, what is missing, and how to mend it
  addon-release doctor --fix   mend what can safely be mended`,
    ),
  ).option('--fix', 'do what can safely be done');
  return program;
}
