import { once } from 'node:events';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';

import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';

import { prepareIngressHeaders, requestThroughIngress } from '../../../src/supervisor/ingress.js';
import type { Supervisor } from '../../../src/supervisor/server.js';
import type { SupervisorSetup } from '../../../src/supervisor/state.js';
import { startAddonServer, type AddonServer } from './addon-server.js';
import { call, CLOSED_PORT, setupWith, start, type Answer, type CallOptions } from './support.js';

const ENTRY = '/api/hassio_ingress/token';
const USER = { id: 'u1', username: 'ann', displayName: 'Änn' };

let addon: AddonServer | undefined;
let supervisor: Supervisor | undefined;

afterEach(async () => {
  await supervisor?.close();
  await addon?.close();
  supervisor = undefined;
  addon = undefined;
});

describe('the headers of an ingress request', () => {
  it('lose credentials, framing and forged identities, and gain the real ones', () => {
    expect(
      prepareIngressHeaders(
        [
          ['Host', 'home:8123'],
          ['Accept', 'text/html'],
          ['Content-Length', '5'],
          ['Content-Encoding', 'gzip'],
          ['Transfer-Encoding', 'chunked'],
          ['Sec-WebSocket-Extensions', 'permessage-deflate'],
          ['Sec-WebSocket-Protocol', 'tty'],
          ['Sec-WebSocket-Version', '13'],
          ['Sec-WebSocket-Key', 'k'],
          ['X-Supervisor-Token', 't'],
          ['x-hassio-key', 't'],
          ['X-Remote-User-Id', 'forged'],
          ['x-remote-user-name', 'forged'],
          ['X-Remote-User-Display-Name', 'forged'],
          ['X-Ingress-Path', ENTRY],
          ['Cookie', 'a=1'],
          ['Cookie', 'b=2'],
          ['X-Forwarded-For', '10.0.0.9'],
        ],
        { user: { id: 'u1', username: 'ann', displayName: 'Ann' }, peerAddress: '172.30.32.1' },
      ),
    ).toEqual([
      ['X-Remote-User-Id', 'u1'],
      ['X-Remote-User-Name', 'ann'],
      ['X-Remote-User-Display-Name', 'Ann'],
      ['Host', 'home:8123'],
      ['Accept', 'text/html'],
      ['X-Ingress-Path', ENTRY],
      ['Cookie', 'a=1'],
      ['Cookie', 'b=2'],
      ['X-Forwarded-For', '10.0.0.9, 172.30.32.1'],
    ]);
  });

  it('say None where nobody forwarded, and name only what is known of the user', () => {
    expect(prepareIngressHeaders([], { peerAddress: '172.30.32.1' })).toEqual([
      ['X-Forwarded-For', 'None, 172.30.32.1'],
    ]);
    expect(prepareIngressHeaders([], { user: { id: 'u1' }, peerAddress: 'p' })).toEqual([
      ['X-Remote-User-Id', 'u1'],
      ['X-Forwarded-For', 'None, p'],
    ]);
  });
});

describe('requestThroughIngress', () => {
  it('arrives as from Core and the Supervisor', async () => {
    addon = await startAddonServer((response) => {
      response.writeHead(201, { 'Set-Cookie': ['a=1', 'b=2'], 'X-Own': 'yes' });
      response.end('made');
    });
    const answer = await requestThroughIngress({
      host: '127.0.0.1',
      port: addon.port,
      path: '/items?x=%2F',
      method: 'POST',
      headers: { 'Content-Type': 'text/plain', 'x-ingress-path': '/forged' },
      body: 'päyload',
      ingressEntry: ENTRY,
      user: USER,
    });
    expect(answer).toMatchObject({
      status: 201,
      headers: { 'set-cookie': ['a=1', 'b=2'], 'x-own': 'yes' },
    });
    expect(answer.body.toString()).toBe('made');
    expect(addon.seen).toEqual([
      {
        method: 'POST',
        url: '/items?x=%2F',
        body: 'päyload',
        headers: {
          host: 'homeassistant.local:8123',
          connection: 'close',
          accept: '*/*',
          'accept-encoding': 'gzip, deflate',
          'content-length': '8',
          'content-type': 'text/plain',
          'x-ingress-path': ENTRY,
          'x-remote-user-id': 'u1',
          'x-remote-user-name': 'ann',
          'x-remote-user-display-name': Buffer.from('Änn').toString('latin1'),
          'x-forwarded-for': '192.168.1.10, 172.30.32.1',
          'x-forwarded-host': 'homeassistant.local:8123',
          'x-forwarded-proto': 'http',
          'x-hass-source': 'core.ingress',
        },
      },
    ]);
  });

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ] as const)('decodes %s', async (encoding, compress) => {
    addon = await startAddonServer((response) => {
      response.writeHead(200, { 'Content-Encoding': encoding });
      response.end(compress('packed'));
    });
    const { body, headers } = await ask({});
    expect([body.toString(), headers['content-encoding']]).toEqual(['packed', undefined]);
  });

  it('follows no redirects and cuts long answers', async () => {
    addon = await startAddonServer((response) => {
      response.writeHead(302, { Location: '/login' });
      response.end('x'.repeat(1000));
    });
    const { status, headers, body } = await ask({ maxBytes: 10 });
    expect([status, headers['location'], body.toString()]).toEqual([302, '/login', 'xxxxxxxxxx']);
  });

  it('gives up after its time limit and when nobody listens', async () => {
    addon = await startAddonServer(() => undefined);
    await expect(ask({ timeoutMs: 20 })).rejects.toThrow('no complete answer within 20 ms');
    const nobody = { host: '127.0.0.1', port: CLOSED_PORT, path: '/', ingressEntry: ENTRY };
    await expect(requestThroughIngress(nobody)).rejects.toThrow('ECONNREFUSED');
  });

  it('notices a broken encoding', async () => {
    addon = await startAddonServer((response) => {
      response.writeHead(200, { 'Content-Encoding': 'gzip' });
      response.end('not packed');
    });
    await expect(ask({})).rejects.toThrow('incorrect header check');
  });

  function ask(extra: { readonly timeoutMs?: number; readonly maxBytes?: number }) {
    return requestThroughIngress({
      host: '127.0.0.1',
      port: addon?.port ?? 0,
      path: 'page',
      ingressEntry: ENTRY,
      ...extra,
    });
  }
});

describe('the Supervisor’s side', () => {
  let setup: SupervisorSetup;

  async function run(
    answer?: Parameters<typeof startAddonServer>[0],
    { clock, port }: { readonly clock?: () => number; readonly port?: number } = {},
  ): Promise<void> {
    addon = await startAddonServer(answer);
    setup = setupWith(
      { ingress: true, ingress_port: 0, ingress_stream: true, hassio_api: true },
      {
        ingressToken: 'token',
        ingressPort: port ?? addon.port,
        users: [USER],
        ipAddress: '127.0.0.1',
      },
    );
    supervisor = await start(setup, {}, clock === undefined ? {} : { clock });
  }

  function ask(path: string, options: CallOptions): Promise<Answer> {
    return call(supervisor?.port ?? 0, path, options);
  }

  async function openSession(body: { user_id?: string } = { user_id: 'u1' }): Promise<string> {
    const answer = await ask('/ingress/session', {
      method: 'POST',
      token: setup.coreToken,
      body,
    });
    return (answer.json as { data: { session: string } }).data.session;
  }

  it('opens and checks sessions for Core only', async () => {
    await run();
    const session = await openSession();
    expect(session).toMatch(/^[0-9a-f]{128}$/);
    const check = (value: string) =>
      ask('/ingress/validate_session', {
        method: 'POST',
        token: setup.coreToken,
        body: { session: value },
      });
    expect((await check(session)).status).toBe(200);
    expect((await check('x')).text).toBe('401: Unauthorized');
  });

  it('ends sessions after fifteen minutes without a request', async () => {
    let now = 0;
    const minute = 60_000;
    await run(undefined, { clock: () => now });
    const headers = { Cookie: `ingress_session=${await openSession()}` };
    const page = () => ask('/ingress/token/', { headers });
    now = 14 * minute;
    expect((await page()).status).toBe(200);
    now = 29 * minute;
    expect((await page()).status).toBe(200);
    now = 61 * minute;
    expect((await page()).status).toBe(401);
  });

  it('passes requests on with the session’s user', async () => {
    await run((response) => {
      response.writeHead(200, { 'Content-Type': 'text/html', 'Content-Length': '5' });
      response.end('page!');
    });
    const answer = await ask('/ingress/token/a%20b?c=%2Fd', {
      method: 'POST',
      body: { a: 1 },
      headers: {
        Cookie: `x=1; ingress_session=${await openSession()}; y=2`,
        'X-Supervisor-Token': 'dropped',
        'X-Ingress-Path': ENTRY,
      },
    });
    expect([answer.status, answer.text, answer.headers['content-type']]).toEqual([
      200,
      'page!',
      'text/html',
    ]);
    expect(answer.headers['x-accel-buffering']).toBeUndefined();
    expect(addon?.seen[0]).toMatchObject({
      method: 'POST',
      url: '/a%20b?c=%2Fd',
      body: '{"a":1}',
      headers: {
        'x-remote-user-id': 'u1',
        'x-ingress-path': ENTRY,
        'x-forwarded-for': 'None, 127.0.0.1',
        'transfer-encoding': 'chunked',
      },
    });
    expect(addon?.seen[0]?.headers).not.toHaveProperty('x-supervisor-token');
    expect(supervisor?.requests().at(-1)).toEqual({
      instance: 'amd64',
      method: 'POST',
      path: '/ingress/token/a b',
      status: 200,
    });
  });

  it('marks long answers as streams, and passes empty ones', async () => {
    await run((response, { url }) => {
      if (url === '/empty') response.writeHead(204).end();
      else response.end('x'.repeat(4_194_000));
    });
    const headers = { Cookie: `ingress_session=${await openSession({})}` };
    const long = await ask('/ingress/token/long', { headers });
    expect([long.text.length, long.headers['x-accel-buffering']]).toEqual([4_194_000, 'no']);
    const empty = await ask('/ingress/token/empty', { headers });
    expect([empty.status, empty.text]).toEqual([204, '']);
    expect(addon?.seen[0]?.headers).not.toHaveProperty('x-remote-user-id');
  });

  it('refuses bad sessions, unknown tokens and add-ons that are not there', async () => {
    await run(undefined, { port: CLOSED_PORT });
    expect((await ask('/ingress/token/', {})).text).toBe('401: Unauthorized');
    const headers = { Cookie: `ingress_session=${await openSession()}` };
    expect((await ask('/ingress/other/', { headers })).text).toBe('503: Service Unavailable');
    expect((await ask('/ingress/token/', { headers })).text).toBe('502: Bad Gateway');
    expect(supervisor?.requests().at(-1)?.reason).toMatch(
      /^nothing answers at 127\.0\.0\.1:1: connect ECONNREFUSED/,
    );
  });

  it('passes WebSockets with messages, subprotocol and close codes', async () => {
    await run();
    const socket = new WebSocket(
      `ws://127.0.0.1:${supervisor?.port ?? 0}/ingress/token/ws?a=1`,
      ['other', 'tty'],
      { headers: { Cookie: `ingress_session=${await openSession()}` } },
    );
    const [welcome] = (await once(socket, 'message')) as [Buffer];
    expect([welcome.toString(), socket.protocol]).toEqual(['welcome', 'tty']);
    socket.send(Buffer.from([1, 2, 3]));
    const [echo, isBinary] = (await once(socket, 'message')) as [Buffer, boolean];
    expect([[...echo], isBinary]).toEqual([[1, 2, 3], true]);
    socket.send('bye');
    const [code, reason] = (await once(socket, 'close')) as [number, Buffer];
    expect([code, reason.toString()]).toEqual([4001, 'as you like']);
    expect(addon?.seen[0]).toMatchObject({
      method: 'WS',
      url: '/ws?a=1',
      headers: { 'x-remote-user-id': 'u1', 'x-forwarded-for': 'None, 127.0.0.1' },
    });
  });

  it.each([
    ['/ingress/token/no-socket', true, '502'],
    ['/ingress/other/ws', true, '503'],
    ['/ingress/token/ws', false, '401'],
  ])('refuses the WebSocket at %s', async (path, withSession, status) => {
    await run();
    const socket = new WebSocket(`ws://127.0.0.1:${supervisor?.port ?? 0}${path}`, {
      headers: withSession ? { Cookie: `ingress_session=${await openSession()}` } : {},
    });
    const [error] = (await once(socket, 'error')) as [Error];
    expect(error.message).toContain(status);
    expect(supervisor?.requests().at(-1)?.status).toBe(Number(status));
  });
});
