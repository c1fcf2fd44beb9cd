import type { Command } from 'commander';

/** Flags that several commands have, as commander hands them over, before they are checked. */
export interface Flags {
  readonly addon?: string;
  readonly arch?: readonly string[];
  readonly multi?: boolean;
  readonly replace?: boolean;
  readonly channel?: string;
  readonly registry?: string;
  readonly image?: string;
  readonly baseMirror?: readonly string[];
  readonly builder?: readonly string[];
  readonly buildArg?: readonly string[];
  readonly buildIndex?: readonly string[];
  readonly cache?: boolean;
  readonly buildCache?: string;
  readonly out?: string;
  readonly from?: readonly string[];
  readonly smoke?: boolean;
  readonly git?: boolean;
  readonly github?: boolean;
  readonly allowDirty?: boolean;
  readonly dryRun?: boolean;
  readonly all?: boolean;
  readonly changed?: boolean;
  readonly bump?: string;
  readonly jobs?: string;
  readonly json?: boolean;
  readonly verbose?: boolean;
  readonly quiet?: boolean;
}

/** What the command line asks for. */
export interface Invocation<Own extends Flags = Flags> {
  /** The command's full name: "release", "test", "cache check". */
  readonly command: string;
  /** What stands beside the flags: a version, paths. */
  readonly args: readonly string[];
  readonly flags: Own;
}

/** What a command may use of the process it runs in. */
export interface CommandContext {
  /** Aborted by SIGINT and SIGTERM. */
  readonly signal: AbortSignal;
  readonly workingDirectory: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** What a command has to say at its end: text for people, data for programs. */
export interface CommandResult {
  readonly text: string;
  readonly json: Readonly<Record<string, unknown>>;
  readonly error: unknown;
}

/** One command: its place on the command line, its help, and what it does. */
export interface CommandDefinition<Own extends Flags = Flags> {
  readonly name: string;
  readonly description: string;
  /** As commander writes them: "[version]", "<path...>". */
  readonly arguments?: readonly { readonly syntax: string; readonly description: string }[];
  /** Lines of the help: command, then what it does. */
  readonly examples: string;
  /** Adds its flags. */
  readonly configure: (command: Command) => unknown;
  /** Loads what it needs only when it is called: `--help` and the other commands start without. */
  readonly run: (
    invocation: Invocation<Own>,
    context: CommandContext,
  ) => CommandResult | Promise<CommandResult>;
}

/** Commands below a common word: `cache check`. */
export interface CommandGroup {
  readonly name: string;
  readonly description: string;
  /** Lines of the help: one of each command, then what it does. */
  readonly examples: string;
  readonly commands: readonly CommandDefinition[];
}

/** Ties a command's flags to what its `run` reads. */
export function defineCommand<Own extends Flags>(
  definition: CommandDefinition<Own>,
): CommandDefinition {
  // Commander hands over exactly the flags that `configure` has named, so widening the parameter is safe.
  return definition as unknown as CommandDefinition;
}
