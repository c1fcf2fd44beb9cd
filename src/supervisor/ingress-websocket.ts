import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

import { WebSocket, WebSocketServer, type RawData } from 'ws';

import { MAX_BODY_BYTES } from './body.js';
import { readHeaderPairs, readPeerAddress, type HeaderPairs } from './http-transfer.js';
import { prepareIngressHeaders, type IngressTarget } from './ingress.js';
import { refuseHandshake } from './write-reply.js';

const NORMAL_CLOSURE = 1000;
/** Codes that a close frame must not carry (RFC 6455, section 7.4.1). */
const RESERVED_CODES: readonly number[] = [1004, 1005, 1006, 1015];

/**
 * Connects a received WebSocket handshake with the add-on's WebSocket at the same path: messages, pings and the
 * subprotocol pass in both directions. When the add-on refuses, the client gets status 502.
 *
 * @returns the status that the client got.
 */
export async function forwardWebSocket(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  target: IngressTarget,
): Promise<number> {
  const headers = prepareIngressHeaders(readHeaderPairs(request), {
    user: target.user,
    peerAddress: readPeerAddress(request),
  });
  const path = target.path.startsWith('/') ? target.path : `/${target.path}`;
  return bridgeWebSocket(request, socket, head, {
    url: `ws://${target.host}:${target.port}${path}`,
    headers,
  });
}

/** Connects a received handshake with a WebSocket elsewhere, with exactly the given headers. */
export async function bridgeWebSocket(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  upstream: { readonly url: string; readonly headers: HeaderPairs },
): Promise<number> {
  const protocols = (request.headers['sec-websocket-protocol'] ?? '')
    .split(',')
    .map((protocol) => protocol.trim())
    .filter((protocol) => protocol !== '');
  const remote = new WebSocket(upstream.url, protocols, {
    headers: Object.fromEntries(upstream.headers),
    maxPayload: MAX_BODY_BYTES,
    autoPong: false,
  });
  const opened = await waitForOpen(remote);
  if (!opened) {
    refuseHandshake(socket, 502);
    return 502;
  }
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_BODY_BYTES,
    autoPong: false,
    handleProtocols: () => (remote.protocol === '' ? false : remote.protocol),
  });
  const dropRemote = (): void => {
    remote.terminate();
  };
  socket.once('close', dropRemote);
  server.handleUpgrade(request, socket, head, (client) => {
    socket.off('close', dropRemote);
    pump(client, remote);
    pump(remote, client);
    remote.resume();
  });
  return 101;
}

/** Waits for the connection, then holds its messages back until somebody listens. */
function waitForOpen(remote: WebSocket): Promise<boolean> {
  return new Promise((resolve) => {
    remote.once('open', () => {
      remote.pause();
      resolve(true);
    });
    remote.once('error', () => {
      resolve(false);
    });
  });
}

function pump(from: WebSocket, to: WebSocket): void {
  from.on('message', (data: RawData, isBinary: boolean) => {
    if (to.readyState === WebSocket.OPEN) to.send(data, { binary: isBinary });
  });
  from.on('ping', (data: Buffer) => {
    if (to.readyState === WebSocket.OPEN) to.ping(data);
  });
  from.on('pong', (data: Buffer) => {
    if (to.readyState === WebSocket.OPEN) to.pong(data);
  });
  from.on('close', (code: number, reason: Buffer) => {
    to.close(RESERVED_CODES.includes(code) ? NORMAL_CLOSURE : code, reason);
  });
  from.on('error', () => {
    to.terminate();
  });
}
