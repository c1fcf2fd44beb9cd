import { AddonReleaseError } from '../../errors.js';
import { pruneSteps } from '../../pipeline/pipeline.js';
import { renderRetention } from '../../report/retention-text.js';
import type { CommandContext, CommandResult, Invocation } from '../command.js';
import type { PruneFlags } from '../commands/prune.js';
import { parseFlags } from '../parse-flags.js';
import { runRecorded } from './steps.js';

const DEFAULT_KEEP = 10;

function parseCount(text: string, flag: string): number {
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text);
  throw new AddonReleaseError('usage', `${flag} "${text}" is not a number of versions`, {
    hint: 'Give a number from 1 to 9999.',
  });
}

/** Lists what the registry can do without; deletes it with --yes. */
export async function runPrune(
  invocation: Invocation<PruneFlags>,
  context: CommandContext,
): Promise<CommandResult> {
  const { args, flags } = invocation;
  const { keep, history, yes = false, dryRun = false, ...common } = flags;
  if (yes && dryRun) {
    throw new AddonReleaseError('usage', '--yes and --dry-run exclude each other');
  }
  const request = {
    keep: keep === undefined ? DEFAULT_KEEP : parseCount(keep, '--keep'),
    history: history === undefined ? undefined : parseCount(history, '--history'),
  };
  const options = parseFlags({ command: 'prune', args, flags: common }, context);
  const steps = pruneSteps(request);
  const { results, error, runFolder } = await runRecorded({
    command: {
      name: 'prune',
      args,
      flags: { ...flags },
      workingDirectory: context.workingDirectory,
    },
    steps: yes ? steps.all : steps.preview,
    options,
    flags,
    signal: context.signal,
  });
  const { retention, pruned } = results;
  if (retention === undefined) return { text: '', json: {}, error };
  const state = error !== undefined ? 'failed' : yes ? 'done' : 'plan';
  return {
    text: renderRetention(retention.repositories, state),
    json: {
      plan: retention,
      ...(pruned === undefined ? {} : { deleted: pruned.digests }),
      runFolder,
    },
    error,
  };
}
