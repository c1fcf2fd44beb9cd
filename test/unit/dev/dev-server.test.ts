import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { startDevServer, type DevControl, type DevServer } from '../../../src/dev/dev-server.js';
import type { StatusView } from '../../../src/dev/status-page.js';
import { CoreGateway } from '../../../src/supervisor/core-gateway.js';
import type { Supervisor } from '../../../src/supervisor/server.js';
import { startAddonServer, type AddonServer } from '../supervisor/addon-server.js';
import { call, setupWith, start, type Answer } from '../supervisor/support.js';

const OWN = '/.addon-release/';
const ENTRY = '/api/hassio_ingress/token';
const BROWSER = { Accept: 'text/html,*/*' };

const VIEW: StatusView = {
  name: 'Weather <station>',
  version: '1.0.0',
  arch: 'amd64',
  isUp: true,
  state: 'up: healthy',
  build: 'built & started',
  pagePath: `${ENTRY}/`,
  ports: ['port 80/tcp is at 127.0.0.1:80'],
  optionsText: '{"text": "</textarea><script>"}',
  problems: [],
  optionsSource: 'smoke.yaml, run "default"',
  requests: [],
};

let view: StatusView;
let gateway: CoreGateway | undefined;
let saveOptions: ReturnType<typeof vi.fn<DevControl['saveOptions']>>;
let resetOptions: ReturnType<typeof vi.fn<() => void>>;
let restart: ReturnType<typeof vi.fn<() => void>>;
let server: DevServer;

beforeEach(async () => {
  view = VIEW;
  gateway = undefined;
  saveOptions = vi.fn<DevControl['saveOptions']>(() => []);
  resetOptions = vi.fn<() => void>();
  restart = vi.fn<() => void>();
  server = await startDevServer(
    { view: () => view, gateway: () => gateway, saveOptions, resetOptions, restart },
    undefined,
  );
});

afterEach(async () => {
  await server.close();
});

async function readToken(): Promise<string> {
  const { text } = await call(server.port, OWN);
  return /name="token" value="([0-9a-f]{64})"/.exec(text)?.[1] ?? '';
}

function post(
  fields: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const body = new URLSearchParams(fields).toString();
  const type = { 'Content-Type': 'application/x-www-form-urlencoded' };
  return call(server.port, OWN, { method: 'POST', body, headers: { ...type, ...headers } });
}

describe('the page with the state', () => {
  test('shows what is known, as text', async () => {
    view = {
      ...VIEW,
      requests: [
        {
          at: Date.UTC(2026, 0, 1, 12, 30, 5),
          record: { instance: 'dev', method: 'GET', path: '/info', status: 200 },
        },
        {
          at: Date.UTC(2026, 0, 1, 12, 30, 6),
          record: {
            instance: 'dev',
            method: 'GET',
            path: '/services/mqtt',
            status: 400,
            missing: 'services: [mqtt:want]',
          },
        },
      ],
    };
    const { status, text, headers } = await call(server.port, OWN);
    expect(status).toBe(200);
    expect(text).toContain('Weather &lt;station&gt; 1.0.0 (amd64)');
    expect(text).toContain('{&quot;text&quot;: &quot;&lt;/textarea&gt;&lt;script&gt;&quot;}');
    expect(text).toContain('built &amp; started');
    expect(text).toContain('<a href="/api/hassio_ingress/token/">');
    expect(text.indexOf('12:30:06')).toBeLessThan(text.indexOf('12:30:05'));
    expect(text).toContain('refused: `services: [mqtt:want]` is missing');
    expect(text).not.toMatch(/<script|(?:src|href)="https?:/);
    expect(headers['content-security-policy']).toMatch(/^default-src 'none'; style-src 'nonce-/);
    expect(headers['cache-control']).toBe('no-store');
    expect(headers['x-frame-options']).toBe('DENY');
  });

  test('is reached without its last slash, and from / without ingress', async () => {
    const short = await call(server.port, '/.addon-release');
    expect([short.status, short.headers.location]).toEqual([302, OWN]);
    view = { ...VIEW, pagePath: undefined };
    const root = await call(server.port, '/');
    expect([root.status, root.headers.location]).toEqual([302, OWN]);
    expect((await call(server.port, OWN)).text).toContain('<code>ingress</code> is off');
  });

  test('can be read and posted, nothing else', async () => {
    expect((await call(server.port, OWN, { method: 'HEAD' })).status).toBe(200);
    const answer = await call(server.port, OWN, { method: 'DELETE' });
    expect([answer.status, answer.headers.allow]).toEqual([405, 'GET, POST']);
  });
});

describe('the form', () => {
  test('saves options, and leads back', async () => {
    const token = await readToken();
    const answer = await post({ token, action: 'save', options: '{"a": 1}' });
    expect([answer.status, answer.headers.location]).toEqual([303, OWN]);
    expect(saveOptions.mock.calls).toEqual([['{"a": 1}']]);
  });

  test('shows what is wrong, with the text as it was typed', async () => {
    saveOptions.mockReturnValue(['a must be text, not <5>']);
    const answer = await post({ token: await readToken(), action: 'save', options: '{"a": 5}' });
    expect(answer.status).toBe(422);
    expect(answer.text).toContain('<li>a must be text, not &lt;5&gt;</li>');
    expect(answer.text).toContain('\n{&quot;a&quot;: 5}</textarea>');
  });

  test('restarts and resets', async () => {
    const token = await readToken();
    expect((await post({ token, action: 'restart' })).status).toBe(303);
    expect((await post({ token, action: 'reset' })).status).toBe(303);
    expect((await post({ token, action: 'dance' })).status).toBe(400);
    expect([restart.mock.calls.length, resetOptions.mock.calls.length]).toEqual([1, 1]);
  });

  test.each<Readonly<Record<string, string>>>([
    { Origin: 'http://example.org' },
    { Origin: 'null' },
    { 'Sec-Fetch-Site': 'cross-site' },
  ])('is not taken from another site: %j', async (headers) => {
    const answer = await post({ token: await readToken(), action: 'restart' }, headers);
    expect(answer.status).toBe(403);
    expect(restart).not.toHaveBeenCalled();
  });

  test('is not taken without the token of this run', async () => {
    for (const token of ['', '0'.repeat(64)]) {
      expect((await post({ token, action: 'restart' })).status).toBe(403);
    }
    expect((await post({ action: 'restart' })).status).toBe(403);
    expect(restart).not.toHaveBeenCalled();
  });

  test('is not read without end', async () => {
    const answer = await post({ token: 'x'.repeat(17 * 1024 * 1024) }).catch(() => undefined);
    expect(answer?.status ?? 413).toBe(413);
    expect(restart).not.toHaveBeenCalled();
  });
});

describe('the server', () => {
  test('answers to names of this machine only, on every path', async () => {
    for (const path of [OWN, '/', `${ENTRY}/`]) {
      const headers = { Host: 'evil.example', ...BROWSER };
      expect((await call(server.port, path, { headers })).status).toBe(421);
    }
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}${ENTRY}/ws`, {
      headers: { Host: 'evil.example' },
    });
    const [error] = (await once(socket, 'error')) as [Error];
    expect(error.message).toContain('421');
  });

  test('takes another port when its usual one is taken, but not in place of a given one', async () => {
    const other = createServer();
    await once(other.listen(0, '127.0.0.1'), 'listening');
    const { port } = other.address() as AddressInfo;
    const control = {
      view: () => view,
      gateway: () => gateway,
      saveOptions,
      resetOptions,
      restart,
    };
    const second = await startDevServer(control, undefined);
    expect(second.port).not.toBe(server.port);
    await second.close();
    await expect(startDevServer(control, port)).rejects.toMatchObject({
      failure: 'environment',
      message: `port ${port} can't be used: EADDRINUSE`,
    });
    other.close();
  });

  test('asks people to wait before the first start', async () => {
    view = { ...VIEW, isUp: false, state: 'stopped: not started yet', build: 'building' };
    const page = await call(server.port, '/', { headers: BROWSER });
    expect(page.status).toBe(503);
    expect(page.text).toContain('<meta http-equiv="refresh" content="2">');
    expect(page.text).toContain('not started yet');
    expect((await call(server.port, `${ENTRY}/data`)).status).toBe(503);
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}${ENTRY}/ws`);
    const [error] = (await once(socket, 'error')) as [Error];
    expect(error.message).toContain('503');
  });
});

describe('the page of the add-on', () => {
  let addon: AddonServer;
  let supervisor: Supervisor;
  let isBroken: boolean;

  beforeEach(async () => {
    isBroken = false;
    addon = await startAddonServer((response) => {
      if (isBroken) response.destroy();
      else response.end('hello');
    });
    const setup = setupWith(
      { ingress: true },
      { ingressToken: 'token', ingressPort: addon.port, ipAddress: '127.0.0.1' },
    );
    supervisor = await start(setup);
    gateway = new CoreGateway({ supervisor: { host: '127.0.0.1', port: supervisor.port }, setup });
  });

  afterEach(async () => {
    await supervisor.close();
    await addon.close();
  });

  test('is served through the Supervisor, WebSockets too', async () => {
    const root = await call(server.port, '/');
    expect([root.status, root.headers.location]).toEqual([302, `${ENTRY}/`]);
    const page = await call(server.port, `${ENTRY}/`);
    expect([page.status, page.text]).toEqual([200, 'hello']);
    expect(addon.seen[0]?.headers).toMatchObject({
      'x-ingress-path': ENTRY,
      'x-remote-user-name': 'tester',
    });
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}${ENTRY}/ws`);
    const [welcome] = (await once(socket, 'message')) as [Buffer];
    expect(welcome.toString()).toBe('welcome');
    socket.close();
    await once(socket, 'close');
  });

  test('is waited for while it starts; once it is up, its errors are its own', async () => {
    isBroken = true;
    view = { ...VIEW, isUp: false };
    const waiting = await call(server.port, `${ENTRY}/`, { headers: BROWSER });
    expect([waiting.status, waiting.text.includes('http-equiv="refresh"')]).toEqual([503, true]);
    expect((await call(server.port, `${ENTRY}/data`)).status).toBe(502);
    view = VIEW;
    expect((await call(server.port, `${ENTRY}/`, { headers: BROWSER })).status).toBe(502);
  });
});
