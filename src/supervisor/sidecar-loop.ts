import type { Readable, Writable } from 'node:stream';

import type { JsonObject } from './json.js';
import { readLines } from './lines.js';
import { runProbe } from './probes.js';
import {
  PROTOCOL_VERSION,
  type Answer,
  type Question,
  type ResultValue,
  type SidecarCommand,
  type SidecarEvent,
} from './protocol.js';
import { startSupervisor, type Supervisor, type SupervisorHooks } from './server.js';
import type { OptionsVerdict, SupervisorSetup } from './state.js';

/**
 * Obeys commands until one of them says `close` or the input ends, then stops serving.
 * See {@link SidecarCommand} for the messages.
 */
export async function runSidecar(input: Readable, output: Writable): Promise<void> {
  const loop = new SidecarLoop((event) => {
    output.write(`${JSON.stringify(event)}\n`);
  });
  loop.start();
  await Promise.race([
    readLines(input, (line) => {
      loop.receive(line);
    }),
    loop.closed,
  ]);
  await loop.shutDown();
}

class SidecarLoop {
  readonly closed: Promise<void>;
  #close: () => void = () => undefined;
  #supervisor: Promise<Supervisor> | undefined;
  /** Setups that came before the server was told to listen. */
  readonly #waiting = new Map<string, SupervisorSetup>();
  readonly #questions = new Map<number, (answer: Answer) => void>();
  #nextQuestion = 1;

  constructor(private readonly emit: (event: SidecarEvent) => void) {
    this.closed = new Promise((resolve) => {
      this.#close = resolve;
    });
  }

  start(): void {
    this.emit({ type: 'ready', version: PROTOCOL_VERSION });
  }

  receive(line: string): void {
    if (line.trim() === '') return;
    const command = parseCommand(line);
    if (command === undefined) {
      this.emit({ type: 'fault', message: `not a command: ${line.slice(0, 200)}` });
    } else if (command.type === 'answer') {
      this.#questions.get(command.question)?.(command.answer);
      this.#questions.delete(command.question);
    } else {
      void this.#execute(command);
    }
  }

  async shutDown(): Promise<void> {
    for (const answer of this.#questions.values()) {
      answer({ ok: false, message: 'the sidecar ends' });
    }
    const supervisor = await this.#supervisor?.catch(() => undefined);
    await supervisor?.close();
  }

  async #execute(command: Exclude<SidecarCommand, { type: 'answer' }>): Promise<void> {
    const { id } = command;
    try {
      const value = await this.#perform(command);
      this.emit({ type: 'result', id, outcome: { ok: true, value } });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.emit({ type: 'result', id, outcome: { ok: false, message } });
    }
    if (command.type === 'close') this.#close();
  }

  async #perform(command: Exclude<SidecarCommand, { type: 'answer' }>): Promise<ResultValue> {
    switch (command.type) {
      case 'listen':
        return { port: await this.#listen(command.host, command.port) };
      case 'setup':
        await this.#add(command.setup);
        return null;
      case 'update':
        (await this.#requireSupervisor()).update(command.setupId, command.changes);
        return null;
      case 'remove':
        this.#waiting.delete(command.setupId);
        (await this.#supervisor)?.remove(command.setupId);
        return null;
      case 'probe':
        return runProbe(command.probe);
      case 'close':
        return null;
    }
  }

  async #listen(host: string, port: number): Promise<number> {
    if (this.#supervisor !== undefined) throw new Error('the sidecar already listens');
    const starting = startSupervisor([], this.#hooks(), { host, port });
    this.#supervisor = starting;
    try {
      const supervisor = await starting;
      for (const setup of this.#waiting.values()) supervisor.add(setup);
      this.#waiting.clear();
      return supervisor.port;
    } catch (error) {
      this.#supervisor = undefined;
      throw error;
    }
  }

  async #add(setup: SupervisorSetup): Promise<void> {
    if (this.#supervisor === undefined) this.#waiting.set(setup.id, setup);
    else (await this.#supervisor).add(setup);
  }

  async #requireSupervisor(): Promise<Supervisor> {
    if (this.#supervisor === undefined) throw new Error('the sidecar does not listen yet');
    return this.#supervisor;
  }

  #hooks(): SupervisorHooks {
    const act = (kind: 'start' | 'stop' | 'restart') => async (setup: SupervisorSetup) => {
      await this.#ask(setup, { kind });
    };
    return {
      onRequest: (request) => {
        this.emit({ type: 'request', request });
      },
      validateOptions: (options, setup) => this.#validate(options, setup),
      onOptions: async (options, setup) => {
        await this.#ask(setup, { kind: 'options', options });
      },
      onStart: act('start'),
      onStop: act('stop'),
      onRestart: act('restart'),
      onStdin: async (data, setup) => {
        await this.#ask(setup, { kind: 'stdin', data: data.toString('base64') });
      },
    };
  }

  async #validate(options: JsonObject, setup: SupervisorSetup): Promise<OptionsVerdict> {
    const answer = await this.#ask(setup, { kind: 'validate', options });
    return answer.verdict ?? { valid: true, options };
  }

  /** Asks the owner and waits. Fails when the owner says so, which the add-on sees as status 500. */
  async #ask(
    setup: SupervisorSetup,
    ask: Question,
  ): Promise<Extract<Answer, { readonly ok: true }>> {
    const question = this.#nextQuestion;
    this.#nextQuestion += 1;
    const answer = await new Promise<Answer>((resolve) => {
      this.#questions.set(question, resolve);
      this.emit({ type: 'question', question, setupId: setup.id, ask });
    });
    if (!answer.ok) throw new Error(answer.message);
    return answer;
  }
}

const COMMAND_TYPES: readonly string[] = [
  'listen',
  'setup',
  'update',
  'remove',
  'probe',
  'answer',
  'close',
] satisfies readonly SidecarCommand['type'][];

/** Checks the outline only: both ends of the stream belong to the same program. */
function parseCommand(line: string): SidecarCommand | undefined {
  try {
    const command = JSON.parse(line) as Partial<SidecarCommand> | null;
    return COMMAND_TYPES.includes(command?.type ?? '') ? (command as SidecarCommand) : undefined;
  } catch {
    return undefined;
  }
}
