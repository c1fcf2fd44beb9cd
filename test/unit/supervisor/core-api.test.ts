import { get } from 'node:http';

import { afterEach, describe, expect, it } from 'vitest';

import type { JsonValue } from '../../../src/supervisor/json.js';
import type { Supervisor } from '../../../src/supervisor/server.js';
import { call, setupWith, start, type Answer } from './support.js';

const setup = setupWith({ homeassistant_api: true });

let supervisor: Supervisor;

afterEach(async () => {
  await supervisor.close();
});

async function ask(request: string, body?: JsonValue): Promise<Answer> {
  const [method = '', path = ''] = request.split(' ');
  return call(supervisor.port, `/core/api/${path}`, {
    method,
    token: setup.token,
    ...(body === undefined ? {} : { body }),
  });
}

describe('the proxy to Core', () => {
  it('takes the token from Authorization or X-Ha-Access only', async () => {
    supervisor = await start(setup);
    const { token } = setup;
    for (const [headers, status] of [
      [{ Authorization: `Bearer ${token}` }, 200],
      [{ 'X-Ha-Access': token }, 200],
      [{ 'X-Supervisor-Token': token }, 401],
      [{ Authorization: 'Bearer wrong', 'X-Ha-Access': token }, 401],
    ] as const) {
      const answer = await call(supervisor.port, '/core/api/', { headers });
      expect([headers, answer.status]).toEqual([headers, status]);
    }
  });

  it('answers 502 while Core is down', async () => {
    supervisor = await start({ ...setup, core: { ...setup.core, running: false } });
    const answer = await ask('GET states');
    expect([answer.status, answer.text]).toEqual([502, '502: Bad Gateway']);
  });

  it('is closed for the Supervisor’s own integration', async () => {
    supervisor = await start(setup);
    expect((await ask('GET hassio/supervisor/info')).status).toBe(403);
    expect((await ask('GET hassio_ingress/token/')).status).toBe(403);
  });
});

describe('states', () => {
  it('can be read, written and removed', async () => {
    supervisor = await start(setup);
    expect((await ask('GET states/light.kitchen')).json).toMatchObject({ state: 'off' });
    expect((await ask('POST states/light.kitchen', { state: 'on' })).status).toBe(200);
    expect((await ask('GET states/light.kitchen')).json).toMatchObject({ state: 'on' });
    expect((await ask('POST states/sensor.new', { state: 7 })).status).toBe(201);
    expect((await ask('DELETE states/sensor.new')).json).toEqual({ message: 'Entity removed.' });
    const gone = await ask('GET states/sensor.new');
    expect([gone.status, gone.json]).toEqual([404, { message: 'Entity not found.' }]);
    expect((await ask('DELETE states/sensor.new')).status).toBe(404);
  });

  it.each([
    ['states/Bad Id', { state: 'x' }, 'Invalid entity ID specified.'],
    ['states/sensor.a', {}, 'No state specified.'],
    ['states/sensor.a', '{', 'Invalid JSON specified.'],
    ['states/sensor.a', [], 'Invalid JSON specified.'],
  ])('refuse %s with %j', async (path, body, message) => {
    supervisor = await start(setup);
    const answer = await ask(`POST ${encodeURI(path)}`, body);
    expect([answer.status, answer.json]).toEqual([400, { message }]);
  });
});

it('lists services and refuses unknown ones', async () => {
  supervisor = await start(setup);
  const { json } = await ask('GET services');
  expect((json as { domain: string }[]).map(({ domain }) => domain)).toContain('light');
  expect((await ask('POST services/light/turn_on', {})).json).toEqual([]);
  expect((await ask('POST services/nothing/here', {})).text).toBe('400: Bad Request');
});

it('streams events', async () => {
  supervisor = await start(setup);
  const received = await new Promise<string>((resolve, reject) => {
    const request = get(
      `http://127.0.0.1:${supervisor.port}/core/api/stream`,
      { agent: false, headers: { Authorization: `Bearer ${setup.token}` } },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
          if (text === 'data: ping\n\n') ask('POST events/rain', { mm: 3 }).catch(reject);
          if (text.endsWith('}\n\n')) {
            request.destroy();
            resolve(text);
          }
        });
      },
    );
    request.on('error', reject);
  });
  const [, event = ''] = received.split('\n\n');
  expect(JSON.parse(event.replace('data: ', ''))).toMatchObject({
    event_type: 'rain',
    data: { mm: 3 },
  });
});
