import { USUAL_USER } from '../../supervisor/create-setup.js';
import { watchdogProbe, webuiAddress } from '../../supervisor/address-templates.js';
import {
  WATCHDOG_HTTP_MS,
  WATCHDOG_TCP_MS,
  type HttpProbe,
  type IngressProbe,
  type ProbeAnswer,
} from '../../supervisor/probes.js';
import type { CheckContext, SmokeCheck } from '../check.js';
import { lookInside } from '../inside.js';
import { findReach, listOpenPorts } from '../listeners.js';
import { failed, passed, skipped, warning, type CheckFinding } from '../report.js';
import { LISTEN_EVERYWHERE } from './dead-end.js';
import { findStrayAddresses, findStrayRedirect, listAddresses } from './ingress-page.js';

const RETRY_MS = 250;

/**
 * A service that has just come up may open its ports a moment apart: asks again until it answers well or the
 * container is given up.
 */
async function ask(
  context: CheckContext,
  probe: (host: string) => Promise<ProbeAnswer>,
  isGood: (answer: ProbeAnswer) => boolean,
): Promise<ProbeAnswer> {
  let answer: ProbeAnswer = { connected: false, message: 'it does not run', elapsedMs: 0 };
  await context.container.waitFor(
    async ({ running, address }) => {
      // Without an address the connection would go to the stand-in Supervisor itself.
      if (!running || address === '') return false;
      answer = await probe(address);
      return isGood(answer);
    },
    { timeoutMs: 5_000 * context.timeScale, pollMs: RETRY_MS, signal: context.signal },
  );
  return answer;
}

/** What stands in the way of a connection: `connection refused; port 80 listens on localhost only`. */
async function describeAnswer(
  { container }: CheckContext,
  port: number,
  answer: ProbeAnswer,
): Promise<string> {
  if (answer.connected) return answer.message;
  const { listeners } = (await lookInside(container)) ?? {};
  if (listeners === undefined) return answer.message;
  if (findReach(listeners, 'tcp', port) === 'local') {
    return `${answer.message}; port ${port} listens on localhost only`;
  }
  const open = listOpenPorts(listeners);
  return open.length === 0
    ? `${answer.message}; it listens on no port`
    : `${answer.message}; it listens on ${open.join(', ')}`;
}

function httpProbe(
  context: CheckContext,
  host: string,
  target: Pick<HttpProbe, 'port' | 'path' | 'tls'>,
): HttpProbe {
  const { port, tls, path } = target;
  return { kind: 'http', host, port, path, tls, timeoutMs: WATCHDOG_HTTP_MS * context.timeScale };
}

function ingressPath(path: string): string {
  return `/${path.replace(/^\//, '')}`;
}

function ingressProbe(context: CheckContext, host: string, path: string): IngressProbe {
  return {
    kind: 'ingress',
    host,
    port: context.ingressPort,
    path: ingressPath(path),
    ingressEntry: context.ingressEntry,
    user: USUAL_USER,
    timeoutMs: WATCHDOG_HTTP_MS * context.timeScale,
  };
}

/** Below 300 after redirects, as the Supervisor's watchdog asks for. */
function isSuccess({ status }: Pick<ProbeAnswer, 'status'>): boolean {
  return status !== undefined && status < 300;
}

/** A page for people may ask for a login, but it must not be missing or broken. */
function isPage({ status }: ProbeAnswer): boolean {
  return status !== undefined && (status < 400 || status === 401 || status === 403);
}

export const watchdogCheck: SmokeCheck = {
  id: 'watchdog',
  title: 'answers the watchdog',
  needs: ['start', 'ready'],
  run: async (context) => {
    const { addon, probe, timeScale } = context;
    if (addon.watchdog === undefined) return skipped('no `watchdog` in the config');
    const target = watchdogProbe(addon.watchdog, {
      options: context.options,
      portMap: {},
      hostNetwork: false,
    });
    if (target === undefined)
      return failed(addon.watchdog, 'Write it as http://[HOST]:[PORT:80]/.');
    const answer = await ask(
      context,
      (host) =>
        target.kind === 'tcp'
          ? probe({ kind: 'tcp', host, port: target.port, timeoutMs: WATCHDOG_TCP_MS * timeScale })
          : probe(httpProbe(context, host, target)),
      (one) => (target.kind === 'tcp' ? one.connected : isSuccess(one)),
    );
    const where = `${addon.watchdog}: ${await describeAnswer(context, target.port, answer)}`;
    const good = target.kind === 'tcp' ? answer.connected : isSuccess(answer);
    return good
      ? passed(where)
      : failed(where, 'Correct `watchdog`: the Supervisor restarts add-ons that do not answer it.');
  },
};

export const webuiCheck: SmokeCheck = {
  id: 'webui',
  title: 'serves its web interface',
  needs: ['start', 'ready'],
  run: async (context) => {
    const { addon, probe } = context;
    if (addon.webui === undefined) return skipped('no `webui` in the config');
    const target = webuiAddress(addon.webui, {
      options: context.options,
      portMap: {},
    });
    const port = target?.port;
    if (target === undefined || port === undefined || port === null) {
      return failed(addon.webui, 'Write it as http://[HOST]:[PORT:80]/.');
    }
    const answer = await ask(
      context,
      (host) => probe(httpProbe(context, host, { ...target, port })),
      isPage,
    );
    const where = `${addon.webui}: ${await describeAnswer(context, port, answer)}`;
    return isPage(answer)
      ? passed(where)
      : failed(where, 'Correct `webui`, or let the service listen on that port.');
  },
};

/** Where the Supervisor is on every installation; add-ons may let in nobody else. */
const SUPERVISOR_ADDRESS = '172.30.32.2';

/** What a browser asks for when somebody opens a page. */
const BROWSER_ACCEPT = {
  Accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
};

/** A page that answers may still lead out of ingress, where Home Assistant answers instead of the add-on. */
function pageFinding(context: CheckContext, answer: ProbeAnswer, where: string): CheckFinding {
  const { addon, ingressEntry, ingressPort } = context;
  const path = ingressPath(addon.ingressEntry ?? '');
  const redirect = findStrayRedirect({ entry: ingressEntry, path, port: ingressPort }, answer);
  if (redirect !== undefined) {
    return failed(
      `${where}; it redirects to ${redirect}, where no browser reaches the add-on`,
      'Redirect to a relative address, or put the header X-Ingress-Path before the path.',
    );
  }
  const addresses = findStrayAddresses(ingressEntry, answer);
  return addresses.length === 0
    ? passed(where)
    : warning(
        `${where}; the page loads ${listAddresses(addresses)} from Home Assistant, not from the add-on`,
        'Make these addresses relative, or put the header X-Ingress-Path before them.',
      );
}

async function ingressFinding(context: CheckContext, answer: ProbeAnswer): Promise<CheckFinding> {
  const where = `port ${context.ingressPort}: ${await describeAnswer(context, context.ingressPort, answer)}`;
  if (answer.status !== undefined && answer.status < 400)
    return pageFinding(context, answer, where);
  const isRefused = answer.status === 401 || answer.status === 403;
  if (isRefused && context.supervisorAddress !== SUPERVISOR_ADDRESS) {
    return skipped(
      `${where}, asked from ${context.supervisorAddress} because ${SUPERVISOR_ADDRESS} is taken on this machine`,
    );
  }
  return failed(
    where,
    answer.connected
      ? `Let the service accept requests from the Supervisor (${SUPERVISOR_ADDRESS}) without a login; X-Remote-User-Name says who it is.`
      : `Let the service listen on \`ingress_port\`. ${LISTEN_EVERYWHERE}`,
  );
}

export const ingressCheck: SmokeCheck = {
  id: 'ingress',
  title: 'serves its page through ingress',
  needs: ['start', 'ready'],
  run: async (context) => {
    const { addon, probe } = context;
    if (!addon.ingress) return skipped('no `ingress` in the config');
    const answer = await ask(
      context,
      (host) =>
        probe({
          ...ingressProbe(context, host, addon.ingressEntry ?? ''),
          headers: BROWSER_ACCEPT,
        }),
      ({ status }) => status !== undefined && status < 400,
    );
    return ingressFinding(context, answer);
  },
};

/** `http` of smoke.yaml. */
export const httpCheck: SmokeCheck = {
  id: 'http',
  title: 'answers the requests of smoke.yaml',
  needs: ['start', 'ready'],
  run: async (context) => {
    const { smoke, probe } = context;
    if (smoke.http.length === 0) return skipped('none in smoke.yaml');
    const problems: string[] = [];
    for (const { path, port, tls, status, body } of smoke.http) {
      const isExpected = (answer: ProbeAnswer) =>
        answer.status !== undefined &&
        (status === undefined ? answer.status < 400 : answer.status === status) &&
        (body === undefined || body.test(answer.body ?? ''));
      const answer = await ask(
        context,
        (host) =>
          probe(
            port === undefined
              ? ingressProbe(context, host, path)
              : httpProbe(context, host, { port, path, tls }),
          ),
        isExpected,
      );
      if (isExpected(answer)) continue;
      const where = port === undefined ? `ingress ${path}` : `port ${port} ${path}`;
      const expected = [status ?? 'below 400', ...(body === undefined ? [] : [`/${body.source}/`])];
      const found = await describeAnswer(context, port ?? context.ingressPort, answer);
      problems.push(`${where}: ${found}; expected ${expected.join(' and ')}`);
    }
    return problems.length === 0
      ? passed(`${smoke.http.length} requests`)
      : failed(problems.join('; '), 'Correct `http` in smoke.yaml, or the add-on.');
  },
};
