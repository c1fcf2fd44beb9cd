import { PassThrough } from 'node:stream';

import { afterEach, describe, expect, it, vi } from 'vitest';

import { readLines } from '../../../src/supervisor/lines.js';
import type { SidecarCommand, SidecarEvent } from '../../../src/supervisor/protocol.js';
import type { SupervisorHooks } from '../../../src/supervisor/server.js';
import { SidecarClient } from '../../../src/supervisor/sidecar-client.js';
import { runSidecar } from '../../../src/supervisor/sidecar-loop.js';
import { startAddonServer, type AddonServer } from './addon-server.js';
import { call, CLOSED_PORT, setupWith } from './support.js';

const HOST = '127.0.0.1';

let addon: AddonServer | undefined;
let finished: Promise<void> | undefined;
let input: PassThrough | undefined;

afterEach(async () => {
  input?.end();
  await finished;
  await addon?.close();
  addon = undefined;
});

/** A sidecar in this process, on the other end of two in-memory streams. */
function connectSidecar(hooks: SupervisorHooks = {}): SidecarClient {
  input = new PassThrough();
  const output = new PassThrough();
  finished = runSidecar(input, output).then(() => {
    output.end();
  });
  return new SidecarClient({ input, output }, hooks);
}

describe('a sidecar', () => {
  it('serves several setups at one address and reports every request', async () => {
    const seen = vi.fn();
    const sidecar = connectSidecar({ onRequest: seen });
    await sidecar.ready;
    const setups = ['amd64', 'aarch64', 'armv7'].map((arch) =>
      setupWith({ services: ['mqtt:want'] }, { arch }),
    );
    const [first, ...others] = setups;
    if (first !== undefined) await sidecar.addSetup(first);
    const port = await sidecar.listen(HOST, 0);
    await Promise.all(others.map((setup) => sidecar.addSetup(setup)));
    for (const { token, id } of setups) {
      const { json } = await call(port, '/info', { token });
      expect(json).toMatchObject({ data: { arch: id } });
    }
    await call(port, '/core/api/', setups[1] === undefined ? {} : { token: setups[1].token });
    expect((await call(port, '/info', { token: 'x' })).status).toBe(403);
    await sidecar.close();
    expect(sidecar.requests.map(({ instance, status }) => [instance, status])).toEqual([
      ['amd64', 200],
      ['aarch64', 200],
      ['armv7', 200],
      ['aarch64', 401],
      [null, 403],
    ]);
    expect(seen).toHaveBeenCalledTimes(5);
    expect(seen).toHaveBeenCalledWith(
      expect.objectContaining({ missing: 'homeassistant_api: true' }),
    );
  });

  it('lets the owner validate options and restart the add-on', async () => {
    const actions: string[] = [];
    const note = (action: string) => () => void actions.push(action);
    const sidecar = connectSidecar({
      validateOptions: (options, setup) =>
        'bad' in options
          ? { valid: false, message: `bad for ${setup.id}` }
          : { valid: true, options: { ...options, port: 80 } },
      onOptions: (options) => void actions.push(JSON.stringify(options)),
      onRestart: note('restart'),
      onStart: note('start'),
      onStop: note('stop'),
      onStdin: (data) => void actions.push(data.toString()),
    });
    const setup = setupWith({ stdin: true });
    const { token } = setup;
    await sidecar.addSetup(setup);
    const port = await sidecar.listen(HOST, 0);
    const post = (path: string, body?: string | { options: object | null }) =>
      call(port, `/addons/self/${path}`, {
        method: 'POST',
        token,
        ...(body === undefined ? {} : { body: body as string }),
      });
    expect((await call(port, '/addons/self/options/config', { token })).json).toMatchObject({
      data: { port: 80 },
    });
    expect((await post('options', { options: { bad: 1 } })).json).toMatchObject({
      message: 'App local_weather_station has invalid options: bad for amd64',
    });
    for (const options of [{ good: 1 }, null]) {
      expect((await post('options', { options })).status).toBe(200);
    }
    for (const path of ['restart', 'start', 'stop']) expect((await post(path)).status).toBe(200);
    await post('stdin', 'line');
    expect(actions).toEqual(['{"good":1,"port":80}', 'null', 'restart', 'start', 'stop', 'line']);
  });

  it('accepts all options when the owner has no opinion', async () => {
    const sidecar = connectSidecar();
    const setup = setupWith({ options: { a: 1 } });
    await sidecar.addSetup(setup);
    const port = await sidecar.listen(HOST, 0);
    const { token } = setup;
    const { json } = await call(port, '/addons/self/options/config', { token });
    expect(json).toEqual({ result: 'ok', data: { a: 1 } });
  });

  it('answers 500 when the owner fails', async () => {
    const sidecar = connectSidecar({
      onRestart: () => Promise.reject(new Error('no container')),
    });
    const setup = setupWith();
    await sidecar.addSetup(setup);
    const port = await sidecar.listen(HOST, 0);
    const answer = await call(port, '/addons/self/restart', {
      method: 'POST',
      token: setup.token,
    });
    expect(answer.status).toBe(500);
    expect(sidecar.requests[0]?.reason).toBe('the stand-in failed: no container');
  });

  it('is told what happens to the add-on', async () => {
    const sidecar = connectSidecar();
    const setup = setupWith({ ingress: true });
    await sidecar.addSetup(setup);
    await expect(sidecar.update(setup.id, {})).rejects.toThrow('does not listen yet');
    const port = await sidecar.listen(HOST, 0);
    await sidecar.update(setup.id, { ipAddress: '172.30.33.9', log: ['line'] });
    const { token } = setup;
    expect((await call(port, '/addons/self/info', { token })).json).toMatchObject({
      data: { ip_address: '172.30.33.9' },
    });
    expect((await call(port, '/addons/self/logs', { token })).text).toBe('line\n');
    await expect(sidecar.update('other', {})).rejects.toThrow('no setup has the id "other"');
    await sidecar.removeSetup(setup.id);
    expect((await call(port, '/info', { token })).status).toBe(403);
  });

  it('makes probes', async () => {
    addon = await startAddonServer();
    const sidecar = connectSidecar();
    const target = { host: HOST, port: addon.port, path: '/' };
    const [tcp, http, ingress, closed] = await Promise.all([
      sidecar.probe({ kind: 'tcp', timeoutMs: 10_000, ...target }),
      sidecar.probe({ kind: 'http', tls: false, ...target }),
      sidecar.probe({ kind: 'ingress', ingressEntry: '/entry', ...target }),
      sidecar.probe({ kind: 'tcp', host: HOST, port: CLOSED_PORT, timeoutMs: 10_000 }),
    ]);
    expect(tcp).toMatchObject({ connected: true });
    expect(http).toMatchObject({ status: 200, body: 'hello' });
    expect(ingress).toMatchObject({ status: 200, body: 'hello' });
    expect(closed).toMatchObject({ connected: false, message: 'connection refused' });
  });

  it('reports an address that is taken, and can try another', async () => {
    addon = await startAddonServer();
    const sidecar = connectSidecar();
    await expect(sidecar.listen(HOST, addon.port)).rejects.toThrow('EADDRINUSE');
    expect(await sidecar.listen(HOST, 0)).toBeGreaterThan(0);
    await expect(sidecar.listen(HOST, 0)).rejects.toThrow('already listens');
  });

  it('ends with its input, and open requests with it', async () => {
    const sidecar = connectSidecar({
      onRestart: () => {
        input?.end();
        return new Promise(() => undefined);
      },
    });
    const setup = setupWith();
    await sidecar.addSetup(setup);
    const port = await sidecar.listen(HOST, 0);
    const answer = call(port, '/addons/self/restart', { method: 'POST', token: setup.token });
    await expect(answer).rejects.toThrow();
    await finished;
    await expect(sidecar.probe({ kind: 'tcp', host: HOST, port: 1 })).rejects.toThrow(
      'the sidecar ended',
    );
    await sidecar.close();
  });

  it('complains of lines that are no commands', async () => {
    input = new PassThrough();
    const output = new PassThrough();
    finished = runSidecar(input, output).then(() => {
      output.end();
    });
    const events: SidecarEvent[] = [];
    const reading = readLines(output, (line) => events.push(JSON.parse(line) as SidecarEvent));
    input.write('\nnonsense\n{"type":"dance"}\nnull\n');
    input.end('{"type":"close","id":7}');
    await reading;
    expect(events).toEqual([
      { type: 'ready', version: 1 },
      { type: 'fault', message: 'not a command: nonsense' },
      { type: 'fault', message: 'not a command: {"type":"dance"}' },
      { type: 'fault', message: 'not a command: null' },
      { type: 'result', id: 7, outcome: { ok: true, value: null } },
    ]);
  });
});

describe('the client', () => {
  /** A client whose sidecar says what the test writes. */
  function connectScript(): { client: SidecarClient; sent: PassThrough; script: PassThrough } {
    const sent = new PassThrough();
    const script = new PassThrough();
    return { client: new SidecarClient({ input: sent, output: script }, {}), sent, script };
  }

  it('refuses another version of the protocol', async () => {
    const { client, script } = connectScript();
    script.write('{"type":"ready","version":99}\n');
    await expect(client.ready).rejects.toThrow('speaks version 99 of the protocol, not 1');
  });

  it.each([
    ['Segmentation fault\n', 'printed something else than an event: Segmentation fault'],
    ['{"type":"fault","message":"m"}\n', 'did not understand a message: m'],
  ])('gives up on %j', async (line, message) => {
    const { client, script } = connectScript();
    const probe = client.probe({ kind: 'tcp', host: HOST, port: 1 });
    script.write(line);
    await expect(probe).rejects.toThrow(message);
    await expect(client.ready).rejects.toThrow(message);
    await expect(client.listen(HOST, 0)).rejects.toThrow(message);
  });

  it('gives up when the sidecar can’t be written to', async () => {
    const { client, sent } = connectScript();
    const probe = client.probe({ kind: 'tcp', host: HOST, port: 1 });
    sent.destroy(new Error('broken pipe'));
    await expect(probe).rejects.toThrow('broken pipe');
  });

  it('answers questions about setups it does not know', async () => {
    const { sent, script } = connectScript();
    const lines: SidecarCommand[] = [];
    const reading = readLines(sent, (line) => {
      lines.push(JSON.parse(line) as SidecarCommand);
      sent.end();
    });
    script.write('{"type":"question","question":3,"setupId":"gone","ask":{"kind":"restart"}}\n');
    await reading;
    expect(lines).toEqual([
      {
        type: 'answer',
        question: 3,
        answer: { ok: false, message: 'no setup has the id "gone"' },
      },
    ]);
  });
});

describe('readLines', () => {
  it('splits at line feeds only, however the bytes arrive', async () => {
    const stream = new PassThrough();
    const lines: string[] = [];
    const reading = readLines(stream, (line) => lines.push(line));
    for (const byte of Buffer.from('a\u2028ä\n\nb\rc\nrest')) stream.write(Buffer.from([byte]));
    stream.end();
    await reading;
    expect(lines).toEqual(['a\u2028ä', '', 'b\rc', 'rest']);
  });
});
