import { describe, expect, it } from 'vitest';

import {
  decideAccess,
  requiredRight,
  type AccessDecision,
} from '../../../src/supervisor/access.js';
import { HASSIO_ROLES, type HassioRole } from '../../../src/supervisor/state.js';
import { setupWith } from './support.js';

function decide(
  path: string,
  config: Parameters<typeof setupWith>[0] = {},
  query = '',
): AccessDecision {
  const { addon, token } = setupWith(config);
  return decideAccess({ path, query, token, holder: 'addon', addon });
}

/** Path to the roles that reach it, from the documented list of the security layer. */
const ROLE_MATRIX: readonly (readonly [path: string, roles: readonly HassioRole[]])[] = [
  ['/supervisor/info', HASSIO_ROLES],
  ['/network/interface/eth0/info', HASSIO_ROLES],
  ['/core/info', HASSIO_ROLES],
  ['/core/restart', ['homeassistant', 'manager', 'admin']],
  ['/core/api', ['homeassistant', 'manager', 'admin']],
  ['/homeassistant/options', ['homeassistant', 'manager', 'admin']],
  ['/backups', ['backup', 'manager', 'admin']],
  ['/backups/new/full', ['backup', 'manager', 'admin']],
  ['/backups/0123abcd/info', HASSIO_ROLES],
  ['/addons', ['manager', 'admin']],
  ['/addons/reload', ['manager', 'admin']],
  ['/addons/core_mosquitto/options', ['manager', 'admin']],
  ['/addons/core_mosquitto/security', ['admin']],
  ['/addons/self/security', ['admin']],
  ['/addons/self/options/validate', ['manager', 'admin']],
  ['/addons/self/logs/follow', ['manager', 'admin']],
  ['/addons/self/update', ['manager', 'admin']],
  ['/store/addons', ['manager', 'admin']],
  ['/host/reboot', ['manager', 'admin']],
  ['/host', ['admin']],
  ['/os/update', ['manager', 'admin']],
  ['/os/datadisk/wipe', ['admin']],
  ['/os/datadisk/move', ['manager', 'admin']],
  ['/auth/cache', ['manager', 'admin']],
  ['/auth/list', ['admin']],
  ['/auth/reset', ['admin']],
  ['/mounts', ['manager', 'admin']],
  ['/available_updates', ['manager', 'admin']],
  ['/refresh_updates', ['manager', 'admin']],
  ['/ingress/panels', ['admin']],
  ['/anything/else', ['admin']],
];

describe('roles', () => {
  it.each(ROLE_MATRIX)('reach %s by the documented list', (path, roles) => {
    for (const role of HASSIO_ROLES) {
      const decision = decide(path, { hassio_api: true, hassio_role: role });
      expect([role, decision.allowed]).toEqual([role, roles.includes(role)]);
    }
    expect(requiredRight(path)).toBe(roles[0]);
  });

  it('count for nothing without hassio_api', () => {
    expect(decide('/supervisor/info', { hassio_role: 'admin' })).toEqual({
      allowed: false,
      status: 403,
      reason: 'the add-on has no access to the Supervisor API',
      missing: 'hassio_api: true',
    });
  });

  it('name the least role that is missing', () => {
    expect(decide('/core/restart', { hassio_api: true })).toMatchObject({
      allowed: false,
      missing: 'hassio_role: homeassistant',
    });
    expect(decide('/host/reboot')).toMatchObject({
      missing: 'hassio_api: true, hassio_role: manager',
    });
    expect(decide('/auth/list', { hassio_api: true, hassio_role: 'manager' })).toMatchObject({
      missing: 'hassio_role: admin',
    });
  });
});

describe('paths for every add-on', () => {
  it.each([
    '/addons/self/info',
    '/addons/self/options',
    '/addons/self/options/config',
    '/addons/self/restart',
    '/addons/self/stdin',
    '/info',
    '/services',
    '/services/mqtt',
    '/discovery/0123',
    '/auth',
  ])('include %s', (path) => {
    expect(decide(path)).toEqual({ allowed: true });
    expect(requiredRight(path)).toBe('any-token');
  });

  it.each(['/addons/self/security', '/addons/self/update', '/addons/self/update_now'])(
    'exclude %s',
    (path) => {
      expect(decide(path).allowed).toBe(false);
    },
  );
});

describe('open paths', () => {
  it.each([
    '/supervisor/ping',
    '/core/api/',
    '/core/api/states',
    '/core/websocket',
    '/homeassistant/api/states',
    '/homeassistant/websocket',
    '/ingress/abc-_1/page',
    '/addons/core_mosquitto/icon',
    '/store/addons/core_mosquitto/logo',
    '/app/entrypoint.js',
  ])('need no token: %s', (path) => {
    const request = { path, query: '', token: undefined, holder: undefined, addon: undefined };
    expect(decideAccess(request)).toEqual({ allowed: true });
  });

  it.each(['/core/api', '/ingress/panels', '/supervisor/info', '/addons/x/info'])(
    'do not include %s',
    (path) => {
      const request = { path, query: '', token: undefined, holder: undefined, addon: undefined };
      expect(decideAccess(request)).toMatchObject({ allowed: false, status: 401 });
    },
  );
});

describe('closed paths', () => {
  it.each([
    '/core/api/hassio/supervisor/info',
    '/core/api/hassio_ingress/token/',
    '/homeassistant/api/hassio/addons',
  ])('are refused to everybody: %s', (path) => {
    expect(decide(path, { hassio_api: true, hassio_role: 'admin' })).toMatchObject({ status: 403 });
  });

  it('keep sys_options to Core', () => {
    const path = '/addons/local_weather_station/sys_options';
    expect(decide(path, { hassio_api: true, hassio_role: 'admin' })).toMatchObject({
      status: 403,
      reason: 'only Home Assistant Core may call this',
    });
    const { addon, coreToken } = setupWith();
    expect(decideAccess({ path, query: '', token: coreToken, holder: 'core', addon })).toEqual({
      allowed: true,
    });
    expect(requiredRight(path)).toBe('core');
  });

  it('refuse tokens that nobody has', () => {
    const request = { path: '/info', query: '', token: 'x', holder: undefined, addon: undefined };
    expect(decideAccess(request)).toEqual({
      allowed: false,
      status: 403,
      reason: 'the token is not known',
    });
  });
});

describe('the filter for harmful requests', () => {
  it.each([
    '/addons/../supervisor/info',
    '/info/%252e%252e%252fetc',
    '/info/proc/self/environ',
    '/info/<script>alert(1)</script>',
  ])('drops the path %s', (path) => {
    expect(decide(path)).toMatchObject({
      status: 400,
      reason: 'the path looks like an attack and is filtered',
    });
  });

  it.each(['a=/x/y', 'q=1 UNION ALL SELECT 2', 'q=concat(1,2)', 'q=%3Cscript%3E'])(
    'drops the query %s',
    (query) => {
      expect(decide('/info', {}, query)).toMatchObject({ status: 400 });
    },
  );

  it('lets ordinary queries pass', () => {
    expect(decide('/info', {}, 'lines=100&verbose')).toEqual({ allowed: true });
    expect(decide('/info', {}, '100%')).toEqual({ allowed: true });
  });
});
