import { watchdogProbe } from '../../supervisor/address-templates.js';
import { describeRequest } from '../../supervisor/request-record.js';
import type { CheckContext, SmokeCheck } from '../check.js';
import { parseListeners } from '../listeners.js';
import { failed, passed, skipped, warning } from '../report.js';
import { listTcpPorts } from './life.js';

/** Ports of the config besides `ports`: ingress and a watchdog's own. */
function listOtherPorts(context: CheckContext): readonly number[] {
  const { addon, options } = context;
  const watchdog =
    addon.watchdog === undefined
      ? undefined
      : watchdogProbe(addon.watchdog, { options, portMap: {}, hostNetwork: false });
  return [
    ...(addon.ingress ? [context.ingressPort] : []),
    ...(watchdog === undefined ? [] : [watchdog.port]),
  ];
}

/** The ports that the config names are open for others, and no other port is. */
export const portsCheck: SmokeCheck = {
  id: 'ports',
  title: 'the ports of the config are open, and no others',
  needs: ['start', 'ready'],
  run: async (context) => {
    const promised = listTcpPorts(context);
    const { stdout } = await context.container.exec(['cat', '/proc/net/tcp', '/proc/net/tcp6']);
    const listeners = parseListeners(stdout);
    if (listeners.length === 0 && !stdout.includes('local_address')) {
      return skipped('the image has no `cat` to look with');
    }
    const open = new Set(listeners.filter(({ local }) => !local).map(({ port }) => port));
    const closed = promised.filter((port) => !open.has(port));
    if (closed.length > 0) {
      const onlyLocal = closed.filter((port) =>
        listeners.some((listener) => listener.port === port && listener.local),
      );
      return failed(
        onlyLocal.length > 0
          ? `port ${onlyLocal.join(', ')} listens on localhost only`
          : `nothing listens on port ${closed.join(', ')}`,
        'Correct `ports` in the config, or let the service listen on all addresses (0.0.0.0).',
      );
    }
    const known = new Set([...promised, ...listOtherPorts(context)]);
    const others = [...open].filter((port) => !known.has(port));
    return others.length === 0
      ? passed([...known].length === 0 ? 'none' : [...known].join(', '))
      : warning(
          `port ${others.join(', ')} is open too: every add-on can connect to it`,
          'Name it in `ports`, or let the service listen on 127.0.0.1.',
        );
  },
};

/** What the add-on asked the Supervisor for, and what it was refused for want of a right. */
export const supervisorCheck: SmokeCheck = {
  id: 'supervisor',
  title: 'it asks the Supervisor only for what its config allows',
  needs: ['start'],
  run: ({ requests }) => {
    const all = requests();
    const refused = all.filter(({ missing }) => missing !== undefined);
    if (all.length === 0) return Promise.resolve(skipped('it asked for nothing'));
    if (refused.length === 0) {
      const paths = [...new Set(all.map(({ path }) => path))];
      return Promise.resolve(passed(`${all.length} requests: ${paths.slice(0, 5).join(', ')}`));
    }
    const lines = [...new Set(refused.map(describeRequest))];
    return Promise.resolve(
      failed(lines.join('; '), 'Add the missing lines to the config, or do not ask.'),
    );
  },
};
