import { Agent } from 'node:http';
import { Duplex } from 'node:stream';
import type { StreamingProcess } from '../exec/run.js';
import { engineContext, streamDocker } from './docker.js';

/** What docker says of a connection that it can't make; the end is kept, in UTF-16 units. */
const KEPT_ERRORS = 4_000;

/** Connections that wait for the next request; what is beyond is closed after its answer. */
const MAX_IDLE = 6;

/**
 * A connection to the engine's API through the standard input and output of `docker system dial-stdio`, in the place
 * of a socket for node:http. Destroying it ends the process; when this process is killed, docker ends by itself,
 * because its input does.
 */
class EngineConnection extends Duplex {
  /** Resolves when docker has ended. */
  readonly ended: Promise<void>;
  private errors = '';
  private isIdle = false;
  private isAnswered = false;

  constructor(private readonly process: StreamingProcess) {
    super();
    const { stdin, stdout, stderr, ended } = process;
    stderr.setEncoding('utf8').on('data', (text: string) => {
      this.errors = (this.errors + text).slice(-KEPT_ERRORS);
    });
    // Told by the write that fails, and by the end of the process.
    stdin.on('error', () => undefined);
    stdout.on('error', () => undefined);
    stdout.on('data', (chunk: Buffer) => {
      this.isAnswered = true;
      if (!this.push(chunk)) stdout.pause();
    });
    const drained = new Promise<void>((resolve) => stdout.once('close', resolve));
    this.ended = ended.then(
      async () => {
        await drained;
        this.finish();
      },
      (error: unknown) => {
        this.destroy(error instanceof Error ? error : undefined);
      },
    );
  }

  /** Nothing comes any more: whether an answer is complete, node:http knows. */
  private finish(): void {
    if (this.isIdle) this.destroy();
    else if (this.isAnswered) this.push(null);
    else this.destroy(this.failure());
  }

  private failure(): Error {
    const reason = this.errors.trim();
    return new Error(reason === '' ? 'the connection was closed' : reason);
  }

  override _read(): void {
    this.process.stdout.resume();
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    this.process.stdin.write(chunk, (error) => {
      if (error === null || error === undefined) done();
      // The reason is in what docker says, which may come later.
      else {
        void this.ended.finally(() => {
          done(this.failure());
        });
      }
    });
  }

  override _final(done: () => void): void {
    this.process.stdin.end();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.process.stdin.destroy();
    this.process.stdout.destroy();
    this.process.kill();
    done(error);
  }

  /** node:http calls it for a connection that waits for the next request. */
  unref(): this {
    this.isIdle = true;
    return this;
  }

  /** node:http calls it for a connection that is used again. */
  ref(): this {
    this.isIdle = false;
    this.isAnswered = false;
    return this;
  }

  // Pipes have none of it; node:http asks every socket for it.
  setTimeout(): this {
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }
}

class EngineAgent extends Agent {
  private readonly connections = new Set<EngineConnection>();

  constructor() {
    super({ keepAlive: true, maxFreeSockets: MAX_IDLE });
  }

  override createConnection(): Duplex {
    const connection = new EngineConnection(streamDocker(['system', 'dial-stdio']));
    this.connections.add(connection);
    void connection.ended.finally(() => this.connections.delete(connection));
    return connection;
  }

  async close(): Promise<void> {
    const open = [...this.connections];
    for (const connection of open) connection.destroy();
    await Promise.all(open.map(({ ended }) => ended));
  }
}

/** By Docker context; undefined = the engine in use. */
const agents = new Map<string | undefined, EngineAgent>();

/**
 * Connections to the engine that `docker` would ask, wherever it is: a socket of this machine, SSH, TCP with TLS. They
 * are kept for further requests until `closeEngineConnections`.
 */
export function engineAgent(): Agent {
  const context = engineContext();
  const agent = agents.get(context) ?? new EngineAgent();
  agents.set(context, agent);
  return agent;
}

/** Ends all connections to the engine, in use or not, and waits until no process of them is left. */
export async function closeEngineConnections(): Promise<void> {
  const context = engineContext();
  const agent = agents.get(context);
  agents.delete(context);
  await agent?.close();
}
