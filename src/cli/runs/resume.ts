import { basename } from 'node:path';
import { AddonReleaseError } from '../../errors.js';
import { isRunning } from '../../journal/journal.js';
import { findLastJournal, type FoundJournal } from '../../journal/read.js';
import type { Journal } from '../../pipeline/journal.js';
import { PIPELINES } from '../../pipeline/pipeline.js';
import type { CommandContext, CommandResult, Flags, Invocation } from '../command.js';
import { findNamedRun } from '../find-run.js';
import { parseFlags } from '../parse-flags.js';
import { runsFolder } from '../run-folder.js';
import { runRetag } from './retag.js';
import { describeRun, runRecorded } from './steps.js';

/** What a journal's command was, of those that can be gone on with. */
function kindOf({ command }: Journal): 'release' | 'rollback' | 'promote' | undefined {
  const { name, flags } = command;
  if (name === 'rollback' || name === 'promote') return name;
  const publishes = name === 'publish' || name === 'edge';
  return publishes || (name === 'release' && flags['multi'] === true) ? 'release' : undefined;
}

function describe({ runFolder, journal }: FoundJournal): string {
  const { plan, retag } = journal.results;
  const { name, args } = journal.command;
  const subject = plan ?? retag;
  const what = subject === undefined ? args.join(' ') : `${subject.slug} ${subject.version}`;
  const kind = kindOf(journal) === 'release' ? '' : `${name}: `;
  return `${kind}${what} (run ${basename(runFolder)})`;
}

/** The run that is named, or the last one that can be gone on with. */
async function findRun(named: string | undefined, context: CommandContext): Promise<FoundJournal> {
  if (named !== undefined) return findNamedRun(named, context);
  const runs = runsFolder(context.workingDirectory, context.environment);
  const last = await findLastJournal(runs, (journal) => kindOf(journal) !== undefined);
  if (last !== undefined) return last;
  throw new AddonReleaseError('usage', 'no release was begun in this folder', {
    hint: 'Run it where the release was started, or begin one: `addon-release VERSION --multi`.',
  });
}

/** Flags that say how to show a run belong to the process, all others to the run. */
function withOutputFlags(recorded: Journal['command']['flags'], given: Flags): Flags {
  const { json, verbose, quiet } = given;
  return {
    ...recorded,
    json: json === true,
    verbose: verbose === true,
    quiet: quiet === true,
  };
}

/** Goes on with a release, a rollback or a promotion that failed, was interrupted or killed. */
export async function runResume(
  invocation: Invocation,
  context: CommandContext,
): Promise<CommandResult> {
  const found = await findRun(invocation.args[0], context);
  const { journal, runFolder } = found;
  const kind = kindOf(journal);
  if (kind === undefined) {
    throw new AddonReleaseError('usage', `${describe(found)} can't be gone on with`, {
      hint: 'Run the same command again: what it did is not done twice.',
    });
  }
  if (journal.status === 'finished') {
    const text = `${describe(found)} is finished: there is nothing to do.`;
    return { text, json: { runFolder, results: journal.results }, error: undefined };
  }
  if (await isRunning(journal)) {
    throw new AddonReleaseError('environment', `${describe(found)} is still running`, {
      hint: 'Wait until it has ended.',
    });
  }
  const flags = withOutputFlags(journal.command.flags, invocation.flags);
  const { name, args, workingDirectory } = journal.command;
  if (kind !== 'release') {
    const again = { ...context, workingDirectory };
    return runRetag(kind, { command: name, args, flags }, again, found);
  }
  const options = parseFlags(
    { command: name, args, flags },
    { workingDirectory, environment: context.environment },
  );
  const run = await runRecorded({
    command: journal.command,
    steps: PIPELINES.release,
    options,
    flags,
    signal: context.signal,
    previous: found,
  });
  return describeRun(run);
}
