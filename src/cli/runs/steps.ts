import { removeArchives } from '../../engine/candidate-archive.js';
import { PIPELINES } from '../../pipeline/pipeline.js';
import { runPipeline } from '../../pipeline/run.js';
import { createRegistryClient } from '../../registry/client.js';
import { createLogFileReporter } from '../../report/log-files.js';
import { renderPlan } from '../../report/plan-text.js';
import { createReporter } from '../../report/select.js';
import { teeReporters } from '../../report/tee.js';
import type { CommandContext, CommandResult, Invocation } from '../command.js';
import { parseFlags } from '../parse-flags.js';
import { createRunFolder } from '../run-folder.js';
import { renderSummary, summarize } from '../summary.js';

/** Runs the part of the pipeline that a command stands for, with its progress on standard error. */
export async function runSteps(
  invocation: Invocation,
  context: CommandContext,
): Promise<CommandResult> {
  const { command, flags } = invocation;
  const { signal } = context;
  const options = parseFlags(invocation, context);
  const runFolder = await createRunFolder(options.workingDirectory, options.environment);
  const screen = await createReporter({
    stdout: process.stdout,
    stderr: process.stderr,
    env: options.environment,
    json: flags.json === true,
    quiet: flags.quiet === true,
    verbose: flags.verbose === true,
  });
  const logs = createLogFileReporter({
    runDir: runFolder,
    onWriteError: (message) => {
      screen.emit({ type: 'notice', level: 'warning', message });
    },
  });
  const reporter = teeReporters([screen, logs]);
  const release = options.publish ? PIPELINES.release : PIPELINES.test;
  const steps = options.dryRun
    ? PIPELINES.plan
    : command === 'release'
      ? release
      : PIPELINES[command as 'build' | 'test'];
  try {
    const { results, error } = await runPipeline(steps, {
      options,
      emit: reporter.emit,
      signal,
      runFolder,
      registry: createRegistryClient({
        credentials: 'docker-config',
        signal,
        onRetry: ({ operation, cause, delayMs }) => {
          const message = `${operation}: ${cause}; trying again in ${Math.round(delayMs)} ms`;
          reporter.emit({ type: 'notice', level: 'warning', message });
        },
      }),
    });
    await reporter.close();
    const { plan } = results;
    if (options.dryRun) {
      return {
        text: plan === undefined ? '' : renderPlan(plan),
        json: plan === undefined ? {} : { plan },
        error,
      };
    }
    const summary = summarize(results, runFolder);
    return { text: renderSummary(summary), json: summary.json, error };
  } catch (error) {
    await reporter.close();
    throw error;
  } finally {
    await removeArchives(runFolder);
  }
}
