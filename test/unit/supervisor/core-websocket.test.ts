import { once } from 'node:events';

import { afterEach, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';

import type { Supervisor } from '../../../src/supervisor/server.js';
import type { SupervisorSetup } from '../../../src/supervisor/state.js';
import { call, setupWith, start } from './support.js';

type Message = Readonly<Record<string, unknown>>;

const setup = setupWith(
  { homeassistant_api: true },
  {
    users: [{ id: 'u1', username: 'ann' }],
    core: { services: { scene: ['turn_on'] } },
    versions: { core: '2026.11.1' },
  },
);

let supervisor: Supervisor;
const clients: Client[] = [];

afterEach(async () => {
  vi.useRealTimers();
  for (const client of clients.splice(0)) client.socket.terminate();
  await supervisor.close();
});

/** A client that hands out messages in the order of their arrival. */
class Client {
  readonly closed: Promise<unknown>;
  readonly #received: Message[] = [];
  #wake: () => void = () => undefined;

  constructor(readonly socket: WebSocket) {
    socket.on('message', (data: Buffer) => {
      this.#received.push(JSON.parse(data.toString('utf8')) as Message);
      this.#wake();
    });
    this.closed = once(socket, 'close');
  }

  send(message: unknown): void {
    this.socket.send(JSON.stringify(message));
  }

  async next(): Promise<Message> {
    for (;;) {
      const message = this.#received.shift();
      if (message !== undefined) return message;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async ask(message: unknown): Promise<Message> {
    this.send(message);
    return this.next();
  }
}

function open(path = '/core/websocket'): Client {
  const client = new Client(new WebSocket(`ws://127.0.0.1:${supervisor.port}${path}`));
  clients.push(client);
  return client;
}

async function logIn(own: SupervisorSetup = setup): Promise<Client> {
  supervisor = await start(own);
  const client = open();
  await client.next();
  await client.ask({ type: 'auth', access_token: own.token });
  return client;
}

describe('the login', () => {
  it.each([
    ['/core/websocket', 'access_token'],
    ['/core/api/websocket', 'access_token'],
    ['/homeassistant/websocket', 'api_password'],
    ['/homeassistant/api/websocket', 'access_token'],
  ])('at %s takes %s', async (path, key) => {
    supervisor = await start(setup);
    const client = open(path);
    expect(await client.next()).toEqual({ type: 'auth_required', ha_version: '2026.11.1' });
    expect(await client.ask({ type: 'auth', [key]: setup.token })).toEqual({
      type: 'auth_ok',
      ha_version: '2026.11.1',
    });
    expect(supervisor.requests()).toEqual([
      { instance: 'amd64', method: 'GET', path, status: 101 },
    ]);
  });

  it('is refused without homeassistant_api, and the report says so', async () => {
    const other = setupWith({ hassio_api: true, hassio_role: 'admin' });
    supervisor = await start(other);
    const client = open();
    await client.next();
    expect(await client.ask({ type: 'auth', access_token: other.token })).toEqual({
      type: 'auth_invalid',
      message: 'Invalid access',
    });
    await client.closed;
    expect(supervisor.requests()[0]).toMatchObject({
      instance: 'amd64',
      missing: 'homeassistant_api: true',
    });
  });

  it.each([{ type: 'auth', access_token: 'wrong' }, { type: 'auth' }, [1], 'no object'])(
    'is refused for %j',
    async (message) => {
      supervisor = await start(setup);
      const client = open();
      await client.next();
      expect(await client.ask(message)).toMatchObject({ type: 'auth_invalid' });
      await client.closed;
      expect(supervisor.requests()[0]).toMatchObject({
        instance: null,
        reason: 'auth_invalid: the token is missing or not known',
      });
    },
  );

  it('must come within ten seconds', async () => {
    supervisor = await start(setup);
    vi.useFakeTimers({ toFake: ['setTimeout'] });
    const client = open();
    await client.next();
    vi.advanceTimersByTime(10_000);
    await client.closed;
    expect(supervisor.requests()[0]?.reason).toBe('no auth message within 10 s');
  });

  it('fails with status 502 while Core is down', async () => {
    supervisor = await start(setupWith({}, { core: { running: false } }));
    const socket = new WebSocket(`ws://127.0.0.1:${supervisor.port}/core/websocket`);
    const [error] = (await once(socket, 'error')) as [Error];
    expect(error.message).toContain('502');
  });

  it('does not exist elsewhere', async () => {
    supervisor = await start(setup);
    const socket = new WebSocket(`ws://127.0.0.1:${supervisor.port}/info`);
    const [error] = (await once(socket, 'error')) as [Error];
    expect(error.message).toContain('401');
  });
});

describe('commands', () => {
  it('give states, config, services and the user', async () => {
    const client = await logIn();
    expect(await client.ask({ id: 1, type: 'get_states' })).toMatchObject({
      id: 1,
      success: true,
      result: [{ entity_id: 'sun.sun' }, { entity_id: 'zone.home' }, {}, {}],
    });
    expect(await client.ask({ id: 2, type: 'get_config' })).toMatchObject({
      id: 2,
      result: { version: '2026.11.1', time_zone: 'UTC', state: 'RUNNING' },
    });
    expect(await client.ask({ id: 3, type: 'get_services' })).toMatchObject({
      result: { light: { turn_on: {} }, scene: { turn_on: {} } },
    });
    expect(await client.ask({ id: 4, type: 'auth/current_user' })).toMatchObject({
      result: { id: 'u1', is_admin: true },
    });
    expect(await client.ask({ id: 5, type: 'ping' })).toEqual({ id: 5, type: 'pong' });
    expect(await client.ask({ id: 6, type: 'config/entity_registry/list' })).toMatchObject({
      result: [],
    });
  });

  it('pass events to subscribers of their type until they unsubscribe', async () => {
    const client = await logIn();
    await client.ask({ id: 1, type: 'subscribe_events', event_type: 'state_changed' });
    await client.ask({ id: 2, type: 'subscribe_events' });
    const answer = await call(supervisor.port, '/core/api/states/light.desk', {
      method: 'POST',
      token: setup.token,
      body: { state: 'on', attributes: { brightness: 9 } },
    });
    expect(answer.status).toBe(201);
    const events = [await client.next(), await client.next()];
    expect(events.map(({ id }) => id)).toEqual([1, 2]);
    expect(events[0]).toMatchObject({
      type: 'event',
      event: {
        event_type: 'state_changed',
        data: {
          entity_id: 'light.desk',
          old_state: null,
          new_state: { state: 'on', attributes: { brightness: 9 } },
        },
      },
    });
    await client.ask({ id: 3, type: 'unsubscribe_events', subscription: 2 });
    expect(
      await client.ask({ id: 4, type: 'fire_event', event_type: 'rain', event_data: {} }),
    ).toMatchObject({ id: 4, success: true, result: { context: { user_id: 'u1' } } });
    expect(await client.ask({ id: 5, type: 'unsubscribe_events', subscription: 2 })).toMatchObject({
      success: false,
      error: { code: 'not_found' },
    });
  });

  it('follow chosen entities in the short form', async () => {
    const client = await logIn();
    const entities = ['light.kitchen', 'light.new'];
    await client.ask({ id: 1, type: 'subscribe_entities', entity_ids: entities });
    expect(await client.next()).toMatchObject({
      id: 1,
      type: 'event',
      event: { a: { 'light.kitchen': { s: 'off', a: { friendly_name: 'Kitchen' } } } },
    });
    const write = (method: string, entity: string, state: string) =>
      call(supervisor.port, `/core/api/states/${entity}`, {
        method,
        token: setup.token,
        body: { state },
      });
    await write('POST', 'sun.sun', 'below_horizon');
    await write('POST', 'light.kitchen', 'on');
    await write('POST', 'light.new', 'off');
    await write('DELETE', 'light.new', '');
    expect([await client.next(), await client.next(), await client.next()]).toMatchObject([
      { event: { c: { 'light.kitchen': { '+': { s: 'on' } } } } },
      { event: { a: { 'light.new': { s: 'off', lc: expect.any(Number) as number } } } },
      { event: { r: ['light.new'] } },
    ]);
    await client.ask({ id: 2, type: 'subscribe_entities' });
    expect(Object.keys(((await client.next())['event'] as { a: object }).a)).toHaveLength(4);
  });

  it('call services that exist', async () => {
    const client = await logIn();
    expect(
      await client.ask({ id: 1, type: 'call_service', domain: 'light', service: 'turn_on' }),
    ).toMatchObject({ success: true, result: { response: null } });
    expect(
      await client.ask({ id: 2, type: 'call_service', domain: 'light', service: 'explode' }),
    ).toMatchObject({
      success: false,
      error: { code: 'not_found', message: 'Service light.explode not found.' },
    });
  });

  it.each([
    [{ id: 1, type: 'supervisor/api', endpoint: '/info' }, 'unauthorized'],
    [{ id: 1, type: 'hassio/update/addon' }, 'unauthorized'],
    [{ id: 1, type: 'no/such/command' }, 'unknown_command'],
    [{ type: 'ping' }, 'invalid_format'],
    [{ id: 'one', type: 'ping' }, 'invalid_format'],
    ['text', 'invalid_format'],
  ])('refuse %j', async (message, code) => {
    const client = await logIn();
    expect(await client.ask(message)).toMatchObject({ success: false, error: { code } });
  });

  it('are recorded once when they are not carried out', async () => {
    const client = await logIn();
    const types = ['ping', 'no/such/command', 'no/such/command', 'supervisor/api', 'x'.repeat(101)];
    for (const [id, type] of types.entries()) await client.ask({ id: id + 1, type });
    const unknown = {
      instance: setup.id,
      method: 'WebSocket',
      status: 404,
      reason: 'the stand-in for Home Assistant does not know this command',
      unsupported: true,
    };
    expect(supervisor.requests().slice(1)).toEqual([
      { ...unknown, path: 'no/such/command' },
      {
        instance: setup.id,
        method: 'WebSocket',
        path: 'supervisor/api',
        status: 403,
        reason: 'add-ons may not send this command',
      },
      { ...unknown, path: 'x'.repeat(100) },
    ]);
  });

  it('need rising numbers and may come in bundles', async () => {
    const client = await logIn();
    client.send([
      { id: 2, type: 'ping' },
      { id: 2, type: 'ping' },
    ]);
    expect(await client.next()).toEqual({ id: 2, type: 'pong' });
    expect(await client.next()).toMatchObject({ error: { code: 'id_reuse' } });
  });
});
