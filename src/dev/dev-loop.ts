import type { PyDict } from '../addon/python-value.js';
import { renderJson } from '../addon/render-json.js';
import type { Addon } from '../addon/types.js';
import type { BuildResult, Candidate } from '../engine/build.js';
import { AddonReleaseError } from '../errors.js';
import type { ReleasePlan } from '../plan/release-plan.js';
import { renderError } from '../report/error-text.js';
import { formatDuration } from '../report/format.js';
import { toPlainObject } from '../addon/plain-json.js';
import { checkWrittenOptions } from '../smoke/prepare-runs.js';
import type { SmokeFile } from '../smoke/smoke-file.js';
import type { SupervisorHooks } from '../supervisor/server.js';
import type { AddonRunner, Start } from './addon-runner.js';
import { describeBuildFailure } from './build-once.js';
import type { DevConsole } from './dev-console.js';
import { adoptOptions, chooseRun, prepareStart, readOptions, showOptions } from './dev-options.js';
import type { DevControl } from './dev-server.js';
import { RequestLog } from './request-log.js';
import { LatestTask, SerialQueue } from './serial-queue.js';
import type { StatusView } from './status-page.js';

/** The add-on as its files say. */
export interface DevInputs {
  readonly addon: Addon;
  readonly smokeFile: SmokeFile;
  /** For one architecture. */
  readonly plan: ReleasePlan;
}

export interface LoopRequest {
  readonly inputs: DevInputs;
  /** Reads the files again. Throws what is wrong with them. */
  readonly reload: (signal: AbortSignal) => Promise<DevInputs>;
  /** The run of smoke.yaml whose options are used; undefined = `default`, else the first. */
  readonly runName: string | undefined;
  /** Builds the plan's architecture. Failed instructions are results; anything else is thrown. */
  readonly build: (plan: ReleasePlan, signal: AbortSignal) => Promise<BuildResult>;
  /** Told about an image that nothing runs from any more. */
  readonly onReplaced: (candidate: Candidate) => Promise<void>;
  readonly console: DevConsole;
  /** Told about what can't be gone on after. */
  readonly onDefect: (error: unknown) => void;
  readonly signal: AbortSignal;
}

/** What starts and stops the container. */
export type LoopRunner = Pick<AddonRunner, 'state' | 'gateway' | 'start' | 'stop'>;

/** An image and the files that it was built from. */
interface Build {
  readonly inputs: DevInputs;
  readonly candidate: Candidate;
}

/** Changes of these alone need no build. */
const SMOKE_FILE = /^smoke\.(?:ya?ml|json)$/;

const SHOWN_CHANGES = 3;

/** Decides after every change what has to be built and started again. The last good container runs on until then. */
export class DevLoop implements DevControl {
  readonly #rebuilds = new LatestTask();
  /** Containers are stopped and started one after the other. */
  readonly #containers = new SerialQueue();
  readonly #requests: RequestLog;
  #runner: LoopRunner | undefined;
  #inputs: DevInputs;
  #build: Build | undefined;
  #needsBuild = true;
  #buildText = 'not built yet';
  /** Options that were saved since smoke.yaml was last changed; the last who saves wins. */
  #saved: { readonly options: PyDict; readonly by: string } | undefined;
  #problems: readonly string[] = [];
  #running: { readonly candidate: Candidate; readonly settings: string } | undefined;
  #shownPorts = '';

  constructor(private readonly request: LoopRequest) {
    this.#inputs = request.inputs;
    this.#requests = new RequestLog((text) => {
      request.console.warn(`the add-on ${text}`);
    });
  }

  /** Builds and starts the add-on for the first time. */
  begin(runner: LoopRunner): void {
    this.#runner = runner;
    this.request.console.say('building');
    this.#launch((signal) => this.#renew(this.#inputs, signal));
  }

  /** Reacts to changed files: interrupts a build that is under way. */
  filesChanged(paths: readonly string[]): void {
    const more = paths.length > SHOWN_CHANGES ? ` and ${paths.length - SHOWN_CHANGES} more` : '';
    this.request.console.say(`changed: ${paths.slice(0, SHOWN_CHANGES).join(', ')}${more}`);
    if (paths.some((path) => !SMOKE_FILE.test(path))) this.#needsBuild = true;
    this.#launch(async (signal) => {
      const inputs = await this.request.reload(signal);
      this.#adoptRun(inputs);
      await this.#renew(inputs, signal);
    });
  }

  /** Waits until nothing is being built or started any more. */
  async stop(): Promise<void> {
    await this.#rebuilds.stop();
    await this.#containers.idle();
  }

  /** The files that the build and the options depend on, besides those in the add-on's folder. */
  get inputs(): DevInputs {
    return this.#inputs;
  }

  get hooks(): SupervisorHooks {
    return {
      validateOptions: (options) => {
        const { addon, smokeFile } = this.#current;
        return checkWrittenOptions(addon, smokeFile, options);
      },
      onOptions: (options) => {
        this.#saved =
          options === null
            ? undefined
            : { options: adoptOptions(options), by: 'the add-on itself' };
        this.request.console.say('the add-on changed its options; they count from its next start');
      },
      onRestart: () => this.#enqueue('the add-on asked to be restarted', true),
      onStart: () => this.#enqueue('the add-on asked to be started', false),
      onStop: () =>
        this.#containers.add(async () => {
          this.request.console.say('the add-on asked to be stopped');
          await this.#runner?.stop('stopped at its own request');
        }),
      onStdin: () => {
        throw new Error('`addon-release dev` does not write to standard input');
      },
      onRequest: (record) => {
        this.#requests.add(record, Date.now());
      },
    };
  }

  readonly gateway = () => this.#runner?.gateway;

  readonly view = (): StatusView => {
    const { addon, plan } = this.#current;
    const state = this.#runner?.state ?? { phase: 'stopped', text: 'not started yet', ports: [] };
    return {
      name: addon.name,
      version: plan.version,
      arch: plan.architectures[0]?.arch ?? '',
      isUp: state.phase === 'up',
      state: state.phase === state.text ? state.text : `${state.phase}: ${state.text}`,
      build: this.#buildText,
      pagePath: addon.ingress ? (this.gateway()?.startPath ?? '/') : undefined,
      ports: state.ports,
      optionsText: showOptions(addon, this.#userOptions()),
      optionsSource: this.#saved?.by ?? `smoke.yaml, run "${this.#run().name}"`,
      problems: this.#problems,
      requests: this.#requests.requests,
    };
  };

  readonly saveOptions = (text: string): readonly string[] => {
    const { addon, smokeFile } = this.#current;
    const reading = readOptions(addon, smokeFile, text);
    if (!reading.ok) return reading.problems;
    this.#saved = { options: reading.options, by: 'this page' };
    void this.#enqueue('the options were changed on the page', true);
    return [];
  };

  readonly resetOptions = (): void => {
    this.#saved = undefined;
    void this.#enqueue('back to the options of smoke.yaml', true);
  };

  readonly restart = (): void => {
    void this.#enqueue('a restart was asked for on the page', true);
  };

  /** The files that the image was built from, which may be older than what the files say now. */
  get #current(): DevInputs {
    return this.#build?.inputs ?? this.#inputs;
  }

  #run() {
    return chooseRun(this.#current.smokeFile, this.request.runName);
  }

  #userOptions(): PyDict {
    return this.#saved?.options ?? this.#run().options;
  }

  /** Options that were saved elsewhere end with a change of the run's own. */
  #adoptRun({ smokeFile }: DevInputs): void {
    const { runName } = this.request;
    const before = chooseRun(this.#inputs.smokeFile, runName);
    const after = chooseRun(smokeFile, runName);
    if (renderJson(before.options) !== renderJson(after.options)) this.#saved = undefined;
  }

  /** Runs a rebuild. What is wrong with the add-on is shown; anything else ends the session. */
  #launch(task: (signal: AbortSignal) => Promise<void>): void {
    void this.#rebuilds.run(async (newer) => {
      const signal = AbortSignal.any([newer, this.request.signal]);
      await this.#shown(() => task(signal), signal);
    });
  }

  async #shown(task: () => Promise<void>, signal: AbortSignal): Promise<void> {
    try {
      await task();
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof AddonReleaseError)) {
        this.request.onDefect(error);
        return;
      }
      this.#buildText = renderError(error, { color: false, verbose: false });
      this.request.console.warn(this.#buildText);
      this.#sayWhatRuns();
    }
  }

  #sayWhatRuns(): void {
    const { console } = this.request;
    if (this.#running === undefined) console.say('nothing runs; the next change is tried again');
    else console.say('the container keeps running as it is');
  }

  async #renew(inputs: DevInputs, signal: AbortSignal): Promise<void> {
    const started = performance.now();
    const isBuilt = !this.#needsBuild && this.#build !== undefined;
    this.#inputs = inputs;
    const candidate = await this.#rebuild(inputs, signal);
    if (candidate === undefined) return;
    this.#build = { inputs, candidate };
    const builtIn = `built in ${formatDuration(performance.now() - started)}`;
    await this.#enqueue(isBuilt ? 'smoke.yaml was read again' : builtIn, false);
  }

  /** @returns undefined when an instruction failed */
  async #rebuild(inputs: DevInputs, signal: AbortSignal): Promise<Candidate | undefined> {
    if (!this.#needsBuild && this.#build !== undefined) return this.#build.candidate;
    const { build, console } = this.request;
    this.#buildText = 'building';
    // Set again by a change during the build, and here by a build that comes to nothing.
    this.#needsBuild = false;
    const result = await build(inputs.plan, signal).catch((error: unknown) => {
      this.#needsBuild = true;
      throw error;
    });
    if (result.status === 'failed') {
      this.#needsBuild = true;
      this.#buildText = describeBuildFailure(result.failure);
      console.warn(this.#buildText);
      this.#sayWhatRuns();
      return undefined;
    }
    const { cachedSteps, totalSteps, configDigest } = result.candidate;
    this.#buildText = `${configDigest}, ${cachedSteps} of ${totalSteps} steps cached`;
    return result.candidate;
  }

  /** Starts the container again when it would be another one, or in any case with `force`. */
  #enqueue(reason: string, force: boolean): Promise<void> {
    return this.#containers.add(() =>
      this.#shown(() => this.#deploy(reason, force), this.request.signal),
    );
  }

  async #deploy(reason: string, force: boolean): Promise<void> {
    const { console, onReplaced, signal } = this.request;
    const runner = this.#runner;
    const build = this.#build;
    if (signal.aborted || runner === undefined || build === undefined) return;
    const { addon, smokeFile: smoke } = build.inputs;
    const prepared = prepareStart(addon, smoke, { ...this.#run(), options: this.#userOptions() });
    if (!prepared.ok) {
      this.#problems = prepared.problems.map(({ message }) => message);
      console.warn(`options are missing or wrong: ${this.#problems.join('; ')}`);
      console.say('give them in smoke.yaml, or on the page with the options');
      this.#sayWhatRuns();
      return;
    }
    this.#problems = [];
    const start: Start = { addon, smoke, candidate: build.candidate, run: prepared.run };
    const settings = describeSettings(start);
    const { phase } = runner.state;
    const runs = phase === 'up' || phase === 'starting';
    if (!force && runs && settings === this.#running?.settings) {
      console.say(`${reason}; nothing changed for the container, so it stays`);
      return;
    }
    const replaced = this.#running?.candidate;
    const started = performance.now();
    this.#requests.forgetTold();
    const refused = await runner.start(start);
    this.#running = { candidate: build.candidate, settings };
    if (refused === undefined) {
      console.say(`${reason}; started in ${formatDuration(performance.now() - started)}`);
      this.#showPorts(runner.state.ports);
    } else {
      console.warn(`the engine refuses to start it: ${refused}`);
    }
    if (replaced !== undefined && replaced.imageId !== build.candidate.imageId) {
      await onReplaced(replaced);
    }
  }

  /** Tells the ports once, and again when they are others. */
  #showPorts(ports: readonly string[]): void {
    const text = ports.join('\n');
    if (text !== '' && text !== this.#shownPorts) this.request.console.say(text);
    this.#shownPorts = text;
  }
}

/** A text that differs exactly when another container would be started. */
function describeSettings({ addon, smoke, candidate, run }: Start): string {
  const { configDigest } = candidate;
  const { services, secrets, limits } = smoke;
  const config = toPlainObject(addon.normalized);
  const { optionsFile } = run;
  return JSON.stringify({ configDigest, config, optionsFile, services, secrets, limits });
}
