import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { requiredRight } from '../../../src/supervisor/access.js';
import { Router } from '../../../src/supervisor/router.js';
import { ROUTES } from '../../../src/supervisor/routes/table.js';
import type { Supervisor } from '../../../src/supervisor/server.js';
import { HASSIO_ROLES, type SupervisorSetup } from '../../../src/supervisor/state.js';
import { ENDPOINTS, type Endpoint, type ExpectedRight } from './endpoints.js';
import { findDifferences } from './shape.js';
import { call, setupWith, start, type Answer } from './support.js';

const CONFIG = {
  options: { interval: 5 },
  schema: { interval: 'int(1,60)' },
  ports: { '8080/tcp': 8080 },
  services: ['mqtt:want', 'mysql:provide'],
  discovery: ['mqtt'],
  ingress: true,
} as const;

/** One caller for each right: a token, and the flags of config.yaml that go with it. */
const CALLERS: Readonly<Record<Exclude<ExpectedRight, 'open'>, Readonly<Record<string, unknown>>>> =
  {
    'any-token': {},
    default: { hassio_api: true },
    homeassistant: { hassio_api: true, hassio_role: 'homeassistant' },
    backup: { hassio_api: true, hassio_role: 'backup' },
    manager: { hassio_api: true, hassio_role: 'manager' },
    admin: { hassio_api: true, hassio_role: 'admin' },
    core: {},
    homeassistant_api: { homeassistant_api: true },
  };

/** Callers that lack the right by one step. */
const TOO_WEAK: Readonly<Record<ExpectedRight, readonly (keyof typeof CALLERS)[]>> = {
  open: [],
  'any-token': [],
  default: ['any-token', 'homeassistant_api'],
  homeassistant: ['any-token', 'default', 'backup'],
  backup: ['any-token', 'default', 'homeassistant'],
  manager: ['any-token', 'default', 'homeassistant', 'backup'],
  admin: ['any-token', 'default', 'homeassistant', 'backup', 'manager'],
  core: ['any-token', 'default', 'homeassistant', 'backup', 'manager', 'admin'],
  homeassistant_api: ['any-token', 'admin'],
};

const setups = Object.fromEntries(
  Object.entries(CALLERS).map(([right, flags]) => [
    right,
    setupWith({ ...CONFIG, ...flags }, { id: right, services: { mqtt: {} } }),
  ]),
) as Readonly<Record<keyof typeof CALLERS, SupervisorSetup>>;

let supervisor: Supervisor;

beforeAll(async () => {
  supervisor = await start(Object.values(setups));
});

afterAll(async () => {
  await supervisor.close();
});

function send(endpoint: Endpoint, token?: string): Promise<Answer> {
  const [method = '', path = ''] = endpoint.call.split(' ');
  return call(supervisor.port, path, {
    method,
    ...(token === undefined ? {} : { token }),
    ...(endpoint.body === undefined ? {} : { body: endpoint.body }),
  });
}

function tokenFor(right: ExpectedRight): string | undefined {
  if (right === 'open') return undefined;
  return right === 'core' ? setups.core.coreToken : setups[right].token;
}

function isWrapped(endpoint: Endpoint): boolean {
  return endpoint.right !== 'homeassistant_api' && endpoint.shape !== 'text';
}

describe.each(ENDPOINTS.map((endpoint) => [endpoint.call, endpoint] as const))(
  '%s',
  (_name, endpoint) => {
    it('answers with its status and shape', async () => {
      const answer = await send(endpoint, tokenFor(endpoint.right));
      expect(answer.status, answer.text).toBe(endpoint.status ?? 200);
      if (endpoint.shape === 'text') {
        expect(answer.headers['content-type']).toBe('text/plain; charset=utf-8');
      } else if (isWrapped(endpoint) && answer.status === 200) {
        const { result, data } = answer.json as { result: string; data: unknown };
        expect(result).toBe('ok');
        expect(findDifferences(data, endpoint.shape ?? {})).toEqual([]);
      } else if (isWrapped(endpoint)) {
        const isJson = answer.headers['content-type'] === 'application/json; charset=utf-8';
        expect(isJson ? answer.json : answer.text).toEqual(
          isJson
            ? expect.objectContaining({ result: 'error', message: expect.any(String) as string })
            : expect.stringMatching(/^(?:\d{3}: [A-Z]|No WebSocket UPGRADE)/),
        );
      }
    });

    it('refuses everybody who lacks the right', async () => {
      const withoutToken = await send(endpoint);
      const isOpen = endpoint.right === 'open';
      expect(withoutToken.status).toBe(isOpen ? (endpoint.status ?? 200) : 401);
      for (const caller of TOO_WEAK[endpoint.right]) {
        const { status } = await send(endpoint, setups[caller].token);
        expect({ caller, refused: status === 401 || status === 403 }).toEqual({
          caller,
          refused: true,
        });
      }
    });
  },
);

describe('the table of routes', () => {
  it('has a row above for every route', () => {
    const missing = ROUTES.filter((route) => {
      const method = route.method === '*' ? 'GET' : route.method;
      return !ENDPOINTS.some((endpoint) => {
        const [called, path = ''] = endpoint.call.split(' ');
        if (called !== method) return false;
        return route.path.includes('{') || path === route.path
          ? new Router([route]).find(method, path).kind === 'found'
          : false;
      });
    }).map(({ method, path }) => `${method} ${path}`);
    // Endless answers have tests of their own.
    expect(missing).toEqual([
      'GET /addons/{addon}/logs/follow',
      'GET /core/api/stream',
      'GET /homeassistant/api/stream',
    ]);
  });

  it('declares the right that the patterns of the security layer demand', () => {
    for (const route of ROUTES) {
      if (route.right === 'core') continue;
      const path = route.path.replace(/\{path:\*\}/, 'x').replace(/\{\w+\}/g, 'name');
      expect([route.path, requiredRight(path)]).toEqual([route.path, route.right]);
    }
  });

  it('knows all roles', () => {
    expect(HASSIO_ROLES.every((role) => role in CALLERS)).toBe(true);
  });
});
