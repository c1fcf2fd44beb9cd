import { DevConsole } from '../../dev/dev-console.js';
import type { DevInputs } from '../../dev/dev-loop.js';
import { runDevSession } from '../../dev/dev-session.js';
import { LayerUploads } from '../../engine/layer-uploads.js';
import { AddonReleaseError } from '../../errors.js';
import { NO_JOURNAL } from '../../pipeline/journal.js';
import { PIPELINES, REREAD } from '../../pipeline/pipeline.js';
import { createOnce } from '../../pipeline/once.js';
import type { Results } from '../../pipeline/results.js';
import { runPipeline } from '../../pipeline/run.js';
import type { Step, StepContext } from '../../pipeline/step.js';
import type { Emit } from '../../report/events.js';
import { createLogFileReporter } from '../../report/log-files.js';
import { wantsColor } from '../../report/style.js';
import type { CommandContext, CommandResult, Invocation } from '../command.js';
import { connectRegistry } from '../connect-registry.js';
import type { DevFlags } from '../commands/dev.js';
import { parseDevFlags, parseFlags } from '../parse-flags.js';
import { createRunFolder, locksFolder } from '../run-folder.js';

/** Shows each notice once: the files are read again after every change. */
function showOnce(emit: Emit): Emit {
  const shown = new Set<string>();
  return (event) => {
    if (event.type === 'notice') {
      if (shown.has(event.message)) return;
      shown.add(event.message);
    }
    emit(event);
  };
}

/** @throws the failure of the step at which it stops */
async function takeSteps(
  steps: readonly Step[],
  context: StepContext,
  known?: Partial<Results>,
): Promise<Results> {
  const { results, error } = await runPipeline(steps, context, known);
  if (error instanceof Error) throw error;
  // All steps have run or thrown: what they promise is there.
  return results as Results;
}

function toInputs({ addon, smoke, plan }: Results): DevInputs {
  return { addon, smokeFile: smoke.smokeFile, plan };
}

/** The container's ports and page are those of this machine. */
function requireOwnEngine({ plan: { architectures } }: DevInputs): void {
  const context = architectures[0]?.machine.context;
  if (context === undefined) return;
  throw new AddonReleaseError(
    'usage',
    `dev can't run the add-on in the Docker context "${context}"`,
    {
      hint: 'Leave --builder out, or choose a builder that loads into the engine in use.',
    },
  );
}

/** Keeps the add-on running until the user ends it, which is no failure. */
export async function runDev(
  invocation: Invocation<DevFlags>,
  commandContext: CommandContext,
): Promise<CommandResult> {
  const { flags } = invocation;
  const { signal } = commandContext;
  const options = parseFlags(invocation, commandContext);
  const devOptions = parseDevFlags(flags);
  const runFolder = await createRunFolder(options.workingDirectory, options.environment);
  const console = new DevConsole({
    write: (text) => process.stdout.write(text),
    color: wantsColor(options.environment) && process.stdout.isTTY,
    verbose: flags.verbose === true,
    quiet: flags.quiet === true,
  });
  const logs = createLogFileReporter({
    runDir: runFolder,
    onWriteError: (message) => {
      console.warn(message);
    },
  });
  const emit = showOnce((event) => {
    console.emit(event);
    logs.emit(event);
  });
  const registry = connectRegistry({ environment: options.environment, signal }, emit);
  const context: StepContext = {
    options,
    emit,
    signal,
    runFolder,
    registry,
    uploads: new LayerUploads({ registry, runFolder, emit, signal }),
    // Nothing of what it runs leaves anything for later.
    atEnd: () => undefined,
    once: createOnce(),
    journal: NO_JOURNAL,
    locksFolder: locksFolder(options.environment),
  };
  try {
    const first = await takeSteps(PIPELINES.dev, context);
    const { engine, machines, preflight } = first;
    requireOwnEngine(toInputs(first));
    await runDevSession({
      inputs: toInputs(first),
      reload: async (newer) =>
        toInputs(
          await takeSteps(REREAD, { ...context, signal: newer }, { engine, machines, preflight }),
        ),
      engine,
      options,
      ...devOptions,
      runFolder,
      console,
      emit,
      signal,
    });
  } catch (error) {
    // The user ended it, whatever was going on at that moment.
    if (!signal.aborted) throw error;
  } finally {
    await logs.close();
  }
  return { text: '', json: {}, error: undefined };
}
