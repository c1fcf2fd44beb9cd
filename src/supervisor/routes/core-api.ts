import { PassThrough } from 'node:stream';

import { parseJsonBody, readBody } from '../body.js';
import type { CoreEvent } from '../core-model.js';
import type { AddonInstance } from '../instance.js';
import { isJsonObject, type JsonObject } from '../json.js';
import { Refusal, replyJson, replyStatus, replyText, type Reply } from '../reply.js';
import type { Method, OpenCall, Route } from './route.js';

type CoreHandler = (call: OpenCall, instance: AddonInstance) => Reply | Promise<Reply>;

interface CoreEndpoint {
  readonly method: Method;
  /** Path below `/api/`. */
  readonly path: string;
  readonly handle: CoreHandler;
}

/** Core's own REST API as far as the stand-in has it (https://developers.home-assistant.io/docs/api/rest/). */
const CORE_ENDPOINTS: readonly CoreEndpoint[] = [
  { method: 'GET', path: '', handle: () => replyJson({ message: 'API running.' }) },
  {
    method: 'GET',
    path: 'config',
    handle: (_call, { core }) => replyJson(core.describeConfig()),
  },
  {
    method: 'GET',
    path: 'core/state',
    handle: () =>
      replyJson({
        state: 'RUNNING',
        recorder_state: { migration_in_progress: false, migration_is_live: false },
      }),
  },
  {
    method: 'GET',
    path: 'components',
    handle: (_call, { core }) => replyJson(core.describeConfig()['components']),
  },
  { method: 'GET', path: 'states', handle: (_call, { core }) => replyJson(core.states) },
  {
    method: 'GET',
    path: 'states/{entity}',
    handle: (call, { core }) => {
      const state = core.state(call.params['entity'] ?? '');
      return state === undefined ? unknownEntity() : replyJson(state);
    },
  },
  { method: 'POST', path: 'states/{entity}', handle: writeState },
  {
    method: 'DELETE',
    path: 'states/{entity}',
    handle: (call, { core }) =>
      core.removeState(call.params['entity'] ?? '')
        ? replyJson({ message: 'Entity removed.' })
        : unknownEntity(),
  },
  {
    method: 'GET',
    path: 'services',
    handle: (_call, { core }) =>
      replyJson(
        Object.entries(core.describeServices()).map(([domain, services]) => ({ domain, services })),
      ),
  },
  { method: 'POST', path: 'services/{domain}/{service}', handle: callService },
  {
    method: 'GET',
    path: 'events',
    handle: () => replyJson([{ event: 'state_changed', listener_count: 1 }]),
  },
  {
    method: 'POST',
    path: 'events/{event}',
    handle: async (call, { core }) => {
      const event = call.params['event'] ?? '';
      core.fire(event, await readObject(call));
      return replyJson({ message: `Event ${event} fired.` });
    },
  },
  {
    method: 'POST',
    path: 'config/core/check_config',
    handle: () => replyJson({ result: 'valid', errors: null, warnings: null }),
  },
  { method: 'GET', path: 'calendars', handle: () => replyJson([]) },
  { method: 'GET', path: 'history/period', handle: () => replyJson([]) },
  { method: 'GET', path: 'history/period/{start}', handle: () => replyJson([]) },
  { method: 'GET', path: 'logbook', handle: () => replyJson([]) },
  { method: 'GET', path: 'logbook/{start}', handle: () => replyJson([]) },
  { method: 'GET', path: 'error_log', handle: () => replyText('') },
  { method: 'GET', path: 'stream', handle: (_call, instance) => streamEvents(instance) },
  {
    method: 'POST',
    path: 'template',
    handle: () => {
      const message = 'The stand-in for Home Assistant does not render templates.';
      return { ...replyJson({ message }, 400), reason: message, unsupported: true };
    },
  },
];

/** The proxy to Core's API (supervisor/api/proxy.py); it checks the token by itself. */
export const CORE_API_ROUTES: readonly Route[] = [
  ...proxyRoutes('/core/api/', ['GET', 'POST', 'DELETE']),
  ...proxyRoutes('/homeassistant/api/', ['GET', 'POST']),
  ...['/core/websocket', '/homeassistant/websocket'].map((path): Route => ({
    method: 'GET',
    path,
    right: 'open',
    handle: refusePlainRequest,
  })),
];

function proxyRoutes(base: string, methods: readonly Method[]): readonly Route[] {
  const websocket: Route = {
    method: 'GET',
    path: `${base}websocket`,
    right: 'open',
    handle: refusePlainRequest,
  };
  const known = CORE_ENDPOINTS.filter(({ method }) => methods.includes(method)).map(
    ({ method, path, handle }): Route => ({
      method,
      path: base + path,
      right: 'open',
      handle: (call) => handle(call, findCoreClient(call)),
    }),
  );
  const rest = methods.map((method): Route => ({
    method,
    path: `${base}{path:*}`,
    right: 'open',
    handle: (call) => {
      findCoreClient(call);
      const reason = 'the stand-in for Home Assistant has no such endpoint';
      return { ...replyStatus(404, reason), unsupported: true };
    },
  }));
  return [websocket, ...known, ...rest];
}

/**
 * The installation of a caller that may use Core's API. Only `Authorization`, or else `X-Ha-Access`, counts here.
 *
 * @throws Refusal with status 401 without the right, 502 while Core is down.
 */
function findCoreClient(call: OpenCall): AddonInstance {
  const { authorization, 'x-ha-access': access } = call.request.headers;
  const token = authorization?.split(' ').at(-1) ?? (typeof access === 'string' ? access : '');
  const instance = call.directory.byToken(token);
  if (instance === undefined) {
    throw new Refusal(replyStatus(401, 'the token is missing or not known'));
  }
  if (!instance.addon.flags.homeassistant_api) {
    throw new Refusal(
      replyStatus(401, 'the add-on has no access to the Home Assistant API', {
        missing: 'homeassistant_api: true',
      }),
    );
  }
  if (!instance.setup.core.running) {
    throw new Refusal(replyStatus(502, 'Home Assistant Core is not running'));
  }
  return instance;
}

function refusePlainRequest(): Reply {
  const reason = 'No WebSocket UPGRADE hdr: None\n Can "Upgrade" only to "WebSocket".';
  return { ...replyText(reason, 400), reason: 'no WebSocket handshake' };
}

function unknownEntity(): Reply {
  return { ...replyJson({ message: 'Entity not found.' }, 404), reason: 'Entity not found.' };
}

async function writeState(call: OpenCall, { core }: AddonInstance): Promise<Reply> {
  const entity = call.params['entity'] ?? '';
  const body = await readObject(call);
  if (!/^[a-z0-9_]+\.[a-z0-9_]+$/.test(entity)) {
    return refuseCoreCall('Invalid entity ID specified.');
  }
  const value = body['state'];
  if (value === undefined) return refuseCoreCall('No state specified.');
  const { attributes } = body;
  const { state, created } = core.setState({
    entity_id: entity,
    state: typeof value === 'string' ? value : JSON.stringify(value),
    attributes: isJsonObject(attributes) ? attributes : {},
  });
  return replyJson(state, created ? 201 : 200);
}

async function callService(call: OpenCall, { core }: AddonInstance): Promise<Reply> {
  const { domain = '', service = '' } = call.params;
  const data = await readObject(call);
  if (!core.hasService(domain, service)) {
    return replyStatus(400, `the service ${domain}.${service} does not exist`);
  }
  core.fire('call_service', { domain, service, service_data: data });
  return replyJson([]);
}

function refuseCoreCall(message: string): Reply {
  return { ...replyJson({ message }, 400), reason: message };
}

async function readObject(call: OpenCall): Promise<JsonObject> {
  const body = await readBody(call.request);
  try {
    const value = parseJsonBody(body);
    if (isJsonObject(value)) return value;
  } catch {
    // Core words this differently from the Supervisor.
  }
  throw new Refusal(refuseCoreCall('Invalid JSON specified.'));
}

/** Server-sent events: one ping at once, then every event. */
function streamEvents({ core }: AddonInstance): Reply {
  const body = new PassThrough();
  body.write('data: ping\n\n');
  const stop = core.listen((event: CoreEvent) => {
    body.write(`data: ${JSON.stringify(event)}\n\n`);
  });
  body.once('close', stop);
  return {
    status: 200,
    headers: { 'Content-Type': 'text/event-stream', 'X-Accel-Buffering': 'no' },
    body,
  };
}
