import type { IncomingMessage } from 'node:http';

import { decideAccess, decodeText } from './access.js';
import type { SetupDirectory } from './directory.js';
import type { AddonInstance } from './instance.js';
import { Refusal, replyError, replyStatus, type Reply } from './reply.js';
import { Router, type RouteLookup } from './router.js';
import type { LifecycleHooks, OpenCall } from './routes/route.js';
import { ROUTES } from './routes/table.js';

/** What a request is about, before anything was decided. */
export interface RequestTarget {
  readonly method: string;
  /** Decoded path. */
  readonly path: string;
  /** Undecoded text after the question mark. */
  readonly query: string;
  /** The Supervisor's token, empty headers counting as absent. */
  readonly token: string | undefined;
}

const READY_STATES: readonly string[] = ['startup', 'running', 'freeze'];
const ROUTER = new Router(ROUTES);

/** Splits the request line and picks the token (supervisor/api/utils.py, `extract_supervisor_token`). */
export function readTarget(request: IncomingMessage): RequestTarget {
  const url = request.url ?? '/';
  const mark = url.indexOf('?');
  return {
    method: request.method ?? 'GET',
    path: decodeText(mark === -1 ? url : url.slice(0, mark)),
    query: mark === -1 ? '' : url.slice(mark + 1),
    token: extractToken(request),
  };
}

function extractToken({ headers }: IncomingMessage): string | undefined {
  const { 'x-supervisor-token': present, 'x-hassio-key': legacy, authorization } = headers;
  for (const value of [present, legacy, authorization?.split(' ').at(-1)]) {
    if (typeof value === 'string' && value !== '') return value;
  }
  return undefined;
}

/** Takes a request through the Supervisor's layers: readiness, security, routing, the endpoint itself. */
export async function dispatch(
  request: IncomingMessage,
  target: RequestTarget,
  context: { readonly directory: SetupDirectory; readonly hooks: LifecycleHooks },
): Promise<Reply> {
  const { directory, hooks } = context;
  const { method, path, query, token } = target;
  const identity = directory.identify(token);
  const lookup = ROUTER.find(method, path);
  const notReady = refuseWhenNotReady(identity?.instance ?? directory.first);
  if (notReady !== undefined) return notReady;
  const decision = decideAccess({
    path,
    query: decodeText(query),
    token,
    holder: identity?.holder,
    addon: identity?.instance.addon,
  });
  if (!decision.allowed) {
    // Advice on rights makes sense only for paths that exist.
    const missing = lookup.kind === 'unknown' ? undefined : decision.missing;
    return replyStatus(decision.status, decision.reason, missing === undefined ? {} : { missing });
  }
  if (lookup.kind !== 'found') return refuseRoute(lookup, target);
  const open: OpenCall = { method, params: lookup.params, query, request, directory, hooks };
  try {
    if (lookup.route.right === 'open') return await lookup.route.handle(open);
    if (identity === undefined) return replyStatus(403, 'the token is not known');
    if (lookup.route.right === 'core' && identity.holder !== 'core') {
      return replyStatus(401, 'only Home Assistant Core may call this');
    }
    return await lookup.route.handle({ ...open, ...identity });
  } catch (error) {
    if (error instanceof Refusal) return error.reply;
    throw error;
  }
}

function refuseWhenNotReady(instance: AddonInstance | undefined): Reply | undefined {
  const state = instance?.setup.host.state ?? 'running';
  return READY_STATES.includes(state)
    ? undefined
    : replyError(400, `System is not ready with state: ${state}`);
}

function refuseRoute(
  lookup: Exclude<RouteLookup, { kind: 'found' }>,
  target: RequestTarget,
): Reply {
  if (lookup.kind === 'other-method') {
    return replyStatus(405, `${target.method} is not allowed here`, {
      headers: { Allow: lookup.allowed.join(',') },
    });
  }
  const reason = 'the Supervisor has no such endpoint, or the stand-in does not know it';
  return { ...replyError(404, reason), unsupported: true };
}
