import { text, truth } from '../body.js';
import { replyOk } from '../reply.js';
import { accept, serveLogs } from './families.js';
import type { Route } from './route.js';

const DISK = { total: 32, used: 12.5, free: 19.5 } as const;
const GIGABYTE = 1e9;

/** The host below the Supervisor (supervisor/api/host.py). Disk sizes of `/host/info` are in gigabytes. */
export const HOST_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/host/info',
    right: 'default',
    handle: ({ instance }) => {
      const { host, versions } = instance.setup;
      const now = Date.now();
      return replyOk({
        agent_version: '1.7.2',
        apparmor_version: '3.1.2',
        chassis: host.chassis,
        virtualization: 'qemu',
        cpe: `cpe:2.3:o:home-assistant:haos:${versions.os}:*:production:*:*:*:${host.board}:*`,
        deployment: 'production',
        disk_free: DISK.free,
        disk_total: DISK.total,
        disk_used: DISK.used,
        disk_life_time: null,
        features: host.features,
        hostname: host.hostname,
        llmnr_hostname: host.hostname,
        kernel: host.kernel,
        operating_system: host.operatingSystem,
        timezone: host.timezone,
        dt_utc: new Date(now).toISOString(),
        dt_synchronized: true,
        use_ntp: true,
        startup_time: 1.8,
        boot_timestamp: (now - 3_600_000) * 1000,
        broadcast_llmnr: true,
        broadcast_mdns: true,
      });
    },
  },
  ...serveLogs('/host'),
  {
    method: 'GET',
    path: '/host/services',
    right: 'manager',
    handle: () =>
      replyOk({
        services: [
          {
            name: 'systemd-resolved.service',
            description: 'Network Name Resolution',
            state: 'active',
          },
        ],
      }),
  },
  {
    method: 'GET',
    path: '/host/disks/default/usage',
    right: 'manager',
    handle: () =>
      replyOk({
        id: 'root',
        label: 'Root',
        total_bytes: DISK.total * GIGABYTE,
        used_bytes: DISK.used * GIGABYTE,
        children: [{ id: 'system', label: 'System', used_bytes: DISK.used * GIGABYTE }],
      }),
  },
  accept({ method: 'POST', path: '/host/reload', right: 'manager' }),
  ...['shutdown', 'reboot'].map((action) =>
    accept({
      method: 'POST',
      path: `/host/${action}`,
      right: 'manager',
      fields: { force: truth },
    }),
  ),
  accept({ method: 'POST', path: '/host/options', right: 'manager', fields: { hostname: text } }),
];
