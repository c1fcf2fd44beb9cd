import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

/** What the server does with one request. */
export type Reply =
  | {
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string | Uint8Array;
    }
  /** Ends the connection without an answer. */
  | 'reset'
  /** Never answers. */
  | 'hang'
  /** Announces more than it sends, then ends the connection. */
  | { readonly truncate: string }
  /** Announces more than it sends, then keeps silent. */
  | { readonly stall: string };

export type Script = (request: SeenRequest, server: ScriptedRegistry) => Reply;

/** An HTTP server that answers by a script, for what a real registry does only on bad days. */
export interface ScriptedRegistry {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  /** All requests but those to `/v2/`, by which a client finds the registry. */
  readonly requests: readonly SeenRequest[];
  /** `METHOD path` of each, without host and query. */
  readonly calls: () => readonly string[];
  readonly stop: () => Promise<void>;
}

function write(reply: Reply, response: ServerResponse): void {
  if (reply === 'hang') return;
  if (reply === 'reset') {
    response.socket?.resetAndDestroy();
    return;
  }
  if ('truncate' in reply || 'stall' in reply) {
    const part = 'truncate' in reply ? reply.truncate : reply.stall;
    response.writeHead(200, { 'content-length': String(Buffer.byteLength(part) + 100) });
    response.write(part, () => {
      if ('truncate' in reply) response.socket?.destroy();
    });
    return;
  }
  response.writeHead(reply.status, reply.headers);
  response.end(reply.body);
}

/** Starts the server. `ping` answers `/v2/`; by default the registry is open to all. */
export async function startScriptedRegistry(
  script: Script,
  ping: Script = () => ({ status: 200 }),
): Promise<ScriptedRegistry> {
  const requests: SeenRequest[] = [];
  const server = createServer((incoming, response) => {
    const parts: Buffer[] = [];
    incoming.on('data', (part: Buffer) => parts.push(part));
    incoming.on('end', () => {
      const request: SeenRequest = {
        method: incoming.method ?? '',
        url: incoming.url ?? '',
        headers: incoming.headers,
        body: Buffer.concat(parts),
      };
      if (request.url === '/v2/') {
        write(ping(request, scripted), response);
        return;
      }
      requests.push(request);
      write(script(request, scripted), response);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const scripted: ScriptedRegistry = {
    host: `127.0.0.1:${String(port)}`,
    requests,
    calls: () => requests.map(({ method, url }) => `${method} ${url.replace(/\?.*$/, '')}`),
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return scripted;
}
