import { describe, expect, test } from 'vitest';
import type { Addon } from '../../../src/addon/types.js';
import type { CheckContext, SmokeCheck } from '../../../src/smoke/check.js';
import {
  httpCheck,
  ingressCheck,
  watchdogCheck,
  webuiCheck,
} from '../../../src/smoke/checks/http.js';
import { USUAL_USER } from '../../../src/supervisor/create-setup.js';
import type { HttpExpectation } from '../../../src/smoke/smoke-file.js';
import type { Probe, ProbeAnswer } from '../../../src/supervisor/probes.js';
import { sampleAddon } from '../../helpers/sample-addon.js';
import { checkContext, NO_SMOKE_FILE, probeOf, RUNNING } from './support.js';

const ENTRY = '/api/hassio_ingress/token';

async function find(
  check: SmokeCheck,
  addon: Partial<Addon>,
  open: Readonly<Record<number, Partial<ProbeAnswer>>>,
  more: Partial<CheckContext> = {},
) {
  const asked: Probe[] = [];
  const finding = await check.run(
    checkContext({ addon: sampleAddon(addon), probe: probeOf(open, asked), ...more }),
  );
  return { ...finding, asked };
}

test.each([
  ['watchdog', watchdogCheck],
  ['webui', webuiCheck],
  ['ingress', ingressCheck],
  ['http', httpCheck],
])('%s is skipped where there is nothing to ask', async (id, check) => {
  expect(check.id).toBe(id);
  expect(check.needs).toContain('ready');
  expect(await find(check, {}, {})).toMatchObject({ outcome: 'skipped', asked: [] });
});

describe('watchdog', () => {
  const URL = 'http://[HOST]:[PORT:80]/health';

  test.each([
    [200, 'passed'],
    [204, 'passed'],
    [302, 'failed'],
    [404, 'failed'],
    [500, 'failed'],
  ])('an answer %i is %s', async (status, outcome) => {
    const { asked, ...finding } = await find(watchdogCheck, { watchdog: URL }, { 80: { status } });
    expect(finding.outcome).toBe(outcome);
    expect(asked[0]).toEqual({
      kind: 'http',
      host: RUNNING.address,
      port: 80,
      path: '/health',
      tls: false,
      timeoutMs: 10_000,
    });
  });

  test('says what happened instead of an answer', async () => {
    expect(await find(watchdogCheck, { watchdog: URL }, {})).toMatchObject({
      outcome: 'failed',
      evidence: `${URL}: connection refused`,
      hint: expect.stringContaining('restarts add-ons') as unknown,
    });
  });

  test('of tcp only connects, in half a second', async () => {
    const watchdog = 'tcp://[HOST]:[PORT:1883]';
    const { outcome, asked } = await find(
      watchdogCheck,
      { watchdog },
      { 1883: {} },
      { timeScale: 3 },
    );
    expect(outcome).toBe('passed');
    expect(asked[0]).toEqual({ kind: 'tcp', host: RUNNING.address, port: 1883, timeoutMs: 1_500 });
    expect((await find(watchdogCheck, { watchdog }, {})).outcome).toBe('failed');
  });

  test('speaks TLS where an option says so', async () => {
    const watchdog = '[PROTO:ssl]://[HOST]:[PORT:80]/';
    const { asked } = await find(
      watchdogCheck,
      { watchdog },
      { 80: { status: 200 } },
      { options: { ssl: true } },
    );
    expect(asked[0]).toMatchObject({ tls: true });
  });
});

describe('webui', () => {
  const URL = 'http://[HOST]:[PORT:80]/';

  test.each([
    [200, 'passed'],
    [302, 'passed'],
    [401, 'passed'],
    [403, 'passed'],
    [404, 'failed'],
    [502, 'failed'],
  ])('a page that answers %i is %s', async (status, outcome) => {
    expect((await find(webuiCheck, { webui: URL }, { 80: { status } })).outcome).toBe(outcome);
  });
});

describe('ingress', () => {
  test('is asked through the proxy, at its entry', async () => {
    const addon = { ingress: true, ingressEntry: 'start/' };
    const { outcome, asked } = await find(ingressCheck, addon, { 8099: { status: 200 } });
    expect(outcome).toBe('passed');
    expect(asked[0]).toEqual({
      kind: 'ingress',
      host: RUNNING.address,
      port: 8099,
      path: '/start/',
      ingressEntry: '/api/hassio_ingress/token',
      user: USUAL_USER,
      headers: { Accept: expect.stringMatching(/^text\/html,/) as string },
      timeoutMs: 10_000,
    });
  });

  test.each<readonly [string, string | undefined, string, string]>([
    // What the page redirects to, and what its HTML loads.
    ['passed', './login', '', ''],
    ['passed', 'page', '', ''],
    ['passed', `${ENTRY}/login`, '', ''],
    ['passed', `http://homeassistant.local:8123${ENTRY}/login`, '', ''],
    ['passed', 'https://accounts.example/login?back=/', '', ''],
    ['failed', '/login', '', 'it redirects to /login, where no browser reaches the add-on'],
    ['failed', '../', '', 'it redirects to ../, where'],
    ['failed', `${ENTRY}x/login`, '', 'where no browser'],
    ['failed', 'http://homeassistant.local:8099/start/', '', 'where no browser'],
    ['failed', 'http://172.30.33.5:8099/start/', '', 'where no browser'],
    ['failed', 'http://', '', 'it redirects to http://, where'],
    ['passed', undefined, '<script src="app.js"></script>', ''],
    ['passed', undefined, `<link rel=stylesheet href=${ENTRY}/a.css>`, ''],
    ['passed', undefined, '<script src="//cdn.example/a.js"></script>', ''],
    ['passed', undefined, '<a href="/config">settings of Home Assistant</a>', ''],
    [
      'warning',
      undefined,
      `<LINK rel="icon" href='/a.ico'><script type="module" src="/b.js">`,
      'the page loads /a.ico, /b.js from Home Assistant',
    ],
    [
      'warning',
      undefined,
      '<img src=/1><img src=/2><img src=/3><img src=/3><img alt="" src=/4><img src=/5>',
      '/1, /2, /3 and 2 more',
    ],
  ])('%s: redirect to %s, page %s', async (outcome, location, body, evidence) => {
    const headers =
      location === undefined ? { 'content-type': 'text/html; charset=utf-8' } : { location };
    const status = location === undefined ? 200 : 302;
    const finding = await find(
      ingressCheck,
      { ingress: true },
      { 8099: { status, headers, body } },
    );
    expect(finding.outcome).toBe(outcome);
    expect(finding.evidence).toContain(evidence);
    expect(finding.hint?.includes('X-Ingress-Path') ?? false).toBe(outcome !== 'passed');
  });

  test('of anything but HTML the addresses are not looked at', async () => {
    const answer = {
      status: 200,
      headers: { 'content-type': 'text/plain' },
      body: '<script src="/b.js">',
    };
    expect((await find(ingressCheck, { ingress: true }, { 8099: answer })).outcome).toBe('passed');
  });

  test('must ask for no login', async () => {
    const { outcome, hint } = await find(
      ingressCheck,
      { ingress: true },
      { 8099: { status: 401 } },
    );
    expect(outcome).toBe('failed');
    expect(hint).toContain('172.30.32.2');
  });

  test('may refuse another address than the Supervisor has', async () => {
    const refused = { 8099: { status: 403 } };
    const elsewhere = { supervisorAddress: '172.30.34.2' };
    const { outcome, evidence } = await find(ingressCheck, { ingress: true }, refused, elsewhere);
    expect(outcome).toBe('skipped');
    expect(evidence).toContain('asked from 172.30.34.2 because 172.30.32.2 is taken');
    const broken = { 8099: { status: 500 } };
    const finding = await find(ingressCheck, { ingress: true }, broken, elsewhere);
    expect(finding.outcome).toBe('failed');
  });

  test('must listen on all addresses', async () => {
    const { outcome, hint } = await find(ingressCheck, { ingress: true }, {});
    expect(outcome).toBe('failed');
    expect(hint).toContain('0.0.0.0');
  });
});

describe('http of smoke.yaml', () => {
  const REQUEST: HttpExpectation = {
    path: '/api',
    port: 80,
    tls: false,
    status: undefined,
    body: undefined,
  };

  async function ask(
    http: readonly HttpExpectation[],
    open: Readonly<Record<number, Partial<ProbeAnswer>>>,
  ) {
    return find(httpCheck, {}, open, { smoke: { ...NO_SMOKE_FILE, http } });
  }

  test('accepts anything below 400, or exactly what it names', async () => {
    expect((await ask([REQUEST], { 80: { status: 302 } })).outcome).toBe('passed');
    expect((await ask([REQUEST], { 80: { status: 404 } })).outcome).toBe('failed');
    expect((await ask([{ ...REQUEST, status: 404 }], { 80: { status: 404 } })).outcome).toBe(
      'passed',
    );
  });

  test('looks into the body', async () => {
    const wanted = { ...REQUEST, body: /"ok": true/ };
    expect((await ask([wanted], { 80: { status: 200, body: '{"ok": true}' } })).outcome).toBe(
      'passed',
    );
    expect(
      await ask([wanted], { 80: { status: 200, body: '{}', message: '200 OK' } }),
    ).toMatchObject({
      outcome: 'failed',
      evidence: 'port 80 /api: 200 OK; expected below 400 and /"ok": true/',
    });
  });

  test('goes through ingress without a port, and tells of every failure', async () => {
    const { evidence, asked } = await ask(
      [
        { ...REQUEST, port: undefined },
        { ...REQUEST, status: 204 },
      ],
      {},
    );
    expect(new Set(asked.map(({ kind }) => kind))).toEqual(new Set(['ingress', 'http']));
    expect(evidence).toBe(
      'ingress /api: connection refused; expected below 400; port 80 /api: connection refused; expected 204',
    );
  });
});
