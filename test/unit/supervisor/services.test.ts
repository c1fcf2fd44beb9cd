import { afterEach, describe, expect, it } from 'vitest';

import type { JsonValue } from '../../../src/supervisor/json.js';
import type { Supervisor } from '../../../src/supervisor/server.js';
import type { SupervisorSetup } from '../../../src/supervisor/state.js';
import { call, setupWith, start, type Answer } from './support.js';

let supervisor: Supervisor;
let setup: SupervisorSetup;

afterEach(async () => {
  await supervisor.close();
});

async function run(...input: Parameters<typeof setupWith>): Promise<void> {
  setup = setupWith(...input);
  supervisor = await start(setup);
}

function ask(request: string, body?: JsonValue, token = setup.token): Promise<Answer> {
  const [method = '', path = ''] = request.split(' ');
  return call(supervisor.port, path, { method, token, ...(body === undefined ? {} : { body }) });
}

const ok = (data: unknown) => ({ result: 'ok', data });

describe('services', () => {
  it('are read as the test offers them', async () => {
    await run({ services: ['mqtt:need'] }, { services: { mqtt: { username: 'me' } } });
    expect((await ask('GET /services/mqtt')).json).toEqual(
      ok({
        addon: 'core_mosquitto',
        host: 'core-mosquitto',
        port: 1883,
        ssl: false,
        protocol: '3.1.1',
        username: 'me',
        password: 'addons',
      }),
    );
    expect((await ask('GET /services')).json).toEqual(
      ok({
        services: [
          { slug: 'mqtt', available: true, providers: ['core_mosquitto'] },
          { slug: 'mysql', available: false, providers: [] },
        ],
      }),
    );
  });

  it('are not enabled when nobody offers them, and closed to whoever does not list them', async () => {
    await run({ services: ['mqtt:want'] }, { services: { mysql: {} } });
    const absent = await ask('GET /services/mqtt');
    expect([absent.status, absent.json]).toEqual([
      400,
      { result: 'error', message: 'Service not enabled' },
    ]);
    const closed = await ask('GET /services/mysql');
    expect([closed.status, closed.json]).toEqual([
      403,
      { result: 'error', message: 'No access to mysql service!' },
    ]);
    expect(supervisor.requests().map(({ missing }) => missing)).toEqual([
      undefined,
      'services: [mysql:want]',
    ]);
  });

  it('can be announced and withdrawn by a provider', async () => {
    await run({ services: ['mqtt:provide'] });
    const announced = { host: 'here', port: '1883', username: 'u', password: 'p' };
    expect((await ask('POST /services/mqtt', announced)).json).toEqual(ok({}));
    expect((await ask('GET /services/mqtt')).json).toEqual(
      ok({
        ...announced,
        port: 1883,
        ssl: false,
        protocol: '3.1.1',
        addon: 'local_weather_station',
      }),
    );
    const again = await ask('POST /services/mqtt', announced);
    expect([again.status, again.json]).toMatchObject([
      409,
      { error_key: 'service_already_provided_error' },
    ]);
    expect((await ask('DELETE /services/mqtt', {})).status).toBe(200);
    const gone = await ask('DELETE /services/mqtt');
    expect([gone.status, gone.json]).toMatchObject([
      404,
      { error_key: 'service_not_provided_error' },
    ]);
  });

  it('can be announced with any right, but withdrawn with `provide` only', async () => {
    await run({ services: ['mysql:want'] });
    const body = { host: 'h', port: 3306, username: 'u', password: 'p' };
    expect((await ask('POST /services/mysql', body)).status).toBe(200);
    expect((await ask('DELETE /services/mysql')).json).toEqual({
      result: 'error',
      message: 'No access to write mysql service!',
    });
  });

  it.each([
    [{ port: 1 }, "required key not provided @ data['host']. Got None"],
    [{ host: 'h', port: 70000 }, "value must be at most 65535 @ data['port']. Got 70000"],
    [{ host: 'h', port: 'x' }, "expected int @ data['port']. Got 'x'"],
    [
      { host: 'h', port: 1, protocol: '5' },
      "value must be one of ['3.1', '3.1.1'] @ data['protocol']. Got '5'",
    ],
    [{ host: 'h', port: 1, extra: null }, "extra keys not allowed @ data['extra']. Got None"],
  ])('refuse %j', async (body, message) => {
    await run({ services: ['mqtt:provide'] });
    expect((await ask('POST /services/mqtt', body)).json).toEqual({ result: 'error', message });
  });
});

describe('discovery', () => {
  it('keeps one message per service', async () => {
    await run({ discovery: ['mqtt'] });
    const first = await ask('POST /discovery', { service: 'mqtt', config: { host: 'a' } });
    const second = await ask('POST /discovery', { service: 'mqtt', config: { host: 'b' } });
    expect(first.json).toEqual(second.json);
    const { uuid } = (first.json as { data: { uuid: string } }).data;
    expect(uuid).toMatch(/^[0-9a-f]{32}$/);
    const message = {
      addon: 'local_weather_station',
      service: 'mqtt',
      uuid,
      config: { host: 'b' },
    };
    const { coreToken } = setup;
    expect((await ask(`GET /discovery/${uuid}`, undefined, coreToken)).json).toEqual(ok(message));
    expect((await ask('GET /discovery', undefined, coreToken)).json).toEqual(
      ok({ discovery: [message], services: { mqtt: ['local_weather_station'] } }),
    );
    expect((await ask(`DELETE /discovery/${uuid}`)).status).toBe(200);
    expect((await ask(`DELETE /discovery/${uuid}`)).status).toBe(404);
  });

  it('is closed to services that the config does not list', async () => {
    await run({ discovery: ['mqtt'] });
    const answer = await ask('POST /discovery', { service: 'wyoming', config: {} });
    expect([answer.status, answer.json]).toEqual([
      403,
      {
        result: 'error',
        message: 'Apps must list services they provide via discovery in their config!',
      },
    ]);
    expect((await ask('POST /discovery', { service: 'mqtt' })).json).toEqual({
      result: 'error',
      message: "required key not provided @ data['config']. Got None",
    });
    expect((await ask('GET /discovery')).text).toBe('401: Unauthorized');
  });
});

describe('backups', () => {
  it('can be made, looked at, restored and removed', async () => {
    await run({ hassio_api: true, hassio_role: 'backup' });
    const made = await ask('POST /backups/new/full', { name: 'all', password: 'p' });
    const { slug } = (made.json as { data: { slug: string } }).data;
    expect((await ask(`GET /backups/${slug}/info`)).json).toMatchObject(
      ok({
        slug,
        name: 'all',
        type: 'full',
        protected: true,
        addons: [{ slug: 'local_weather_station' }],
      }),
    );
    const partial = await ask('POST /backups/new/partial', { addons: ['x'], folders: ['ssl'] });
    expect(partial.status).toBe(200);
    expect((await ask('GET /backups')).json).toMatchObject(
      ok({
        backups: [
          { slug, content: { homeassistant: true } },
          { content: { homeassistant: false, addons: ['x'], folders: ['ssl'] } },
        ],
      }),
    );
    const restored = await ask(`POST /backups/${slug}/restore/full`, { password: 'p' });
    expect(restored.json).toMatchObject(
      ok({ job_id: expect.stringMatching(/^\w{32}$/) as string }),
    );
    expect((await ask(`DELETE /backups/${slug}`, {})).status).toBe(200);
    expect((await ask(`GET /backups/${slug}/info`)).json).toEqual({
      result: 'error',
      message: 'Backup does not exist',
    });
  });
});
