import { basename } from 'node:path';
import { removeArchives } from '../../engine/candidate-archive.js';
import { LayerUploads } from '../../engine/layer-uploads.js';
import { AddonReleaseError } from '../../errors.js';
import { JournalWriter } from '../../journal/journal.js';
import { NO_JOURNAL, type Journal, type RecordedCommand } from '../../pipeline/journal.js';
import { createOnce } from '../../pipeline/once.js';
import type { ReleaseOptions } from '../../pipeline/options.js';
import { PIPELINES } from '../../pipeline/pipeline.js';
import { runPipeline, type RunOutcome } from '../../pipeline/run.js';
import type { Session } from '../../pipeline/session.js';
import type { Step, StepContext } from '../../pipeline/step.js';
import { createEventFileReporter } from '../../report/event-file.js';
import { createLogFileReporter } from '../../report/log-files.js';
import { renderPlan } from '../../report/plan-text.js';
import type { Reporter } from '../../report/reporter.js';
import { teeReporters } from '../../report/tee.js';
import type { CommandContext, CommandResult, Flags, Invocation } from '../command.js';
import { connectRegistry } from '../connect-registry.js';
import { exitCodeOf } from '../outcome.js';
import { openScreen } from '../open-screen.js';
import { parseFlags } from '../parse-flags.js';
import { createRunFolder, locksFolder } from '../run-folder.js';
import { renderSummary, summarize } from '../summary.js';

/** A run to be made or continued. */
export interface RunRequest {
  readonly command: RecordedCommand;
  readonly steps: readonly Step[];
  readonly options: ReleaseOptions;
  readonly flags: Flags;
  readonly signal: AbortSignal;
  /** The run that is continued, and its folder. */
  readonly previous?: { readonly journal: Journal; readonly runFolder: string };
}

export interface FinishedRun extends RunOutcome {
  readonly runFolder: string;
}

async function writeEnd(journal: JournalWriter, error: unknown): Promise<void> {
  const exitCode = exitCodeOf(error);
  if (error === undefined) {
    await journal.end('finished', exitCode);
    return;
  }
  const known = error instanceof AddonReleaseError ? error : undefined;
  const failure = {
    class: known?.failure ?? ('internal' as const),
    message: error instanceof Error ? error.message : 'something that is no error was thrown',
    hint: known?.hint,
  };
  const status = failure.class === 'interrupted' ? 'interrupted' : 'failed';
  // What went wrong is shown on the screen anyway; a full disk must not hide it.
  await journal.end(status, exitCode, failure).catch(() => undefined);
}

/** Lays the report into the run's folder. What was released is released, with or without it. */
async function drawReport(runFolder: string): Promise<void> {
  try {
    const { writeReport } = await import('../../release-report/draw.js');
    await writeReport(runFolder);
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unknown reason';
    process.stderr.write(`warning: the run's report could not be written: ${reason}\n`);
  }
}

/** A run that has been begun: its folder, its journal, and what its steps work with. */
export interface OpenRun {
  readonly context: StepContext;
  /** Gives back what the run holds and writes down its end. */
  readonly close: (outcome: RunOutcome) => Promise<void>;
}

/**
 * Begins a run, with its logs in files and what it does in the journal.
 *
 * @param runFolder an existing folder
 * @param screen shows the progress; it is closed with the run
 */
export async function openRun(
  {
    options,
    previous,
    command,
    signal,
  }: Pick<RunRequest, 'options' | 'previous' | 'command' | 'signal'>,
  runFolder: string,
  screen: Reporter,
  session?: Session,
): Promise<OpenRun> {
  const registry = connectRegistry({ environment: options.environment, signal }, (event) => {
    reporter.emit(event);
  });
  // A preview leaves nothing behind.
  const journal = options.dryRun
    ? undefined
    : await JournalWriter.start(runFolder, basename(runFolder), command, previous?.journal);
  const logs = createLogFileReporter({
    runDir: runFolder,
    onWriteError: (message) => {
      screen.emit({ type: 'notice', level: 'warning', message });
    },
  });
  const events = options.dryRun ? [] : [createEventFileReporter(runFolder)];
  const reporter = teeReporters([screen, logs, ...events]);
  const { emit } = reporter;
  const uploads = new LayerUploads({ registry, runFolder, emit, signal });
  const endings: Promise<void>[] = [];
  return {
    context: {
      options,
      emit,
      signal,
      runFolder,
      journal: journal ?? NO_JOURNAL,
      locksFolder: locksFolder(options.environment),
      registry,
      uploads,
      atEnd: (work) => {
        const ended = work.catch((error: unknown) => {
          const reason = error instanceof Error ? error.message : String(error);
          const message = `not everything was cleared away: ${reason}`;
          emit({ type: 'notice', level: 'warning', message });
        });
        endings.push(ended);
      },
      once: session?.once ?? createOnce(),
      session,
    },
    close: async ({ results, error }) => {
      await uploads.close();
      await Promise.all(endings);
      await reporter.close();
      await results.lock?.held?.release();
      await removeArchives(runFolder);
      if (journal === undefined) return;
      await writeEnd(journal, error);
      await drawReport(runFolder);
    },
  };
}

/** Runs steps with their progress on standard error, their logs in files and what they did in the journal. */
export async function runRecorded(request: RunRequest): Promise<FinishedRun> {
  const { options, flags, previous } = request;
  const runFolder =
    previous?.runFolder ?? (await createRunFolder(options.workingDirectory, options.environment));
  const screen = await openScreen(flags, options.environment);
  const run = await openRun(request, runFolder, screen);
  let outcome: RunOutcome = { results: {}, error: undefined };
  try {
    outcome = await runPipeline(request.steps, run.context);
  } finally {
    await run.close(outcome);
  }
  return { ...outcome, runFolder };
}

/** The end of a release, a build or a test as the command tells it. */
export function describeRun({ results, error, runFolder }: FinishedRun): CommandResult {
  const summary = summarize(results, runFolder);
  return { text: renderSummary(summary), json: summary.json, error };
}

function chooseSteps({ command }: Invocation, options: ReleaseOptions): readonly Step[] {
  if (options.dryRun) return PIPELINES.plan;
  if (options.publish) return PIPELINES.release;
  return command === 'release' ? PIPELINES.test : PIPELINES[command as 'build' | 'test'];
}

/** Runs the part of the pipeline that a command stands for. */
export async function runSteps(
  invocation: Invocation,
  context: CommandContext,
): Promise<CommandResult> {
  const { command, args, flags } = invocation;
  const { signal, workingDirectory } = context;
  const options = parseFlags(invocation, context);
  const run = await runRecorded({
    command: { name: command, args, flags: { ...flags }, workingDirectory },
    steps: chooseSteps(invocation, options),
    options,
    flags,
    signal,
  });
  if (!options.dryRun) return describeRun(run);
  const { plan } = run.results;
  return {
    text: plan === undefined ? '' : renderPlan(plan),
    json: plan === undefined ? {} : { plan },
    error: run.error,
  };
}
