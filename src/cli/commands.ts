import type { CommandDefinition, CommandGroup } from './command.js';
import { buildCommand } from './commands/build.js';
import { ciCommands } from './commands/ci.js';
import { devCommand } from './commands/dev.js';
import { doctorCommand } from './commands/doctor.js';
import { lintCommand } from './commands/lint.js';
import { resumeCommand } from './commands/resume.js';
import { testCommand } from './commands/test.js';
import { verifyCommand } from './commands/verify.js';

/** Every command beside the release itself, in the order of the help. */
export const COMMANDS: readonly (CommandDefinition | CommandGroup)[] = [
  buildCommand,
  testCommand,
  resumeCommand,
  verifyCommand,
  lintCommand,
  devCommand,
  doctorCommand,
  ciCommands,
];
