import type { Addon } from '../addon/types.js';
import type { Candidate } from '../engine/build.js';
import { tryDocker, type Engine } from '../engine/docker.js';
import { waitUntilReady } from '../smoke/checks/life.js';
import type { Container } from '../smoke/container.js';
import type { SmokeEnvironment } from '../smoke/environment.js';
import { Installation } from '../smoke/installation.js';
import { chooseLimits, type RunLimits } from '../smoke/limits.js';
import type { PreparedRun } from '../smoke/prepare-runs.js';
import type { SmokeFile } from '../smoke/smoke-file.js';
import { CoreGateway } from '../supervisor/core-gateway.js';
import type { DevConsole } from './dev-console.js';
import {
  describePorts,
  listPublishedPorts,
  parseDockerPorts,
  publishArgument,
  readTakenPort,
  withDebugPorts,
} from './published-ports.js';

export interface RunnerRequest {
  readonly engine: Engine;
  readonly environment: SmokeEnvironment;
  readonly console: DevConsole;
  readonly runFolder: string;
  /** Ports of the container that debuggers of this machine get beside those of the config. */
  readonly debugPorts: readonly number[];
  readonly signal: AbortSignal;
}

/** What is to be run, and how. */
export interface Start {
  readonly addon: Addon;
  readonly smoke: SmokeFile;
  readonly candidate: Candidate;
  readonly run: PreparedRun;
}

export interface RunnerState {
  readonly phase: 'stopped' | 'starting' | 'up' | 'ended';
  /** The same for people, with the reason. */
  readonly text: string;
  readonly ports: readonly string[];
}

/** Tells its containers and folders from those of smoke tests. */
const NAME = 'dev';

const CALL_TIMEOUT_MS = 60_000;

/** A container that is looked after. */
interface Watched {
  readonly installation: Installation;
  readonly container: Container;
  readonly start: Start;
  readonly limits: RunLimits;
  /** Ends the observation; aborted before the container is stopped on purpose. */
  readonly observation: AbortController;
  readonly ended: Promise<unknown>;
}

/** Starts, watches and replaces the container of one add-on. Its folders and its address stay the same. */
export class AddonRunner {
  #installation: Installation | undefined;
  #watched: Watched | undefined;
  #gateway: CoreGateway | undefined;
  #state: RunnerState = { phase: 'stopped', text: 'not started yet', ports: [] };
  /** Host ports that somebody else has. */
  readonly #takenPorts = new Set<number>();

  constructor(private readonly request: RunnerRequest) {}

  get state(): RunnerState {
    return this.#state;
  }

  /** The way to the add-on's page; undefined before the first start. */
  get gateway(): CoreGateway | undefined {
    return this.#gateway;
  }

  /** Stops what runs and starts a fresh container. Returns what the engine says when it refuses. */
  async start(start: Start): Promise<string | undefined> {
    await this.stop('restarting');
    const { environment, signal } = this.request;
    for (;;) {
      const installation = this.#install(start);
      this.#installation = installation;
      const container = await installation.createContainer((line) => {
        this.request.console.log(line);
      });
      const refused = await container.start(signal);
      if (refused === undefined) {
        await this.#follow(installation, container, start);
        return undefined;
      }
      await installation.removeContainer(container);
      const port = readTakenPort(refused);
      if (port === undefined || this.#takenPorts.has(port)) {
        this.#state = {
          phase: 'ended',
          text: `the engine refuses to start it: ${refused}`,
          ports: [],
        };
        await environment.supervisor.update(installation.setup.id, { state: 'error' });
        return refused;
      }
      this.#takenPorts.add(port);
    }
  }

  /** Stops the container as the Supervisor does and removes it. The folders stay. */
  async stop(reason: string): Promise<void> {
    const watched = this.#watched;
    if (watched === undefined) return;
    const { container, start, limits, observation, ended } = watched;
    this.#watched = undefined;
    this.#state = { phase: 'stopped', text: reason, ports: [] };
    observation.abort();
    const seconds = Math.ceil(start.addon.timeoutSeconds * limits.timeScale);
    const { durationMs } = await container.stop(seconds);
    if (durationMs >= seconds * 1000) {
      this.request.console.warn(
        `it did not end within ${seconds} s of SIGTERM and was killed: let the main process handle SIGTERM`,
      );
    }
    await watched.installation.removeContainer(container);
    await ended;
    const { setup } = watched.installation;
    await this.request.environment.supervisor.update(setup.id, { state: 'stopped' });
  }

  /** Stops the container and removes everything that belongs to the add-on. */
  async close(): Promise<void> {
    // Whatever state the engine is in: the environment removes by label what is left.
    await this.stop('stopped').catch(() => undefined);
    await this.#installation?.close().catch(() => undefined);
  }

  #install({ addon, smoke, candidate, run }: Start): Installation {
    const { engine, environment, runFolder, debugPorts, signal } = this.request;
    const ports = listPublishedPorts(withDebugPorts(addon, debugPorts), this.#takenPorts);
    return new Installation({
      addon,
      engine,
      candidate,
      environment,
      smoke,
      run,
      name: NAME,
      ...chooseLimits(candidate, engine, smoke),
      published: ports.map(publishArgument),
      previous: this.#installation,
      runFolder,
      signal,
    });
  }

  async #follow(installation: Installation, container: Container, start: Start): Promise<void> {
    const { engine, environment, debugPorts, signal } = this.request;
    const { setup } = installation;
    const observation = new AbortController();
    const [published, { address }] = await Promise.all([
      tryDocker(['port', container.id], { timeoutMs: CALL_TIMEOUT_MS }),
      container.state(),
    ]);
    await environment.supervisor.update(setup.id, {
      ipAddress: address,
      state: start.candidate.image.healthcheck === undefined ? 'started' : 'startup',
    });
    this.#gateway = new CoreGateway({
      supervisor: { host: '127.0.0.1', port: environment.supervisorPort ?? 0 },
      setup,
    });
    const ports = describePorts(
      withDebugPorts(start.addon, debugPorts),
      parseDockerPorts(published.stdout),
    );
    this.#state = { phase: 'starting', text: 'starting', ports };
    const watched: Watched = {
      installation,
      container,
      start,
      limits: chooseLimits(start.candidate, engine, start.smoke),
      observation,
      ended: this.#waitForEnd(
        installation,
        container,
        AbortSignal.any([observation.signal, signal]),
      ),
    };
    this.#watched = watched;
    void this.#waitForReady(watched, setup.addon.ingressPort ?? 0).catch(() => undefined);
  }

  /** Says when the add-on is up, or why it does not come up. */
  async #waitForReady(watched: Watched, ingressPort: number): Promise<void> {
    const { container, start, limits, observation } = watched;
    const { environment, console, signal } = this.request;
    const finding = await waitUntilReady({
      addon: start.addon,
      candidate: start.candidate,
      container,
      probe: (probe) => environment.supervisor.probe(probe),
      ingressPort,
      ...limits,
      signal: AbortSignal.any([observation.signal, signal]),
    });
    const { running } = await container.state();
    // One that has ended is told of elsewhere.
    if (!running || this.#watched !== watched) return;
    const { ports } = this.#state;
    if (finding.outcome === 'failed') {
      console.warn(`it does not come up: ${finding.evidence}\n${finding.hint ?? ''}`);
      this.#state = { phase: 'starting', text: finding.evidence, ports };
      return;
    }
    console.say(`the add-on is up: ${finding.evidence}`);
    this.#state = { phase: 'up', text: finding.evidence, ports };
    await environment.supervisor.update(watched.installation.setup.id, { state: 'started' });
  }

  /** Says when the add-on ends by itself. */
  async #waitForEnd(
    { setup }: Installation,
    container: Container,
    signal: AbortSignal,
  ): Promise<void> {
    const { environment, console } = this.request;
    const result = await tryDocker(['wait', container.id], { signal });
    const exitCode = Number(result.stdout.trim());
    if (signal.aborted || result.exitCode !== 0 || result.stdout.trim() === '') return;
    const text = `the add-on ended with exit code ${exitCode}`;
    if (exitCode === 0) console.say(text);
    else console.warn(`${text}; it is started again with the next change, or on the page`);
    this.#state = { phase: 'ended', text, ports: [] };
    await environment.supervisor
      .update(setup.id, { state: exitCode === 0 ? 'stopped' : 'error' })
      .catch(() => undefined);
  }
}
