import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';

import { CoreGateway } from '../../../src/supervisor/core-gateway.js';
import type { Supervisor } from '../../../src/supervisor/server.js';
import { writeReply } from '../../../src/supervisor/write-reply.js';
import { startAddonServer, type AddonServer } from './addon-server.js';
import { call, setupWith, start } from './support.js';

const ENTRY = '/api/hassio_ingress/token';

let addon: AddonServer;
let supervisor: Supervisor;
let gateway: CoreGateway;
let server: Server;
let port: number;

afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await supervisor.close();
  await addon.close();
});

async function run(): Promise<void> {
  addon = await startAddonServer();
  const setup = setupWith(
    { ingress: true, ingress_entry: 'panel' },
    {
      ingressToken: 'token',
      ingressPort: addon.port,
      ipAddress: '127.0.0.1',
      users: [{ id: 'u1', username: 'ann' }],
    },
  );
  supervisor = await start(setup);
  gateway = new CoreGateway({ supervisor: { host: '127.0.0.1', port: supervisor.port }, setup });
  server = createServer((request, response) => {
    void gateway.answer(request).then((reply) => {
      writeReply(response, reply);
    });
  });
  server.on('upgrade', (request, socket, head) => {
    void gateway.upgrade(request, socket, head);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  ({ port } = server.address() as AddressInfo);
}

describe('the gateway', () => {
  it('leads to the add-on’s page and nowhere else', async () => {
    await run();
    const root = await call(port, '/');
    expect([root.status, root.headers.location]).toEqual([302, `${ENTRY}/panel`]);
    expect(gateway.startPath).toBe(`${ENTRY}/panel`);
    expect((await call(port, '/lovelace')).status).toBe(404);
  });

  it('adds what Core adds, and one session serves all requests', async () => {
    await run();
    const answer = await call(port, `${ENTRY}/panel?a=1`, {
      headers: {
        Host: 'home.example:8123',
        Cookie: 'own=1',
        'X-Forwarded-For': '10.0.0.9',
        'X-Ingress-Path': '/forged',
      },
    });
    expect([answer.status, answer.text]).toEqual([200, 'hello']);
    expect(addon.seen[0]).toMatchObject({
      method: 'GET',
      url: '/panel?a=1',
      headers: {
        host: 'home.example:8123',
        'x-ingress-path': ENTRY,
        'x-hass-source': 'core.ingress',
        'x-remote-user-id': 'u1',
        'x-forwarded-for': '10.0.0.9, 127.0.0.1, 127.0.0.1',
        'x-forwarded-host': 'home.example:8123',
        'x-forwarded-proto': 'http',
        cookie: expect.stringMatching(/^own=1; ingress_session=[0-9a-f]{128}$/) as string,
      },
    });
    await call(port, `${ENTRY}/`, { method: 'POST', body: { b: 2 } });
    expect(addon.seen[1]).toMatchObject({
      method: 'POST',
      body: '{"b":2}',
      headers: { 'x-forwarded-for': '127.0.0.1, 127.0.0.1' },
    });
    expect(supervisor.requests().map(({ path }) => path)).toEqual([
      '/ingress/session',
      '/ingress/token/panel',
      '/ingress/token/',
    ]);
  });

  it('passes WebSockets', async () => {
    await run();
    const socket = new WebSocket(`ws://127.0.0.1:${port}${ENTRY}/ws`, ['tty']);
    const [welcome] = (await once(socket, 'message')) as [Buffer];
    expect([welcome.toString(), socket.protocol]).toEqual(['welcome', 'tty']);
    socket.close();
    await once(socket, 'close');
    const other = new WebSocket(`ws://127.0.0.1:${port}/api/websocket`);
    const [error] = (await once(other, 'error')) as [Error];
    expect(error.message).toContain('404');
  });

  it('answers 502 without the Supervisor', async () => {
    await run();
    await supervisor.close();
    expect((await call(port, `${ENTRY}/`)).status).toBe(502);
    const socket = new WebSocket(`ws://127.0.0.1:${port}${ENTRY}/ws`);
    const [error] = (await once(socket, 'error')) as [Error];
    expect(error.message).toContain('502');
  });
});
