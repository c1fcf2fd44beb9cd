import { anything, truth } from '../body.js';
import { replyError, replyOk } from '../reply.js';
import { accept } from './families.js';
import type { Route } from './route.js';

/** The one interface of the pretended host. */
const INTERFACE = {
  interface: 'eth0',
  type: 'ethernet',
  enabled: true,
  connected: true,
  primary: true,
  mac: '52:54:00:12:34:56',
  ipv4: {
    method: 'auto',
    address: ['192.168.1.10/24'],
    nameservers: ['192.168.1.1'],
    gateway: '192.168.1.1',
    route_metric: null,
    ready: true,
  },
  ipv6: {
    method: 'auto',
    addr_gen_mode: 'default',
    ip6_privacy: 'default',
    address: ['fd00::10/64'],
    nameservers: [],
    gateway: null,
    route_metric: null,
    ready: true,
  },
  wifi: null,
  vlan: null,
  mdns: 'announce',
  llmnr: 'announce',
} as const;

/** The host's network (supervisor/api/network.py). */
export const NETWORK_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/network/info',
    right: 'default',
    handle: () =>
      replyOk({
        interfaces: [INTERFACE],
        docker: {
          interface: 'hassio',
          address: '172.30.32.0/23',
          gateway: '172.30.32.1',
          dns: '172.30.32.3',
        },
        host_internet: true,
        supervisor_internet: true,
      }),
  },
  {
    method: 'GET',
    path: '/network/interface/{interface}/info',
    right: 'default',
    handle: ({ params }) => {
      const name = params['interface'] ?? '';
      return name === 'default' || name === INTERFACE.interface
        ? replyOk(INTERFACE)
        : replyError(404, `Interface ${name} does not exist`);
    },
  },
  accept({ method: 'POST', path: '/network/reload', right: 'manager' }),
  accept({
    method: 'POST',
    path: '/network/interface/{interface}/update',
    right: 'manager',
    fields: {
      ipv4: anything,
      ipv6: anything,
      wifi: anything,
      enabled: truth,
      mdns: anything,
      llmnr: anything,
    },
  }),
];
