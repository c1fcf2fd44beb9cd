import { watchdogProbe } from '../../supervisor/address-templates.js';
import type { CheckContext, SmokeCheck } from '../check.js';
import { lookInside, type Inside } from '../inside.js';
import { findReach, listOpenPorts, type Listener } from '../listeners.js';
import { failed, passed, skipped, warning } from '../report.js';
import { LISTEN_EVERYWHERE } from './dead-end.js';
import { listPorts } from './life.js';
import { lookLate, skipUnseen } from './look.js';

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

/** `8080`, `53/udp` */
interface PromisedPort {
  readonly protocol: Listener['protocol'];
  readonly port: number;
}

function describePort({ protocol, port }: PromisedPort): string {
  return protocol === 'tcp' ? String(port) : `${port}/udp`;
}

function listPromised(
  context: CheckContext,
  kind: 'published' | 'optional',
): readonly PromisedPort[] {
  return (['tcp', 'udp'] as const).flatMap((protocol) =>
    listPorts(context, protocol)[kind].map((port) => ({ protocol, port })),
  );
}

/** `nothing listens on port 80; port 8080 listens on localhost only`; empty when all are open. */
function describeUnreachable(
  { listeners }: Pick<Inside, 'listeners'>,
  ports: readonly PromisedPort[],
): string {
  const pick = (wanted: 'closed' | 'local') =>
    ports
      .filter(({ protocol, port }) => findReach(listeners, protocol, port) === wanted)
      .map(describePort);
  const [closed, local] = [pick('closed'), pick('local')];
  return [
    ...(closed.length === 0 ? [] : [`nothing listens on port ${closed.join(', ')}`]),
    ...(local.length === 0 ? [] : [`port ${local.join(', ')} listens on localhost only`]),
  ].join('; ');
}

/** The ports that the config names are open for others, and no other port is. */
export const portsCheck: SmokeCheck = {
  id: 'ports',
  title: 'the ports of the config are open, and no others',
  needs: ['start', 'ready'],
  run: async (context) => {
    const { addon, container, signal, timeScale } = context;
    if (addon.startup === 'once') return skipped('`startup: once`');
    const published = listPromised(context, 'published');
    const late = await lookLate(context);
    if (late === undefined) return skipUnseen(context);
    let inside = late;
    if (describeUnreachable(inside, published) !== '') {
      // HEALTHCHECK or another port may have come first.
      await container.waitFor(
        async ({ running }) => {
          if (running) inside = (await lookInside(container)) ?? inside;
          return describeUnreachable(inside, published) === '';
        },
        { timeoutMs: 5_000 * timeScale, pollMs: 500, signal },
      );
    }
    const open = listOpenPorts(inside.listeners);
    const problem = describeUnreachable(inside, published);
    if (problem !== '') {
      const known = open.length === 0 ? '' : `; open are ${open.join(', ')}`;
      return failed(problem + known, `Correct \`ports\` in the config. ${LISTEN_EVERYWHERE}`);
    }
    const optional = listPromised(context, 'optional');
    const promised = [...published, ...optional];
    const named = new Set([
      ...promised.filter(({ protocol }) => protocol === 'tcp').map(({ port }) => port),
      ...listOtherPorts(context),
    ]);
    const others = open.filter((port) => !named.has(port));
    if (others.length > 0) {
      return warning(
        `port ${others.join(', ')} is open too: every add-on can connect to it`,
        'Name it in `ports`, or let the service listen on 127.0.0.1.',
      );
    }
    const missing = describeUnreachable(inside, optional);
    if (missing !== '') {
      return warning(
        missing,
        'Whoever publishes that port reaches nothing with these options. Give them another option set in smoke.yaml, or remove the port.',
      );
    }
    const all = [...promised.map(describePort), ...listOtherPorts(context).map(String)];
    return passed(all.length === 0 ? 'none' : [...new Set(all)].join(', '));
  },
};
