import { anything, required, text, truth } from '../body.js';
import { replyOk } from '../reply.js';
import { accept, acceptUpdate, describeVersion, serveLogs, serveStats } from './families.js';
import type { Route } from './route.js';

const AUDIO_SOURCES = ['volume', 'mute'] as const;

/** Sound and device lists, and the Supervisor's plugins (supervisor/api/hardware.py, dns.py, audio.py, cli.py …). */
export const PLUGIN_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/hardware/info',
    right: 'default',
    handle: () => replyOk({ devices: [], drives: [] }),
  },
  {
    method: 'GET',
    path: '/hardware/audio',
    right: 'manager',
    handle: () => replyOk({ audio: { input: {}, output: {} } }),
  },
  {
    method: 'GET',
    path: '/dns/info',
    right: 'default',
    handle: (call) =>
      replyOk({
        ...describeVersion(call, 'dns'),
        host: '172.30.32.3',
        servers: [],
        locals: ['dns://192.168.1.1'],
        mdns: true,
        llmnr: true,
        fallback: true,
      }),
  },
  {
    method: 'GET',
    path: '/audio/info',
    right: 'default',
    handle: (call) =>
      replyOk({
        ...describeVersion(call, 'audio'),
        host: '172.30.32.4',
        audio: { card: [], input: [], output: [], application: [] },
      }),
  },
  ...(['cli', 'multicast', 'observer'] as const).map((plugin): Route => ({
    method: 'GET',
    path: `/${plugin}/info`,
    right: 'default',
    handle: (call) =>
      replyOk({
        ...describeVersion(call, plugin),
        ...(plugin === 'observer' ? { host: '172.30.32.6' } : {}),
      }),
  })),
  ...['/dns', '/audio', '/cli', '/multicast', '/observer'].flatMap((base) => [
    serveStats(base),
    acceptUpdate(base),
  ]),
  ...['/dns', '/audio', '/multicast'].flatMap((base) => [
    ...serveLogs(base),
    accept({ method: 'POST', path: `${base}/restart`, right: 'manager' }),
  ]),
  accept({ method: 'POST', path: '/dns/reset', right: 'manager' }),
  accept({
    method: 'POST',
    path: '/dns/options',
    right: 'manager',
    fields: { servers: anything, fallback: truth },
  }),
  accept({ method: 'POST', path: '/audio/reload', right: 'manager' }),
  accept({
    method: 'POST',
    path: '/audio/profile',
    right: 'manager',
    fields: { card: required(text), name: required(text) },
  }),
  accept({
    method: 'POST',
    path: '/audio/default/{source}',
    right: 'manager',
    fields: { name: required(text) },
  }),
  ...AUDIO_SOURCES.flatMap((setting) =>
    ['', '/application'].map((suffix) =>
      accept({
        method: 'POST',
        path: `/audio/${setting}/{source}${suffix}`,
        right: 'manager',
        fields: {
          index: required(anything),
          ...(setting === 'volume' ? { volume: required(anything) } : { active: required(truth) }),
        },
      }),
    ),
  ),
];
