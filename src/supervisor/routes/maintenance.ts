import { anything, textOrNull, truth } from '../body.js';
import { replyError, replyOk, type Reply } from '../reply.js';
import { accept } from './families.js';
import type { Call, Route } from './route.js';

/** Jobs, mounts, repairs, security and Docker's settings: all empty, so what is named there doesn't exist. */
export const MAINTENANCE_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/jobs/info',
    right: 'default',
    handle: () => replyOk({ ignore_conditions: [], jobs: [] }),
  },
  accept({ method: 'POST', path: '/jobs/reset', right: 'manager' }),
  accept({
    method: 'POST',
    path: '/jobs/options',
    right: 'manager',
    fields: { ignore_conditions: anything },
  }),
  absent('GET', '/jobs/{job}', (name) => `No job found with id ${name}`),
  absent('DELETE', '/jobs/{job}', (name) => `No job found with id ${name}`),
  {
    method: 'GET',
    path: '/mounts',
    right: 'manager',
    handle: () => replyOk({ default_backup_mount: null, mounts: [] }),
  },
  {
    method: 'POST',
    path: '/mounts',
    right: 'manager',
    handle: () => replyError(400, "The stand-in Supervisor can't mount network storage"),
  },
  accept({
    method: 'POST',
    path: '/mounts/options',
    right: 'manager',
    fields: { default_backup_mount: textOrNull },
  }),
  absent('PUT', '/mounts/{mount}', (name) => `No mount exists with name ${name}`),
  absent('DELETE', '/mounts/{mount}', (name) => `No mount exists with name ${name}`),
  absent('POST', '/mounts/{mount}/reload', (name) => `No mount exists with name ${name}`),
  {
    method: 'GET',
    path: '/resolution/info',
    right: 'default',
    handle: () =>
      replyOk({ unsupported: [], unhealthy: [], issues: [], suggestions: [], checks: [] }),
  },
  accept({ method: 'POST', path: '/resolution/healthcheck', right: 'manager' }),
  absent(
    'POST',
    '/resolution/suggestion/{id}',
    () => 'The supplied UUID is not a valid suggestion',
  ),
  absent(
    'DELETE',
    '/resolution/suggestion/{id}',
    () => 'The supplied UUID is not a valid suggestion',
  ),
  absent('DELETE', '/resolution/issue/{id}', () => 'The supplied UUID is not a valid issue'),
  absent('POST', '/resolution/check/{check}/run', () => 'The supplied check slug is not available'),
  {
    method: 'GET',
    path: '/security/info',
    right: 'default',
    handle: () => replyOk({ content_trust: false, pwned: true, force_security: false }),
  },
  accept({
    method: 'POST',
    path: '/security/options',
    right: 'manager',
    fields: { content_trust: truth, pwned: truth, force_security: truth },
  }),
  {
    method: 'GET',
    path: '/docker/info',
    right: 'default',
    handle: ({ instance }) =>
      replyOk({
        version: instance.setup.versions.docker,
        enable_ipv6: null,
        mtu: null,
        storage: 'overlayfs',
        logging: 'journald',
        registries: {},
      }),
  },
  {
    method: 'GET',
    path: '/docker/registries',
    right: 'manager',
    handle: () => replyOk({ registries: {} }),
  },
  accept({ method: 'POST', path: '/docker/registries', right: 'manager' }),
  absent(
    'DELETE',
    '/docker/registries/{hostname}',
    (name) => `Hostname ${name} does not exist in registries`,
  ),
  accept({
    method: 'POST',
    path: '/docker/options',
    right: 'manager',
    fields: { enable_ipv6: anything, mtu: anything },
  }),
];

function absent(
  method: 'GET' | 'POST' | 'PUT' | 'DELETE',
  path: string,
  word: (name: string) => string,
): Route {
  return {
    method,
    path,
    right: 'manager',
    handle: (call: Call): Reply => replyError(404, word(Object.values(call.params)[0] ?? '')),
  };
}
