import { anything, text, textOrNull, truth } from '../body.js';
import { replyOk } from '../reply.js';
import { accept, acceptUpdate, describeVersion, serveLogs, serveStats } from './families.js';
import type { Route } from './route.js';

const CORE_ADDRESS = '172.30.32.1';

/** Management of Home Assistant Core (supervisor/api/homeassistant.py), under its present and its legacy name. */
export const CORE_ROUTES: readonly Route[] = ['/core', '/homeassistant'].flatMap(
  (base): readonly Route[] => [
    {
      method: 'GET',
      path: `${base}/info`,
      right: 'default',
      handle: (call) => {
        const { core, host } = call.instance.setup;
        return replyOk({
          ...describeVersion(call, 'core'),
          machine: host.machine,
          ip_address: CORE_ADDRESS,
          arch: host.arch,
          image: `ghcr.io/home-assistant/${host.machine}-homeassistant`,
          boot: true,
          port: core.port,
          ssl: core.ssl,
          watchdog: true,
          audio_input: null,
          audio_output: null,
          backups_exclude_database: false,
          duplicate_log_file: false,
        });
      },
    },
    serveStats(base, 'homeassistant'),
    ...serveLogs(base, 'homeassistant'),
    acceptUpdate(base, 'homeassistant'),
    ...['start', 'stop', 'restart', 'rebuild', 'check'].map((action) =>
      accept({ method: 'POST', path: `${base}/${action}`, right: 'homeassistant' }),
    ),
    accept({
      method: 'POST',
      path: `${base}/options`,
      right: 'homeassistant',
      fields: {
        boot: truth,
        image: textOrNull,
        port: anything,
        ssl: truth,
        watchdog: truth,
        refresh_token: textOrNull,
        audio_input: textOrNull,
        audio_output: textOrNull,
        backups_exclude_database: truth,
        duplicate_log_file: truth,
        version: text,
      },
    }),
  ],
);
