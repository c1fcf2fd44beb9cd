import { Command } from 'commander';
import { VERSION } from '../version.js';
import type { CommandDefinition, Flags, Invocation } from './command.js';
import { COMMANDS } from './commands.js';
import { releaseCommand } from './commands/release.js';
import { findClosest } from '../lint/closest.js';
import { mergeFlags } from './flags.js';

function describeUnknown(word: string, names: readonly string[]): string {
  const meant = findClosest(word, names);
  const suggestion = meant === undefined ? '' : `\n(Did you mean ${meant}?)`;
  return `unknown command '${word}'${suggestion}`;
}

/** Commander counts arguments; people want to know what is wrong with them. */
function describeMistake([first, ...others]: readonly string[]): string | undefined {
  if (first === undefined) return undefined;
  // Every version has a digit, and no command has.
  if (!/\d/.test(first)) {
    return describeUnknown(
      first,
      COMMANDS.map(({ name }) => name),
    );
  }
  // What may be a version is looked at later, with the other flags.
  if (others.length === 0) return undefined;
  if (!/^v?\d/i.test(first)) return `unknown command '${first}'`;
  return `only one version is released at a time, and ${others.join(' ')} came after ${first}`;
}

/** Commander's own takes a mistyped name for none, and knows nothing of commands below others. */
function addHelpCommand(program: Command): void {
  program
    .helpCommand(false)
    .command('help')
    .description('show the help of a command')
    .argument('[command...]')
    .exitOverride()
    .action((names: readonly string[]) => {
      let shown = program;
      for (const name of names) {
        const { commands } = shown;
        const next = commands.find((command) => command.name() === name);
        shown =
          next ??
          program.error(
            `error: ${describeUnknown(
              name,
              commands.map((command) => command.name()),
            )}`,
          );
      }
      shown.help();
    });
}

const EXIT_CODE_HELP = `
Exit codes:
  0  done                       5  an image did not build
  1  a defect in addon-release  6  an image failed its smoke test
  2  wrong flags or version     7  the registry refused or is out of reach
  3  wrong file of the add-on   8  published is not what was tested
  4  missing tool or engine     9  config.yaml or git could not be written
  130  interrupted`;

/** Told what was asked for, and who answers. */
export type OnInvocation = (invocation: Invocation, definition: CommandDefinition) => void;

/**
 * Describes the command line. `onInvocation` is told what was asked for; nothing is run here, so that `--help` loads
 * nothing else.
 */
export function createProgram(onInvocation: OnInvocation): Command {
  const program = new Command('addon-release');
  program
    .description(releaseCommand.description)
    .version(VERSION, '-V, --version')
    .showHelpAfterError('(add --help for all flags)')
    .showSuggestionAfterError()
    // Else the program would take a command's flags, known to the command or not.
    .enablePositionalOptions()
    .exitOverride()
    .allowExcessArguments()
    .action((_version: string | undefined, flags: Flags, { args }: Command) => {
      const mistake = describeMistake(args);
      if (mistake !== undefined) program.error(`error: ${mistake}`);
      onInvocation({ command: releaseCommand.name, args, flags }, releaseCommand);
    })
    .addHelpText('after', `\nExamples:\n${releaseCommand.examples}\n${EXIT_CODE_HELP}`);
  for (const { syntax, description } of releaseCommand.arguments ?? []) {
    program.argument(syntax, description);
  }
  releaseCommand.configure(program);

  const add = (parent: Command, definition: CommandDefinition, prefix: string) => {
    const { name, description, examples } = definition;
    const command = parent
      .command(name)
      .description(description)
      .allowExcessArguments(false)
      .showHelpAfterError('(add --help for all flags)')
      .exitOverride()
      .addHelpText('after', `\nExamples:\n${examples}`);
    for (const argument of definition.arguments ?? []) {
      command.argument(argument.syntax, argument.description);
    }
    definition.configure(command);
    command.action(() => {
      const flags = mergeFlags(program.opts<Flags>(), command.opts<Flags>());
      onInvocation({ command: `${prefix}${name}`, args: command.args, flags }, definition);
    });
  };
  for (const entry of COMMANDS) {
    if (!('commands' in entry)) {
      add(program, entry, '');
      continue;
    }
    const group = program
      .command(entry.name)
      .description(entry.description)
      .showHelpAfterError('(add --help for all flags)')
      .exitOverride()
      .addHelpText('after', `\nExamples:\n${entry.examples}`);
    for (const definition of entry.commands) add(group, definition, `${entry.name} `);
  }
  addHelpCommand(program);
  return program;
}
