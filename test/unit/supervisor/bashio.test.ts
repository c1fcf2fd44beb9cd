import { connect } from 'node:net';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { Supervisor } from '../../../src/supervisor/server.js';
import { setupWith, start } from './support.js';

const setup = setupWith(
  {
    options: { log_level: 'info' },
    schema: { log_level: 'str' },
    services: ['mqtt:want'],
    hassio_api: true,
    hassio_role: 'manager',
  },
  { services: { mqtt: {} } },
);

let supervisor: Supervisor;

beforeAll(async () => {
  supervisor = await start(setup);
});

afterAll(async () => {
  await supervisor.close();
});

/** Sends bytes as curl writes them and reads until the server closes the connection. */
function sendRaw(lines: readonly string[], body: string): Promise<string> {
  const request = [...lines, 'Connection: close', '', body].join('\r\n');
  return new Promise((resolve, reject) => {
    const socket = connect(supervisor.port, '127.0.0.1', () => socket.write(request));
    let text = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk) => (text += String(chunk)));
    socket.once('error', reject);
    socket.once('end', () => {
      resolve(text);
    });
  });
}

/** Requests of both generations: the method, the path, and whether the token is in a legacy header. */
const GENERATIONS = {
  // Base images carry this one: `curl --silent --show-error -X GET -d "{}"`.
  'bashio 0.17': (method: string, path: string, body = '{}') =>
    sendRaw(
      [
        `${method} ${path} HTTP/1.1`,
        'Host: supervisor',
        'User-Agent: curl/8.14.1',
        'Accept: */*',
        `Authorization: Bearer ${setup.token}`,
        'Content-Type: application/json',
        `Content-Length: ${Buffer.byteLength(body)}`,
      ],
      body,
    ),
  // Newer ones write the body with `--data-binary @-`, which comes without a length.
  'bashio 0.19': (method: string, path: string, body = '{}') =>
    sendRaw(
      [
        `${method} ${path} HTTP/1.1`,
        'Host: supervisor',
        'User-Agent: curl/8.14.1',
        'Accept: */*',
        `Authorization: Bearer ${setup.token}`,
        'Content-Type: application/json',
        'Transfer-Encoding: chunked',
      ],
      `${Buffer.byteLength(body).toString(16)}\r\n${body}\r\n0\r\n\r\n`,
    ),
  // Scripts older than bashio.
  'a plain script': (method: string, path: string, body = '') =>
    sendRaw(
      [
        `${method} ${path} HTTP/1.1`,
        'Host: hassio',
        `X-Supervisor-Token: ${setup.token}`,
        `Content-Length: ${Buffer.byteLength(body)}`,
      ],
      body,
    ),
} as const;

/** What bashio takes out of an answer: the status, then `.result` and `.data`. */
function parseAnswer(text: string): { status: number; result: unknown; data: unknown } {
  const [head = '', ...rest] = text.split('\r\n\r\n');
  const { result, data } = JSON.parse(rest.join('\r\n\r\n')) as {
    result: unknown;
    data: unknown;
  };
  return { status: Number(head.split(' ')[1]), result, data };
}

describe.each(Object.entries(GENERATIONS))('%s', (name, send) => {
  it('reads its options', async () => {
    const answer = parseAnswer(await send('GET', '/addons/self/options/config'));
    expect(answer).toEqual({ status: 200, result: 'ok', data: { log_level: 'info' } });
  });

  it('reads its info and the system’s', async () => {
    for (const path of ['/addons/self/info', '/info', '/supervisor/ping', '/network/info']) {
      const { status, result } = parseAnswer(await send('GET', path));
      expect([path, status, result]).toEqual([path, 200, 'ok']);
    }
  });

  it('lists add-ons in its own way', async () => {
    const path = name === 'bashio 0.19' ? '/store/addons' : '/addons';
    const { data } = parseAnswer(await send('GET', path));
    expect(data).toMatchObject({
      addons: [{ slug: 'local_weather_station' }, { slug: 'core_mosquitto' }],
    });
  });

  it('reads a service and is told when there is none', async () => {
    const { data } = parseAnswer(await send('GET', '/services/mqtt'));
    expect(data).toMatchObject({ host: 'core-mosquitto', port: 1883 });
    const { status, result } = parseAnswer(await send('GET', '/services/redis'));
    expect([status, result]).toEqual([404, 'error']);
  });

  it('deletes with a body', async () => {
    const { status, result } = parseAnswer(await send('DELETE', '/auth/cache'));
    expect([status, result]).toEqual([200, 'ok']);
  });

  it('writes options', async () => {
    const answer = parseAnswer(
      await send('POST', '/addons/self/options', '{"options":{"log_level":"info"}}'),
    );
    expect(answer).toEqual({ status: 200, result: 'ok', data: {} });
  });
});
