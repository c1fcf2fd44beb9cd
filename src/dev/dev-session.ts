import { sep } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Engine } from '../engine/docker.js';
import { AddonReleaseError } from '../errors.js';
import type { ReleaseOptions } from '../pipeline/options.js';
import { describeIndexes } from '../plan/build-index.js';
import type { Emit } from '../report/events.js';
import { listNotExercised } from '../smoke/container-settings.js';
import { openEnvironment, type SmokeEnvironment } from '../smoke/environment.js';
import { sidecarScript } from '../smoke/sidecar-script.js';
import { AddonRunner } from './addon-runner.js';
import { buildOnce, removeReplacedImage } from './build-once.js';
import { chooseRun } from './dev-options.js';
import { DevLoop, type DevInputs, type LoopRequest } from './dev-loop.js';
import { startDevServer, type DevServer } from './dev-server.js';
import { watchFiles } from './watch-files.js';

export interface DevRequest extends Omit<LoopRequest, 'build' | 'onReplaced' | 'onDefect'> {
  readonly engine: Engine;
  readonly options: ReleaseOptions;
  readonly runFolder: string;
  readonly emit: Emit;
  /** `--port`; undefined = the usual one, or any other that is free. */
  readonly port: number | undefined;
  /** `--debug-port` */
  readonly debugPorts: readonly number[];
}

/** On Ctrl-C the sidecar may end before this process has seen the signal. */
const GRACE_MS = 1_000;

/** Rejects when the stand-in Supervisor ends although nobody wants it to. */
async function watchSupervisor({ ended }: SmokeEnvironment, signal: AbortSignal): Promise<void> {
  await ended;
  await sleep(GRACE_MS, undefined, { signal }).catch(() => undefined);
  if (signal.aborted) return;
  throw new AddonReleaseError('environment', 'the stand-in Supervisor ended', {
    hint: 'Was the Docker engine stopped? Start it, then run `addon-release dev` again.',
  });
}

/** What was opened, to be closed in the reverse order. */
class Closing {
  readonly #actions: (() => unknown)[] = [];

  add(action: () => unknown): void {
    this.#actions.unshift(action);
  }

  /** Does all of it, and throws the first failure afterwards. */
  async close(): Promise<void> {
    const failures: unknown[] = [];
    for (const action of this.#actions) {
      try {
        await action();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      resolve();
    };
    if (signal.aborted) done();
    else signal.addEventListener('abort', done, { once: true });
  });
}

/**
 * Keeps an add-on running as the Supervisor would run it, until `signal` is aborted: builds and starts it again when
 * its files change, and serves its page and its options on this machine. Whatever happens, nothing is left in the
 * engine but the image.
 *
 * @throws AddonReleaseError `usage` when smoke.yaml has no such run, `environment` when the engine or the port is
 * not available
 */
export async function runDevSession(request: DevRequest): Promise<void> {
  const { engine, options, console, runFolder, debugPorts, signal } = request;
  const { addon, smokeFile } = request.inputs;
  // A wrong --run is found before anything is started.
  chooseRun(smokeFile, request.runName);
  const secrets = describeIndexes(options.buildIndexes);
  const defect = new AbortController();
  const loop = new DevLoop({
    ...request,
    build: (plan, newer) => buildOnce({ ...request, plan, secrets, signal: newer }),
    onReplaced: removeReplacedImage,
    onDefect: (error) => {
      defect.abort(error);
    },
  });
  const closing = new Closing();
  try {
    const environment = await openEnvironment({
      engine,
      baseMirrors: options.baseMirrors,
      scriptFile: sidecarScript(),
      folder: runFolder,
      hooks: loop.hooks,
      publish: true,
      signal,
    });
    closing.add(() => environment.close());
    const runner = new AddonRunner({
      engine,
      environment,
      console,
      runFolder,
      debugPorts,
      signal,
    });
    closing.add(() => runner.close());
    const server = await startDevServer(loop, request.port);
    closing.add(() => server.close());
    closing.add(() => loop.stop());
    const watch = await watchFiles({
      folder: addon.folder,
      dockerfile: () => loop.inputs.plan.architectures[0]?.dockerfile ?? '',
      others: () => listOtherFiles(loop.inputs),
      onChange: (paths) => {
        loop.filesChanged(paths);
      },
    });
    closing.add(() => {
      watch.close();
    });
    greet(request, server, environment);
    loop.begin(runner);
    const supervised = watchSupervisor(environment, signal);
    await Promise.race([untilAborted(signal), untilAborted(defect.signal), supervised]);
    // Without the Supervisor everything else fails, too: its end is the better explanation.
    if (!signal.aborted) await Promise.race([supervised, sleep(2 * GRACE_MS)]);
  } finally {
    await closing.close();
  }
  if (!signal.aborted) defect.signal.throwIfAborted();
}

/** Files outside of the add-on's folder that its reading depends on. */
function listOtherFiles({ addon }: DevInputs): readonly string[] {
  const files = [addon.buildConfig.file, addon.repository?.file];
  return files.filter(
    (file): file is string => file !== undefined && !file.startsWith(addon.folder + sep),
  );
}

function greet(
  { inputs: { addon }, engine, console }: DevRequest,
  { port }: DevServer,
  { untested }: SmokeEnvironment,
): void {
  const address = `http://127.0.0.1:${port}`;
  for (const text of untested) console.warn(text);
  for (const text of listNotExercised(addon, engine.apparmor)) {
    console.say(`not exercised on this machine: ${text}`);
  }
  if (addon.ingress) console.say(`page                ${address}/`);
  console.say(`state and options   ${address}/.addon-release/`);
  console.say('Ctrl-C ends it and removes everything');
}
