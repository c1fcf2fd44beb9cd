import type { ServerResponse } from 'node:http';
import { Readable, type Duplex } from 'node:stream';

import type { Reply } from './reply.js';

/** Writes a reply; a body that is a stream goes out as it comes, until either side ends it. */
export function writeReply(response: ServerResponse, reply: Reply): void {
  const { body, status } = reply;
  const headers = reply.headers as Record<string, string | string[]>;
  if (!(body instanceof Readable)) {
    const hasLength = status !== 204 && status !== 304;
    response.writeHead(status, {
      ...headers,
      ...(hasLength ? { 'Content-Length': Buffer.byteLength(body) } : {}),
    });
    response.end(body);
    return;
  }
  response.writeHead(status, headers);
  response.once('close', () => {
    body.destroy();
  });
  body.once('error', () => {
    response.destroy();
  });
  response.flushHeaders();
  body.pipe(response);
}

/** Refuses a WebSocket handshake with a bare status. */
export function refuseHandshake(socket: Duplex, status: number): void {
  socket.end(`HTTP/1.1 ${status} Refused\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
}
