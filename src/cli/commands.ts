import type { CommandDefinition, CommandGroup } from './command.js';
import { buildCommand } from './commands/build.js';
import { builderCommands } from './commands/builder.js';
import { cacheCommands } from './commands/cache.js';
import { ciCommands } from './commands/ci.js';
import { completionCommand } from './commands/completion.js';
import { devCommand } from './commands/dev.js';
import { doctorCommand } from './commands/doctor.js';
import { edgeCommand } from './commands/edge.js';
import { historyCommand } from './commands/history.js';
import { initCommand } from './commands/init.js';
import { lintCommand } from './commands/lint.js';
import { migrateCommand } from './commands/migrate.js';
import { planCommand } from './commands/plan.js';
import { promoteCommand } from './commands/promote.js';
import { publishCommand } from './commands/publish.js';
import { pruneCommand } from './commands/prune.js';
import { reportCommand } from './commands/report.js';
import { resumeCommand } from './commands/resume.js';
import { rollbackCommand } from './commands/rollback.js';
import { testCommand } from './commands/test.js';
import { verifyCommand } from './commands/verify.js';

/** Every command beside the release itself, in the order of the help. */
export const COMMANDS: readonly (CommandDefinition | CommandGroup)[] = [
  initCommand,
  buildCommand,
  testCommand,
  planCommand,
  publishCommand,
  edgeCommand,
  resumeCommand,
  reportCommand,
  historyCommand,
  verifyCommand,
  rollbackCommand,
  promoteCommand,
  pruneCommand,
  lintCommand,
  migrateCommand,
  cacheCommands,
  devCommand,
  doctorCommand,
  builderCommands,
  ciCommands,
  completionCommand,
];
