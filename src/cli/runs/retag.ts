import type { FoundJournal } from '../../journal/read.js';
import { retagSteps } from '../../pipeline/pipeline.js';
import { renderRetag } from '../../report/retag-text.js';
import type { CommandContext, CommandResult, Invocation } from '../command.js';
import type { RetagFlags } from '../commands/rollback.js';
import { parseFlags } from '../parse-flags.js';
import { runRecorded } from './steps.js';

/**
 * Leads tags and store to a version that is published.
 *
 * @param previous the run that is gone on with
 */
export async function runRetag(
  command: 'rollback' | 'promote',
  invocation: Invocation<RetagFlags>,
  context: CommandContext,
  previous?: FoundJournal,
): Promise<CommandResult> {
  const { args, flags } = invocation;
  const { channel, as: alias, git, github, ...common } = flags;
  const { workingDirectory, signal } = context;
  const steps = retagSteps(command, { channel, alias });
  const options = Object.freeze({
    ...parseFlags({ command, args, flags: common }, context),
    git: git !== false,
    github: github !== false,
  });
  const { results, error, runFolder } = await runRecorded({
    command: { name: command, args, flags: { ...flags }, workingDirectory },
    steps: options.dryRun ? steps.preview : steps.all,
    options,
    flags,
    signal,
    ...(previous === undefined ? {} : { previous }),
  });
  const { retag, retagged, restored, marked } = results;
  if (retag === undefined) return { text: '', json: {}, error };
  const done = error === undefined && !options.dryRun;
  return {
    text: renderRetag(retag, { isPlan: options.dryRun, isDone: done }),
    json: {
      plan: retag,
      ...(retagged === undefined ? {} : { tags: retagged.references }),
      ...(restored === undefined ? {} : { store: restored }),
      ...(marked === undefined ? {} : { githubReleases: marked.tags }),
      runFolder,
    },
    error,
  };
}
