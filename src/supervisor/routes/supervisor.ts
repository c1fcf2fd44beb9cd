import { accept, acceptUpdate, describeVersion, serveLogs, serveStats } from './families.js';
import { oneOf, text, truth, anything } from '../body.js';
import { replyOk } from '../reply.js';
import type { Route } from './route.js';

const SUPERVISOR_ADDRESS = '172.30.32.2';

/** The Supervisor about itself (supervisor/api/supervisor.py). */
export const SUPERVISOR_ROUTES: readonly Route[] = [
  { method: 'GET', path: '/supervisor/ping', right: 'open', handle: () => replyOk() },
  {
    method: 'GET',
    path: '/supervisor/info',
    right: 'default',
    handle: (call) => {
      const { host, otherAddons, repository } = call.instance.setup;
      return replyOk({
        ...describeVersion(call, 'supervisor'),
        channel: 'stable',
        arch: host.arch,
        supported: true,
        healthy: true,
        ip_address: SUPERVISOR_ADDRESS,
        timezone: host.timezone,
        logging: 'info',
        debug: false,
        debug_block: false,
        diagnostics: null,
        auto_update: true,
        detect_blocking_io: false,
        country: host.country,
        feature_flags: {},
        wait_boot: 5,
        addons: [call.instance.addon, ...otherAddons].map((addon) => ({
          name: addon.name,
          slug: addon.fullSlug,
          version: addon.version,
          version_latest: addon.versionLatest,
          update_available: false,
          state: addon === call.instance.addon ? call.instance.state : 'started',
          repository: addon.repository,
          icon: addon.hasIcon,
        })),
        addons_repositories: [repository.source],
      });
    },
  },
  serveStats('/supervisor'),
  ...serveLogs('/supervisor'),
  acceptUpdate('/supervisor'),
  accept({ method: 'POST', path: '/supervisor/reload', right: 'manager' }),
  accept({ method: 'POST', path: '/supervisor/restart', right: 'manager' }),
  accept({ method: 'POST', path: '/supervisor/repair', right: 'manager' }),
  accept({
    method: 'POST',
    path: '/supervisor/options',
    right: 'manager',
    fields: {
      channel: oneOf('stable', 'beta', 'dev'),
      timezone: text,
      country: text,
      wait_boot: anything,
      logging: oneOf('debug', 'info', 'warning', 'error', 'critical'),
      debug: truth,
      debug_block: truth,
      diagnostics: truth,
      auto_update: truth,
      detect_blocking_io: anything,
      addons_repositories: anything,
      feature_flags: anything,
    },
  }),
];
