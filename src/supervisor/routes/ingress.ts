import { checkFields, readText, required, text } from '../body.js';
import { forwardRequest } from '../ingress.js';
import type { AddonInstance } from '../instance.js';
import { Refusal, replyOk, replyStatus } from '../reply.js';
import type { CoreUser } from '../state.js';
import { readJson, type OpenCall, type Route } from './route.js';

/** Cookie in which Core hands the session on (supervisor/api/const.py). */
const SESSION_COOKIE = 'ingress_session';

/** Ingress sessions and the way to the add-on's page (supervisor/api/ingress.py). */
export const INGRESS_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/ingress/panels',
    right: 'admin',
    handle: ({ instance: { addon, settings } }) =>
      replyOk({
        panels: addon.flags.ingress
          ? {
              [addon.fullSlug]: {
                title: addon.panel.title,
                icon: addon.panel.icon,
                admin: addon.panel.admin,
                enable: settings.ingressPanel,
              },
            }
          : {},
      }),
  },
  {
    method: 'POST',
    path: '/ingress/session',
    right: 'core',
    handle: async (call) => {
      const body = checkFields(await readJson(call), { user_id: text });
      const userId = body['user_id'];
      const session = call.instance.openSession(typeof userId === 'string' ? userId : undefined);
      return replyOk({ session });
    },
  },
  {
    method: 'POST',
    path: '/ingress/validate_session',
    right: 'core',
    handle: async (call) => {
      const body = checkFields(await readJson(call), { session: required(text) });
      return call.instance.extendSession(readText(body['session'])) === undefined
        ? replyStatus(401, 'the ingress session is unknown or has ended')
        : replyOk();
    },
  },
  {
    method: '*',
    path: '/ingress/{token}/{path:*}',
    right: 'open',
    handle: async (call) => {
      const { instance, user } = findIngress(call);
      return forwardRequest(call.request, {
        host: instance.ipAddress,
        port: instance.addon.ingressPort ?? 0,
        path: readIngressPath(call),
        user,
        stream: instance.addon.ingressStream,
      });
    },
  },
];

/**
 * Finds the add-on and the user behind an ingress request.
 *
 * @throws Refusal with status 401 for a bad session, 503 for an unknown token.
 */
export function findIngress(call: Pick<OpenCall, 'params' | 'request' | 'directory'>): {
  readonly instance: AddonInstance;
  readonly user: CoreUser | undefined;
} {
  const session = call.directory.extendSession(readCookie(call.request.headers.cookie));
  if (session === undefined) {
    throw new Refusal(replyStatus(401, 'the ingress session is unknown or has ended'));
  }
  const instance = call.directory.byIngressToken(call.params['token'] ?? '');
  if (instance === undefined) {
    throw new Refusal(replyStatus(503, 'no add-on with ingress has this token'));
  }
  return { instance, user: session.user };
}

/** The undecoded path and query behind `/ingress/<token>`. */
export function readIngressPath(call: Pick<OpenCall, 'request'>): string {
  return (call.request.url ?? '').replace(/^\/ingress\/[^/]+/, '');
}

function readCookie(header: string | undefined): string {
  const pair = (header ?? '')
    .split(';')
    .map((part) => part.trim())
    .find((part) => part.startsWith(`${SESSION_COOKIE}=`));
  return pair?.slice(SESSION_COOKIE.length + 1) ?? '';
}
