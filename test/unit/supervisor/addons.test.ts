import { request as sendHttp } from 'node:http';

import { afterEach, describe, expect, it, vi } from 'vitest';

import type { JsonValue } from '../../../src/supervisor/json.js';
import type { Supervisor, SupervisorHooks } from '../../../src/supervisor/server.js';
import type { AddonConfigData } from '../../../src/supervisor/state.js';
import { call, setupWith, start, type Answer } from './support.js';

let supervisor: Supervisor;

afterEach(async () => {
  await supervisor.close();
});

/** Starts an add-on and returns how it calls the Supervisor. */
async function run(
  config: AddonConfigData,
  hooks: SupervisorHooks = {},
  input: Parameters<typeof setupWith>[1] = {},
): Promise<(request: string, body?: JsonValue) => Promise<Answer>> {
  const setup = setupWith(config, input);
  supervisor = await start(setup, hooks);
  return (request, body) => {
    const [method = '', path = ''] = request.split(' ');
    return call(supervisor.port, path, {
      method,
      token: setup.token,
      ...(body === undefined ? {} : { body }),
    });
  };
}

function dataOf(answer: Answer): Readonly<Record<string, unknown>> {
  return (answer.json as { data: Readonly<Record<string, unknown>> }).data;
}

const OPTIONS: AddonConfigData = {
  options: { server: { host: 'a', port: 1 }, names: ['x'] },
  schema: { server: { host: 'str', port: 'port' }, names: ['str'] },
};

const VALIDATING: SupervisorHooks = {
  validateOptions: (options) =>
    'bad' in options
      ? { valid: false, message: "Unknown thing @ data['bad']" }
      : { valid: true, options: { ...options, validated: true } },
};

describe('options', () => {
  it('are the defaults with the user’s laid over, validated once', async () => {
    const validateOptions = vi.fn(VALIDATING.validateOptions);
    const ask = await run(
      OPTIONS,
      { validateOptions },
      { userOptions: { server: { host: 'b' }, names: [] } },
    );
    const merged = { server: { host: 'b', port: 1 }, names: [] };
    expect(dataOf(await ask('GET /addons/self/options/config'))).toEqual({
      ...merged,
      validated: true,
    });
    await ask('GET /addons/self/options/config');
    expect(dataOf(await ask('GET /addons/self/info'))['options']).toEqual(merged);
    expect(validateOptions).toHaveBeenCalledTimes(1);
  });

  it('that are invalid can’t be read', async () => {
    const ask = await run({ options: { bad: 1 } }, VALIDATING);
    const answer = await ask('GET /addons/self/options/config');
    expect([answer.status, answer.json]).toEqual([
      400,
      { result: 'error', message: 'Invalid configuration data for the app' },
    ]);
    expect(supervisor.requests()[0]?.reason).toBe(
      "the options are invalid: Unknown thing @ data['bad']",
    );
  });

  it('can be written, are validated by themselves, and reset with null', async () => {
    const ask = await run(OPTIONS, VALIDATING);
    const written = await ask('POST /addons/self/options', { options: { names: ['y'] } });
    expect([written.status, written.json]).toEqual([200, { result: 'ok', data: {} }]);
    expect(dataOf(await ask('GET /addons/self/info'))['options']).toEqual({
      server: { host: 'a', port: 1 },
      names: ['y'],
      validated: true,
    });
    await ask('POST /addons/self/options', { options: null });
    expect(dataOf(await ask('GET /addons/self/info'))['options']).toEqual(OPTIONS['options']);
  });

  it('that are refused leave everything as it was', async () => {
    const ask = await run(OPTIONS, VALIDATING);
    const answer = await ask('POST /addons/self/options', { options: { bad: 1 }, watchdog: true });
    expect(answer.status).toBe(400);
    expect(answer.json).toEqual({
      result: 'error',
      message: "App local_weather_station has invalid options: Unknown thing @ data['bad']",
      error_key: 'app_configuration_invalid_error',
      extra_fields: {
        app: 'local_weather_station',
        validation_error: "Unknown thing @ data['bad']",
      },
    });
    const info = dataOf(await ask('GET /addons/self/info'));
    expect([info['options'], info['watchdog']]).toEqual([OPTIONS['options'], false]);
  });

  it('can be tried out by a manager', async () => {
    const ask = await run({ ...OPTIONS, hassio_api: true, hassio_role: 'manager' }, VALIDATING);
    expect(dataOf(await ask('POST /addons/self/options/validate', { bad: 1 }))).toEqual({
      message: "Unknown thing @ data['bad']",
      valid: false,
      pwned: false,
    });
    expect(dataOf(await ask('POST /addons/self/options/validate'))).toMatchObject({ valid: true });
  });

  it('can be set from outside', async () => {
    const ask = await run(OPTIONS, VALIDATING);
    supervisor.setOptions({ names: ['z'] });
    expect(dataOf(await ask('GET /addons/self/options/config'))['names']).toEqual(['z']);
    supervisor.setOptions(null, 'amd64');
    expect(dataOf(await ask('GET /addons/self/options/config'))['names']).toEqual(['x']);
  });
});

describe('settings', () => {
  it('are kept and shown', async () => {
    const ask = await run({ audio: true, ingress: true, ports: { '80/tcp': 80 } });
    const settings = {
      boot: 'manual',
      network: { '80/tcp': 8080 },
      auto_update: 'yes',
      watchdog: true,
      ingress_panel: true,
      audio_input: 'mic',
      audio_output: null,
    };
    expect((await ask('POST /addons/self/options', settings)).status).toBe(200);
    expect(dataOf(await ask('GET /addons/self/info'))).toMatchObject({
      ...settings,
      auto_update: true,
    });
    await ask('POST /addons/self/options', { network: null });
    expect(dataOf(await ask('GET /addons/self/info'))['network']).toEqual({ '80/tcp': 80 });
  });

  it.each([
    [{ unknown: 1 }, "extra keys not allowed @ data['unknown']. Got 1"],
    [{ boot: 'never' }, "value must be one of ['auto', 'manual'] @ data['boot']. Got 'never'"],
    [{ watchdog: 'maybe' }, "expected boolean @ data['watchdog']. Got 'maybe'"],
    [{ options: [] }, "expected dict @ data['options']. Got []"],
    [{ audio_input: 5 }, "expected str @ data['audio_input']. Got 5"],
    [{ network: { '80/sctp': 1 } }, "not a valid value @ data['network']['80/sctp']"],
    [{ network: { '80/tcp': 0 } }, "not a valid value @ data['network']['80/tcp']"],
  ])('refuse %j', async (body, message) => {
    const ask = await run({});
    const answer = await ask('POST /addons/self/options', body);
    expect([answer.status, answer.json]).toEqual([400, { result: 'error', message }]);
  });

  it('keep manual_only add-ons manual, and `once` without a watchdog', async () => {
    const ask = await run({ boot: 'manual_only', startup: 'once' });
    const answer = await ask('POST /addons/self/options', { boot: 'auto' });
    expect(answer.json).toMatchObject({ error_key: 'app_boot_config_cannot_change_error' });
    await ask('POST /addons/self/options', { watchdog: true });
    expect(dataOf(await ask('GET /addons/self/info'))).toMatchObject({
      boot: 'manual',
      watchdog: false,
    });
  });
});

describe('info', () => {
  it('describes the running add-on', async () => {
    const ask = await run(
      {
        ingress: true,
        ingress_port: 8099,
        ingress_entry: '/panel',
        ports: { '80/tcp': 8080, '81/tcp': null },
        ports_description: { '80/tcp': 'Web' },
        webui: '[PROTO:ssl]://[HOST]:[PORT:80]/ui',
        options: { ssl: true },
        schema: { ssl: 'bool' },
        services: ['mqtt:want'],
        discovery: ['weather'],
        machine: ['!raspberrypi'],
        image: 'ghcr.io/example/weather',
      },
      {},
      { ingressToken: 'token', hasAppArmorProfile: true, changelog: '# 1.4.2' },
    );
    supervisor.update('amd64', { ipAddress: '172.30.33.7', state: 'startup' });
    expect(dataOf(await ask('GET /addons/self/info'))).toMatchObject({
      slug: 'local_weather_station',
      hostname: 'local-weather-station',
      dns: ['local-weather-station.local.hass.io'],
      ingress_entry: '/api/hassio_ingress/token',
      ingress_url: '/api/hassio_ingress/token/panel',
      ingress_port: 8099,
      ip_address: '172.30.33.7',
      state: 'startup',
      network: { '80/tcp': 8080, '81/tcp': null },
      network_description: { '80/tcp': 'Web' },
      webui: 'https://[HOST]:8080/ui',
      services: ['mqtt:want'],
      discovery: ['weather'],
      schema: [{ name: 'ssl', required: true, type: 'boolean' }],
      apparmor: 'profile',
      available: false,
      build: false,
      changelog: true,
      documentation: false,
    });
  });

  it('has null where the add-on has nothing', async () => {
    const ask = await run({ schema: false });
    expect(dataOf(await ask('GET /addons/self/info'))).toMatchObject({
      ingress_entry: null,
      ingress_url: null,
      ingress_port: null,
      ingress_panel: null,
      network: null,
      network_description: null,
      webui: null,
      schema: null,
      url: null,
    });
  });

  it('tells another add-on nothing of its options', async () => {
    const ask = await run({ hassio_api: true }, {}, { services: { mqtt: {} } });
    expect(dataOf(await ask('GET /addons/core_mosquitto/info'))).toMatchObject({
      name: 'Mosquitto broker',
      services: ['mqtt:provide'],
      options: {},
    });
  });
});

describe('life cycle', () => {
  it('is the owner’s affair, and the request waits for it', async () => {
    const seen: string[] = [];
    const note = (action: string) => async (): Promise<void> => {
      await Promise.resolve();
      seen.push(action);
    };
    const ask = await run(
      { stdin: true },
      {
        onStart: note('start'),
        onStop: note('stop'),
        onRestart: note('restart'),
        onStdin: (data) => void seen.push(data.toString()),
      },
    );
    for (const action of ['start', 'stop', 'restart', 'rebuild', 'uninstall']) {
      expect((await ask(`POST /addons/self/${action}`)).status).toBe(200);
    }
    expect((await ask('POST /addons/self/stdin', 'hello')).status).toBe(200);
    expect(seen).toEqual(['start', 'stop', 'restart', 'restart', 'stop', 'hello']);
  });

  it('does not touch other add-ons', async () => {
    const onRestart = vi.fn();
    const ask = await run(
      { hassio_api: true, hassio_role: 'manager' },
      { onRestart },
      { services: { mqtt: {} } },
    );
    expect((await ask('POST /addons/core_mosquitto/restart')).status).toBe(200);
    expect(onRestart).not.toHaveBeenCalled();
    expect((await ask('POST /addons/core_mosquitto/options', { watchdog: true })).status).toBe(400);
    expect((await ask('POST /addons/core_nothing/restart')).status).toBe(404);
  });

  it('refuses to rebuild images and to feed closed inputs', async () => {
    const ask = await run({ image: 'ghcr.io/example/weather' });
    expect((await ask('POST /addons/self/rebuild')).json).toMatchObject({
      message: "Can't rebuild an image-based app",
    });
    expect((await ask('POST /addons/self/stdin', 'x')).json).toMatchObject({
      error_key: 'app_not_supported_write_stdin_error',
    });
    expect(supervisor.requests().at(-1)?.missing).toBe('stdin: true');
  });
});

describe('logs and statistics', () => {
  it('are what the owner reported', async () => {
    const ask = await run({});
    const stats = {
      cpu_percent: 1.5,
      memory_usage: 1000,
      memory_limit: 2000,
      memory_percent: 50,
      network_rx: 1,
      network_tx: 2,
      blk_read: 3,
      blk_write: 4,
    };
    supervisor.update('amd64', { stats, log: ['one', 'two'] });
    supervisor.update('amd64', { log: ['three'] });
    expect(dataOf(await ask('GET /addons/self/stats'))).toEqual(stats);
    expect((await ask('GET /addons/self/logs')).text).toBe('one\ntwo\nthree\n');
    expect(() => {
      supervisor.update('other', {});
    }).toThrow('no setup has the id "other"');
  });

  it('can be followed', async () => {
    const setup = setupWith({ hassio_api: true, hassio_role: 'manager' });
    supervisor = await start(setup);
    supervisor.update(setup.id, { log: ['before'] });
    const text = await new Promise<string>((resolve, reject) => {
      const request = sendHttp(
        {
          host: '127.0.0.1',
          port: supervisor.port,
          path: '/addons/self/logs/follow',
          agent: false,
          headers: { Authorization: `Bearer ${setup.token}` },
        },
        (response) => {
          let received = '';
          response.setEncoding('utf8').on('data', (chunk: string) => {
            received += chunk;
            if (received === 'before\n') supervisor.update(setup.id, { log: ['after'] });
            if (received.endsWith('after\n')) {
              request.destroy();
              resolve(received);
            }
          });
        },
      );
      request.on('error', reject);
      request.end();
    });
    expect(text).toBe('before\nafter\n');
  });

  it('are plain text only', async () => {
    const setup = setupWith();
    supervisor = await start(setup);
    const headers = { Accept: 'application/json' };
    const answer = await call(supervisor.port, '/addons/self/logs', {
      token: setup.token,
      headers,
    });
    expect([answer.status, answer.text]).toEqual([
      400,
      'Invalid content type requested. Only text/plain and text/x-log supported for now.',
    ]);
  });
});
