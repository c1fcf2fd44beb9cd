import { replyOk } from '../reply.js';
import type { Route } from './route.js';

/** The overview of the installation (supervisor/api/root.py). Nothing here ever has an update. */
export const ROOT_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/info',
    right: 'any-token',
    handle: ({ instance }) => {
      const { host, versions } = instance.setup;
      return replyOk({
        supervisor: versions.supervisor,
        homeassistant: versions.core,
        hassos: versions.os,
        docker: versions.docker,
        hostname: host.hostname,
        operating_system: host.operatingSystem,
        features: host.features,
        machine: host.machine,
        machine_id: '00000000000000000000000000000001',
        arch: host.arch,
        state: host.state,
        supported_arch: host.supportedArch,
        supported: true,
        channel: 'stable',
        logging: 'info',
        timezone: host.timezone,
      });
    },
  },
  {
    method: 'GET',
    path: '/available_updates',
    right: 'manager',
    handle: () => replyOk({ available_updates: [] }),
  },
  { method: 'POST', path: '/refresh_updates', right: 'manager', handle: () => replyOk() },
  { method: 'POST', path: '/reload_updates', right: 'manager', handle: () => replyOk() },
];
