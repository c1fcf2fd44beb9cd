import { once } from 'node:events';
import { createConnection, createServer, type Socket } from 'node:net';
import path from 'node:path';
import { atEndOfTest, makeTemporaryFolder } from './cli.js';
import { askDocker } from './local-engine.js';

export interface EngineProxy {
  /** For DOCKER_HOST. */
  readonly address: string;
  /** Cuts all connections and takes no new ones: to its clients the engine has died. */
  readonly die: () => Promise<void>;
}

async function connectToEngine(): Promise<() => Socket> {
  const format = '{{.Endpoints.docker.Host}}';
  const host = new URL(await askDocker(['context', 'inspect', '--format', format]));
  return host.protocol === 'unix:'
    ? () => createConnection({ path: host.pathname })
    : () => createConnection({ host: host.hostname, port: Number(host.port) });
}

/** Another address for the engine that everybody uses, which can die without harm to the engine. */
export async function startEngineProxy(): Promise<EngineProxy> {
  const socket = path.join(await makeTemporaryFolder('proxy'), 'docker.sock');
  const connect = await connectToEngine();
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const engine = connect();
    for (const [from, to] of [
      [client, engine],
      [engine, client],
    ] as const) {
      open.add(from);
      from.pipe(to);
      from.on('close', () => {
        open.delete(from);
        to.destroy();
      });
      // A connection that breaks closes its other half; there is nobody to tell.
      from.on('error', () => to.destroy());
    }
  });
  server.listen(socket);
  await once(server, 'listening');
  let closing: Promise<unknown> | undefined;
  const die = async (): Promise<void> => {
    closing ??= once(server.close(), 'close');
    for (const connection of open) connection.destroy();
    await closing;
  };
  atEndOfTest(die);
  return { address: `unix://${socket}`, die };
}
