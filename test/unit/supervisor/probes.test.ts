import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net';

import { afterEach, describe, expect, it } from 'vitest';

import { runProbe, type ProbeAnswer } from '../../../src/supervisor/probes.js';
import { startAddonServer, type AddonServer } from './addon-server.js';
import { CLOSED_PORT } from './support.js';

const HOST = '127.0.0.1';

let addon: AddonServer | undefined;
let silent: Server | undefined;

afterEach(async () => {
  await addon?.close();
  addon = undefined;
  await new Promise<void>((resolve) => {
    if (silent === undefined) resolve();
    else
      silent.close(() => {
        resolve();
      });
  });
  silent = undefined;
});

/** A port at which connections are accepted and nothing is ever said. */
async function startSilentServer(): Promise<number> {
  const server = createTcpServer((socket) => {
    // Read, so that the end of the connection is noticed.
    socket.on('error', () => undefined).resume();
  });
  silent = server;
  await new Promise<void>((resolve) => {
    server.listen(0, HOST, resolve);
  });
  return (server.address() as AddressInfo).port;
}

const http = (port: number, path = '', timeoutMs?: number): Promise<ProbeAnswer> =>
  runProbe({
    kind: 'http',
    host: HOST,
    port,
    path,
    tls: false,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });

describe('a TCP probe', () => {
  it('tells open from closed ports', async () => {
    const patient = { kind: 'tcp', host: HOST, timeoutMs: 10_000 } as const;
    const open = await runProbe({ ...patient, port: await startSilentServer() });
    expect(open).toMatchObject({ connected: true, message: 'connected' });
    expect(open.elapsedMs).toBeGreaterThanOrEqual(0);
    const closed = await runProbe({ ...patient, port: CLOSED_PORT });
    expect(closed).toMatchObject({ connected: false, message: 'connection refused' });
  });
});

describe('an HTTP probe', () => {
  it('gives status, headers and body', async () => {
    addon = await startAddonServer((response) => {
      response.writeHead(503, { 'Content-Type': 'text/plain; charset=utf-8' });
      response.end('busy');
    });
    expect(await http(addon.port)).toMatchObject({
      connected: true,
      status: 503,
      message: '503 Service Unavailable, 4 bytes of text/plain',
      headers: { 'content-type': 'text/plain; charset=utf-8' },
      body: 'busy',
    });
    expect(addon.seen[0]).toMatchObject({ method: 'GET', url: '/' });
  });

  it('follows redirects, but not for ever', async () => {
    addon = await startAddonServer((response, { url }) => {
      const step = Number(url.slice(1));
      if (step === 3) response.end('there');
      else response.writeHead(302, { Location: `/${step + 1}` }).end();
    });
    expect(await http(addon.port, '/0')).toMatchObject({ status: 200, body: 'there' });
    expect(addon.seen.map(({ url }) => url)).toEqual(['/0', '/1', '/2', '/3']);
    expect(await http(addon.port, '/4')).toMatchObject({ status: 302 });
  });

  it('ends at its time limit, at a closed port and at one that speaks no HTTP', async () => {
    const port = await startSilentServer();
    expect(await http(port, '/', 20)).toMatchObject({
      connected: false,
      message: 'no answer within 20 ms',
    });
    expect(await http(CLOSED_PORT)).toMatchObject({
      connected: false,
      message: 'connection refused',
    });
  });

  it('speaks TLS when asked to', async () => {
    addon = await startAddonServer();
    const answer = await runProbe({
      kind: 'http',
      host: HOST,
      port: addon.port,
      path: '/',
      tls: true,
    });
    expect(answer).toMatchObject({ connected: false, message: 'no TLS at this port' });
  });
});

describe('an ingress probe', () => {
  it('carries the headers of ingress', async () => {
    addon = await startAddonServer();
    const answer = await runProbe({
      kind: 'ingress',
      host: HOST,
      port: addon.port,
      path: '/',
      ingressEntry: '/api/hassio_ingress/token',
      user: { id: 'u1' },
    });
    expect(answer).toMatchObject({ connected: true, status: 200, body: 'hello' });
    expect(answer.message).toBe('200 OK, 5 bytes of unnamed type');
    expect(addon.seen[0]?.headers['x-ingress-path']).toBe('/api/hassio_ingress/token');
  });
});
