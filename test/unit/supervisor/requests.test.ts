import { connect } from 'node:net';

import { afterEach, describe, expect, it } from 'vitest';

import { describeRequest, type RecordedRequest } from '../../../src/supervisor/request-record.js';
import type { Supervisor } from '../../../src/supervisor/server.js';
import { call, setupWith, start } from './support.js';

const MEBIBYTE = 1024 * 1024;
const setup = setupWith();
const { token } = setup;

let supervisor: Supervisor;

afterEach(async () => {
  await supervisor.close();
});

describe('tokens', () => {
  it('are taken from X-Supervisor-Token, X-Hassio-Key and Authorization, in this order', async () => {
    supervisor = await start(setup);
    const { port } = supervisor;
    for (const headers of [
      { 'X-Supervisor-Token': token },
      { 'X-Hassio-Key': token },
      { Authorization: `Bearer ${token}` },
      { Authorization: token },
      { 'X-Supervisor-Token': token, Authorization: 'Basic dTpw' },
      { 'X-Supervisor-Token': token, 'X-Hassio-Key': 'wrong' },
    ]) {
      expect([headers, (await call(port, '/info', { headers })).status]).toEqual([headers, 200]);
    }
    for (const headers of [
      { 'X-Supervisor-Token': 'wrong', Authorization: `Bearer ${token}` },
      { Authorization: 'Bearer wrong' },
      { Authorization: 'Bearer' },
    ]) {
      const answer = await call(port, '/info', { headers });
      expect([answer.status, answer.text]).toEqual([403, '403: Forbidden']);
    }
    const answer = await call(port, '/info');
    expect([answer.status, answer.text]).toEqual([401, '401: Unauthorized']);
    expect(answer.headers['content-type']).toBe('text/plain; charset=utf-8');
  });

  it('select the setup when several share a server', async () => {
    const others = ['aarch64', 'armv7'].map((arch) => setupWith({}, { arch }));
    supervisor = await start([setup, ...others]);
    for (const { token: own, id } of [setup, ...others]) {
      const { json } = await call(supervisor.port, '/info', { token: own });
      expect(json).toMatchObject({ data: { arch: id } });
    }
    expect(supervisor.requests().map(({ instance }) => instance)).toEqual([
      'amd64',
      'aarch64',
      'armv7',
    ]);
  });

  it('stop counting when their setup is removed', async () => {
    supervisor = await start([]);
    supervisor.add(setup);
    expect((await call(supervisor.port, '/info', { token })).status).toBe(200);
    supervisor.remove(setup.id);
    expect((await call(supervisor.port, '/info', { token })).status).toBe(403);
  });
});

describe('records', () => {
  it('say what was asked, how it ended and what the config lacks', async () => {
    const seen: RecordedRequest[] = [];
    supervisor = await start(setup, { onRequest: (request) => seen.push(request) });
    const { port } = supervisor;
    await call(port, '/services/mqtt', { token });
    await call(port, '/services/mysql', { token, method: 'DELETE', body: {} });
    await call(port, '/discovery', {
      token,
      method: 'POST',
      body: { service: 'mqtt', config: {} },
    });
    await call(port, '/auth', { token });
    await call(port, '/core/api/states?token=secret', { token });
    await call(port, '/supervisor/info', { token });
    await call(port, '/host/reboot', { token, method: 'POST' });
    await call(port, '/no/such/path', { token });
    await call(port, '/info', { token });
    await call(port, '/info');
    expect(seen).toEqual(supervisor.requests());
    expect(seen.map(describeRequest)).toEqual([
      'asked for `/services/mqtt`, refused: `services: [mqtt:want]` is missing',
      'asked for `DELETE /services/mysql`, refused: `services: [mysql:provide]` is missing',
      'asked for `POST /discovery`, refused: `discovery: [mqtt]` is missing',
      'asked for `/auth`, refused: `auth_api: true` is missing',
      'asked for `/core/api/states`, refused: `homeassistant_api: true` is missing',
      'asked for `/supervisor/info`, refused: `hassio_api: true` is missing',
      'asked for `POST /host/reboot`, refused: `hassio_api: true, hassio_role: manager` is missing',
      'asked for `/no/such/path`, refused with 403: the add-on has no access to the Supervisor API',
      'asked for `/info`, answered with 200',
      'asked for `/info`, refused with 401: no token: send "Authorization: Bearer $SUPERVISOR_TOKEN"',
    ]);
    expect(seen.map(({ instance, status }) => [instance, status])).toEqual([
      ['amd64', 403],
      ['amd64', 403],
      ['amd64', 403],
      ['amd64', 403],
      ['amd64', 401],
      ['amd64', 403],
      ['amd64', 403],
      ['amd64', 403],
      ['amd64', 200],
      [null, 401],
    ]);
  });

  it('belong to the add-on at the source address when the token says nothing', async () => {
    supervisor = await start([setup, setupWith({}, { arch: 'armv7' })]);
    supervisor.update('armv7', { ipAddress: '127.0.0.1' });
    await call(supervisor.port, '/info');
    await call(supervisor.port, '/info', { token: 'expired' });
    await call(supervisor.port, '/info', { token });
    supervisor.update('amd64', { ipAddress: '127.0.0.1' });
    await call(supervisor.port, '/info');
    expect(supervisor.requests().map(({ instance }) => instance)).toEqual([
      'armv7',
      'armv7',
      'amd64',
      null,
    ]);
  });

  it('hold failures of the owner as status 500', async () => {
    supervisor = await start(setup, {
      onRestart: () => {
        throw new Error('no container');
      },
    });
    const answer = await call(supervisor.port, '/addons/self/restart', { token, method: 'POST' });
    expect(answer.status).toBe(500);
    expect(supervisor.requests()[0]?.reason).toBe('the stand-in failed: no container');
  });
});

describe('routing', () => {
  it('answers 404 as JSON and 405 with the allowed methods', async () => {
    const admin = setupWith({ hassio_api: true, hassio_role: 'admin' });
    supervisor = await start(admin);
    const unknown = await call(supervisor.port, '/no/such/path', { token: admin.token });
    expect(unknown.status).toBe(404);
    expect(unknown.json).toMatchObject({ result: 'error' });
    const wrong = await call(supervisor.port, '/info', { token: admin.token, method: 'POST' });
    expect([wrong.status, wrong.text]).toEqual([405, '405: Method Not Allowed']);
    expect(wrong.headers.allow).toBe('GET,HEAD');
  });

  it('serves HEAD like GET without the body', async () => {
    supervisor = await start(setup);
    const answer = await call(supervisor.port, '/info', { token, method: 'HEAD' });
    expect([answer.status, answer.text]).toEqual([200, '']);
  });

  it('marks what only the stand-in may not know', async () => {
    const known = setupWith({
      hassio_api: true,
      hassio_role: 'admin',
      homeassistant_api: true,
    });
    supervisor = await start(known);
    const calls = [
      ['GET', '/hosts/info', true],
      ['GET', '/core/api/calendar_proxy', true],
      ['POST', '/core/api/template', true],
      ['GET', '/core/api/states/light.none', false],
      ['GET', '/addons/core_none/info', false],
      ['DELETE', '/info', false],
      ['GET', '/info', false],
    ] as const;
    for (const [method, path] of calls) {
      await call(supervisor.port, path, { token: known.token, method });
    }
    expect(
      supervisor
        .requests()
        .map(({ method, path, unsupported = false }) => [method, path, unsupported]),
    ).toEqual(calls);
  });

  it('filters paths that climb, however often they are encoded', async () => {
    supervisor = await start(setup);
    for (const path of ['/addons/self/%252e%252e%252finfo', '/info?file=../../etc/passwd']) {
      const answer = await call(supervisor.port, path, { token });
      expect([answer.status, answer.text]).toEqual([400, '400: Bad Request']);
    }
  });

  it('is not ready in other states', async () => {
    const starting = setupWith({}, { host: { state: 'setup' } });
    supervisor = await start(starting);
    const answer = await call(supervisor.port, '/info', { token: starting.token });
    expect(answer.status).toBe(400);
    expect(answer.json).toEqual({
      result: 'error',
      message: 'System is not ready with state: setup',
    });
  });
});

describe('bodies', () => {
  it('may come with GET and DELETE', async () => {
    supervisor = await start(setupWith({ services: ['mqtt:provide'] }, { token }));
    expect((await call(supervisor.port, '/info', { token, body: {} })).status).toBe(200);
    const answer = await call(supervisor.port, '/services/mqtt', {
      token,
      method: 'DELETE',
      body: {},
    });
    expect(answer.status).toBe(404);
  });

  it('are refused when they are no JSON or no object', async () => {
    supervisor = await start(setup);
    const options = { token, method: 'POST' } as const;
    const broken = await call(supervisor.port, '/addons/self/options', { ...options, body: '{' });
    expect(broken.json).toEqual({ result: 'error', message: 'Invalid json' });
    const list = await call(supervisor.port, '/addons/self/options', { ...options, body: [1] });
    expect(list.json).toEqual({ result: 'error', message: 'expected a dictionary. Got [1]' });
    expect([broken.status, list.status]).toEqual([400, 400]);
  });

  it('are refused above 16 MiB, announced or not, and the connection stays usable', async () => {
    supervisor = await start(setup);
    const { port } = supervisor;
    const path = '/addons/self/options';
    const size = 16 * MEBIBYTE + 1;
    const announced = await call(port, path, { token, method: 'POST', body: 'x'.repeat(size) });
    expect([announced.status, announced.text]).toEqual([
      413,
      `Maximum request body size ${16 * MEBIBYTE} exceeded, actual body size ${size}`,
    ]);
    const chunked = await call(port, path, {
      token,
      method: 'POST',
      body: 'x'.repeat(size),
      chunked: true,
    });
    expect(chunked.status).toBe(413);
    expect((await call(port, '/info', { token })).status).toBe(200);
  });

  it('that break off leave the server running', async () => {
    supervisor = await start(setup);
    const { port } = supervisor;
    await new Promise<void>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.write(
          `POST /addons/self/options HTTP/1.1\r\nHost: s\r\nX-Supervisor-Token: ${token}\r\n` +
            'Content-Length: 100\r\n\r\n{',
          () => {
            socket.destroy();
            resolve();
          },
        );
      });
    });
    expect((await call(port, '/info', { token })).status).toBe(200);
  });
});

it('fails when the address is taken', async () => {
  supervisor = await start(setup);
  await expect(start(setup, {}, { port: supervisor.port })).rejects.toThrow('EADDRINUSE');
});
