import type { Readable, Writable } from 'node:stream';

import type { InstanceChanges } from './instance.js';
import { readLines } from './lines.js';
import type { Probe, ProbeAnswer } from './probes.js';
import {
  PROTOCOL_VERSION,
  type Answer,
  type Outcome,
  type Question,
  type ResultValue,
  type SidecarCommand,
  type SidecarEvent,
} from './protocol.js';
import type { RecordedRequest } from './request-record.js';
import type { SupervisorHooks } from './server.js';
import type { SupervisorSetup } from './state.js';

/** The two ends of a running sidecar: what it prints and what it reads. */
export interface SidecarStreams {
  readonly output: Readable;
  readonly input: Writable;
}

/** A command before it gets its number. */
type NewCommand = SidecarCommand extends infer Command
  ? Command extends { readonly id: number }
    ? Omit<Command, 'id'>
    : never
  : never;

/** A command that was sent. */
interface Pending {
  readonly settle: (outcome: Outcome) => void;
  readonly reject: (error: Error) => void;
}

/** Finds out why the sidecar can't be used any more; gets what its end looked like from here. */
type ExplainEnd = (message: string) => Promise<Error>;

/** Talks to one sidecar. All promises reject when it ends before it answered. */
export class SidecarClient {
  /** Resolves when the sidecar runs and speaks this protocol. */
  readonly ready: Promise<void>;
  readonly #setups = new Map<string, SupervisorSetup>();
  readonly #pending = new Map<number, Pending>();
  readonly #requests: RecordedRequest[] = [];
  #nextId = 1;
  /** Why it ended; undefined while it serves. */
  #ended: Promise<Error> | undefined;
  #isClosed = false;
  #settleReady: (error?: Error) => void = () => undefined;

  /** @param explainEnd without it, an end is told as it looks from here */
  constructor(
    private readonly streams: SidecarStreams,
    private readonly hooks: SupervisorHooks,
    private readonly explainEnd: ExplainEnd = (message) => Promise.resolve(new Error(message)),
  ) {
    this.ready = new Promise((resolve, reject) => {
      this.#settleReady = (error) => {
        if (error === undefined) resolve();
        else reject(error);
      };
    });
    // Whoever doesn't wait for it learns of the end from the next command.
    this.ready.catch(() => undefined);
    streams.input.on('error', (error: Error) => {
      this.#end(`the sidecar can't be reached: ${error.message}`);
    });
    void this.#read();
  }

  /** Requests that add-ons made so far, oldest first. */
  get requests(): readonly RecordedRequest[] {
    return [...this.#requests];
  }

  /** Starts the stand-in Supervisor; returns its port. */
  async listen(host: string, port: number): Promise<number> {
    const value = await this.#command({ type: 'listen', host, port });
    return value !== null && 'port' in value ? value.port : port;
  }

  /** Adds a setup, or replaces the one with the same id. */
  async addSetup(setup: SupervisorSetup): Promise<void> {
    this.#setups.set(setup.id, setup);
    await this.#command({ type: 'setup', setup });
  }

  async removeSetup(setupId: string): Promise<void> {
    await this.#command({ type: 'remove', setupId });
    this.#setups.delete(setupId);
  }

  /** Reports what happened to an add-on: its address, state, log, statistics, options. */
  async update(setupId: string, changes: InstanceChanges): Promise<void> {
    await this.#command({ type: 'update', setupId, changes });
  }

  /** Connects to an add-on from the sidecar's address. */
  async probe(probe: Probe): Promise<ProbeAnswer> {
    const value = await this.#command({ type: 'probe', probe });
    if (value === null || !('connected' in value)) {
      throw new Error('the sidecar gave no answer to a probe');
    }
    return value;
  }

  /** Ends the sidecar; resolves once it has stopped serving. */
  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#ended !== undefined) return;
    await this.#command({ type: 'close' });
    this.streams.input.end();
  }

  async #command(command: NewCommand): Promise<ResultValue> {
    if (this.#ended !== undefined) throw await this.#ended;
    const id = this.#nextId;
    this.#nextId += 1;
    return new Promise((resolve, reject) => {
      const settle = (outcome: Outcome): void => {
        if (outcome.ok) resolve(outcome.value);
        else reject(new Error(outcome.message));
      };
      this.#pending.set(id, { settle, reject });
      this.#send({ ...command, id });
    });
  }

  #send(command: SidecarCommand): void {
    this.streams.input.write(`${JSON.stringify(command)}\n`);
  }

  async #read(): Promise<void> {
    try {
      await readLines(this.streams.output, (line) => {
        this.#receive(line);
      });
      this.#end('the sidecar ended');
    } catch (error) {
      this.#end(error instanceof Error ? error.message : String(error));
    }
  }

  #receive(line: string): void {
    const event = parseEvent(line);
    switch (event?.type) {
      case 'ready':
        this.#settleReady(
          event.version === PROTOCOL_VERSION
            ? undefined
            : new Error(
                `the sidecar speaks version ${event.version} of the protocol, not ${PROTOCOL_VERSION}`,
              ),
        );
        break;
      case 'request':
        this.#requests.push(event.request);
        this.hooks.onRequest?.(event.request);
        break;
      case 'question':
        void this.#reply(event.question, event.setupId, event.ask);
        break;
      case 'result':
        this.#pending.get(event.id)?.settle(event.outcome);
        this.#pending.delete(event.id);
        break;
      case 'fault':
        this.#end(`the sidecar did not understand a message: ${event.message}`);
        break;
      case undefined:
        this.#end(`the sidecar printed something else than an event: ${line.slice(0, 200)}`);
    }
  }

  async #reply(question: number, setupId: string, ask: Question): Promise<void> {
    this.#send({ type: 'answer', question, answer: await this.#decide(setupId, ask) });
  }

  async #decide(setupId: string, ask: Question): Promise<Answer> {
    const setup = this.#setups.get(setupId);
    if (setup === undefined) return { ok: false, message: `no setup has the id "${setupId}"` };
    const { hooks } = this;
    try {
      switch (ask.kind) {
        case 'validate': {
          const verdict = await hooks.validateOptions?.(ask.options, setup);
          return verdict === undefined ? { ok: true } : { ok: true, verdict };
        }
        case 'options':
          await hooks.onOptions?.(ask.options, setup);
          break;
        case 'start':
          await hooks.onStart?.(setup);
          break;
        case 'stop':
          await hooks.onStop?.(setup);
          break;
        case 'restart':
          await hooks.onRestart?.(setup);
          break;
        case 'stdin':
          await hooks.onStdin?.(Buffer.from(ask.data, 'base64'), setup);
      }
      return { ok: true };
    } catch (error) {
      return { ok: false, message: error instanceof Error ? error.message : String(error) };
    }
  }

  #end(message: string): void {
    if (this.#ended !== undefined) return;
    // An end that was asked for needs no explanation.
    const explained = this.#isClosed
      ? Promise.resolve(new Error(message))
      : this.explainEnd(message);
    this.#ended = explained.catch((error: unknown) =>
      error instanceof Error ? error : new Error(message),
    );
    void this.#ended.then((error) => {
      this.#settleReady(error);
      for (const { reject } of this.#pending.values()) reject(error);
      this.#pending.clear();
    });
  }
}

function parseEvent(line: string): SidecarEvent | undefined {
  try {
    return JSON.parse(line) as SidecarEvent;
  } catch {
    return undefined;
  }
}
