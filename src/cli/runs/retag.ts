import { retagSteps } from '../../pipeline/pipeline.js';
import { renderRetag } from '../../report/retag-text.js';
import type { CommandContext, CommandResult, Invocation } from '../command.js';
import type { RetagFlags } from '../commands/rollback.js';
import { parseFlags } from '../parse-flags.js';
import { runRecorded } from './steps.js';

/** Leads tags and store to a version that is published. */
export async function runRetag(
  command: 'rollback' | 'promote',
  invocation: Invocation<RetagFlags>,
  context: CommandContext,
): Promise<CommandResult> {
  const { args, flags } = invocation;
  const { channel, as: alias, git, ...common } = flags;
  const { workingDirectory, signal } = context;
  const steps = retagSteps(command, { channel, alias });
  const options = Object.freeze({
    ...parseFlags({ command, args, flags: common }, context),
    git: git !== false,
  });
  const { results, error, runFolder } = await runRecorded({
    command: { name: command, args, flags: { ...flags }, workingDirectory },
    steps: options.dryRun ? steps.preview : steps.all,
    options,
    flags,
    signal,
  });
  const { retag, retagged, restored } = results;
  if (retag === undefined) return { text: '', json: {}, error };
  const done = error === undefined && !options.dryRun;
  return {
    text: renderRetag(retag, { isPlan: options.dryRun, isDone: done }),
    json: {
      plan: retag,
      ...(retagged === undefined ? {} : { tags: retagged.references }),
      ...(restored === undefined ? {} : { store: restored }),
      runFolder,
    },
    error,
  };
}
