import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { WebSocketServer } from 'ws';

/** What the pretended add-on saw of one request. */
export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface AddonServer {
  readonly port: number;
  readonly seen: readonly SeenRequest[];
  close(): Promise<void>;
}

/** A page and a WebSocket (`/ws`, which echoes) as an add-on serves them, on a free loopback port. */
export async function startAddonServer(
  answer: (response: ServerResponse, request: SeenRequest) => void = (response) => {
    response.end('hello');
  },
): Promise<AddonServer> {
  const seen: SeenRequest[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const record = {
        method: request.method ?? '',
        url: request.url ?? '',
        headers: request.headers,
        body: Buffer.concat(chunks).toString('utf8'),
      };
      seen.push(record);
      answer(response, record);
    });
  });
  const sockets = new WebSocketServer({
    noServer: true,
    handleProtocols: (protocols) => (protocols.has('tty') ? 'tty' : false),
  });
  server.on('upgrade', (request, socket, head) => {
    seen.push({ method: 'WS', url: request.url ?? '', headers: request.headers, body: '' });
    if (!request.url?.startsWith('/ws')) {
      socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    sockets.handleUpgrade(request, socket, head, (client) => {
      client.send('welcome');
      client.on('message', (data: Buffer, isBinary) => {
        if (data.toString() === 'bye') client.close(4001, 'as you like');
        else client.send(data, { binary: isBinary });
      });
    });
  });
  return { port: await listen(server), seen, close: () => closeServer(server, sockets) };
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return (server.address() as AddressInfo).port;
}

async function closeServer(server: Server, sockets: WebSocketServer): Promise<void> {
  for (const client of sockets.clients) client.terminate();
  await new Promise<void>((resolve) => {
    server.close(() => {
      resolve();
    });
    server.closeAllConnections();
  });
}
