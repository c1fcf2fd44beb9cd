import { basename, resolve } from 'node:path';
import { AddonReleaseError } from '../../errors.js';
import { isRunning } from '../../journal/journal.js';
import { listJournals, readJournal, type FoundJournal } from '../../journal/read.js';
import type { Journal } from '../../pipeline/journal.js';
import { PIPELINES } from '../../pipeline/pipeline.js';
import type { CommandContext, CommandResult, Flags, Invocation } from '../command.js';
import { parseFlags } from '../parse-flags.js';
import { runsFolder } from '../run-folder.js';
import { describeRun, runRecorded } from './steps.js';

function isRelease({ command }: Journal): boolean {
  return (
    command.name === 'publish' || (command.name === 'release' && command.flags['multi'] === true)
  );
}

function describe({ runFolder, journal }: FoundJournal): string {
  const { plan } = journal.results;
  const what = plan === undefined ? journal.command.args.join(' ') : `${plan.slug} ${plan.version}`;
  return `${what} (run ${basename(runFolder)})`;
}

/** The run that is named, by its folder or its folder's name, or the last release that did not finish. */
async function findRun(
  named: string | undefined,
  { workingDirectory, environment }: CommandContext,
): Promise<FoundJournal> {
  const runs = runsFolder(workingDirectory, environment);
  if (named !== undefined) {
    const runFolder = resolve(named.includes('/') ? workingDirectory : runs, named);
    const journal = await readJournal(runFolder);
    if (journal !== undefined) return { runFolder, journal };
    throw new AddonReleaseError('usage', `there is no run "${named}"`, {
      hint: 'Name the folder of a run, or leave it out for the last release from this folder.',
    });
  }
  const [last] = (await listJournals(runs)).filter(({ journal }) => isRelease(journal));
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

/** Goes on with a release that failed, was interrupted or killed. */
export async function runResume(
  invocation: Invocation,
  context: CommandContext,
): Promise<CommandResult> {
  const found = await findRun(invocation.args[0], context);
  const { journal, runFolder } = found;
  if (!isRelease(journal)) {
    throw new AddonReleaseError('usage', `${describe(found)} was no release`, {
      hint: 'Run the same command again: what was built comes from the cache.',
    });
  }
  if (journal.status === 'finished') {
    const text = `${describe(found)} is finished: there is nothing to do.`;
    return { text, json: { runFolder, results: journal.results }, error: undefined };
  }
  if (isRunning(journal)) {
    throw new AddonReleaseError('environment', `${describe(found)} is still running`, {
      hint: 'Wait until it has ended.',
    });
  }
  const flags = withOutputFlags(journal.command.flags, invocation.flags);
  const { name, args, workingDirectory } = journal.command;
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
