import { afterEach, describe, expect, it } from 'vitest';

import type { Supervisor } from '../../../src/supervisor/server.js';
import { call, setupWith, start, type Answer, type CallOptions } from './support.js';

const setup = setupWith(
  { auth_api: true },
  {
    users: [
      { username: 'ann', password: 'p:w' },
      { username: 'bob', password: 'b' },
    ],
  },
);

let supervisor: Supervisor;

afterEach(async () => {
  await supervisor.close();
});

async function login(options: CallOptions): Promise<Answer> {
  supervisor = await start(setup);
  const { headers } = options;
  return call(supervisor.port, '/auth', {
    method: 'POST',
    ...options,
    headers: { 'X-Supervisor-Token': setup.token, ...headers },
  });
}

function basic(credentials: string): Readonly<Record<string, string>> {
  return { Authorization: `Basic ${Buffer.from(credentials).toString('base64')}` };
}

const FORM = { 'Content-Type': 'application/x-www-form-urlencoded' } as const;

describe('a login', () => {
  it.each([
    ['Basic', { headers: basic('ann:p:w') }],
    ['Basic by GET', { method: 'GET', headers: basic('bob:b') }],
    ['JSON', { body: { username: 'ann', password: 'p:w' } }],
    ['JSON with `user`', { body: { user: 'bob', password: 'b' } }],
    ['a form', { headers: FORM, body: 'username=ann&password=p%3Aw' }],
    ['a form with `user`', { headers: FORM, body: 'user=bob&password=b' }],
  ] as const)('succeeds with %s', async (_name, options) => {
    const answer = await login(options);
    expect([answer.status, answer.json]).toEqual([200, { result: 'ok', data: {} }]);
  });

  it.each([
    ['a wrong password', { headers: basic('ann:x') }, 'no user has this name and password'],
    ['another’s password', { headers: basic('ann:b') }, 'no user has this name and password'],
    ['no colon', { headers: basic('ann') }, 'the Basic credentials hold no colon'],
    [
      'a Bearer header beside JSON',
      {
        headers: { Authorization: `Bearer ${setup.token}` },
        body: { username: 'ann', password: 'p:w' },
      },
      'the Authorization header is not Basic: send the token as X-Supervisor-Token instead',
    ],
    [
      'an inexact content type',
      {
        headers: { 'Content-Type': 'application/json; charset=utf-8' },
        body: { username: 'ann', password: 'p:w' },
      },
      'neither an Authorization header nor a body of a known Content-Type',
    ],
    ['a list', { body: [] }, 'the body is no object'],
    ['numbers', { body: { username: 1, password: 2 } }, 'Username and password must be strings'],
    ['nothing', { body: {} }, 'Username and password must be strings'],
  ] as const)('fails with %s', async (_name, options, reason) => {
    const answer = await login(options);
    expect(answer.status).toBe(401);
    expect(answer.json).toMatchObject({ result: 'error' });
    expect(answer.headers['www-authenticate']).toBe('Basic realm="Home Assistant Authentication"');
    expect(supervisor.requests()[0]?.reason).toBe(reason);
  });

  it('is closed without auth_api', async () => {
    const other = setupWith();
    supervisor = await start(other);
    const answer = await call(supervisor.port, '/auth', { token: other.token });
    expect([answer.status, answer.json]).toEqual([
      403,
      { result: 'error', message: "Can't use Home Assistant auth!" },
    ]);
    expect(supervisor.requests()[0]?.missing).toBe('auth_api: true');
  });
});

it('resets the passwords of known users only', async () => {
  const admin = setupWith({ hassio_api: true, hassio_role: 'admin' }, { users: setup.users });
  supervisor = await start(admin);
  const reset = (username: string) =>
    call(supervisor.port, '/auth/reset', {
      method: 'POST',
      token: admin.token,
      body: { username, password: 'n' },
    });
  expect((await reset('ann')).status).toBe(200);
  const unknown = await reset('eve');
  expect([unknown.status, unknown.json]).toMatchObject([
    400,
    { error_key: 'auth_password_reset_error', extra_fields: { user: 'eve' } },
  ]);
});
