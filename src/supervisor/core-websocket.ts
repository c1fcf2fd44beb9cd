import { WebSocket, type RawData } from 'ws';

import { readText } from './body.js';
import type { AddonInstance } from './instance.js';
import { isJsonObject, type JsonObject, type JsonValue } from './json.js';
import type { RecordedRequest } from './request-record.js';

/** Time for the `auth` message after the handshake (supervisor/api/proxy.py, `websocket`). */
const AUTH_TIMEOUT_MS = 10_000;

/** How the client's login ended; the record of the request tells it. */
export interface WebSocketLogin {
  readonly instance: AddonInstance | undefined;
  readonly reason?: string;
  readonly missing?: string;
}

/** A command that was not carried out, for the record of requests. */
export type RefusedCommand = Pick<RecordedRequest, 'path' | 'status' | 'reason' | 'unsupported'>;

/** What an add-on sends as a type may be anything. */
const MAX_TYPE = 100;

type Send = (message: JsonObject) => void;

interface Command {
  readonly id: number;
  readonly type: string;
  readonly fields: JsonObject;
}

/**
 * Serves `/core/websocket`: the Supervisor's login, then the commands of Core's WebSocket API that clients need to
 * get going (https://developers.home-assistant.io/docs/api/websocket/). Ends when the client closes.
 */
export function serveCoreWebSocket(
  socket: WebSocket,
  options: {
    readonly coreVersion: string;
    readonly findInstance: (token: string) => AddonInstance | undefined;
    readonly onLogin: (login: WebSocketLogin) => void;
    /** Told once in a connection about each type of command that is refused. */
    readonly onRefusedCommand: (command: RefusedCommand, instance: AddonInstance) => void;
  },
): void {
  const send: Send = (message) => {
    if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
  };
  const timer = setTimeout(() => {
    options.onLogin({ instance: undefined, reason: 'no auth message within 10 s' });
    socket.close();
  }, AUTH_TIMEOUT_MS);
  socket.once('close', () => {
    clearTimeout(timer);
  });
  socket.on('error', () => {
    socket.terminate();
  });
  socket.once('message', (data: RawData) => {
    clearTimeout(timer);
    const login = checkLogin(readMessage(data), options.findInstance);
    options.onLogin(login);
    if (login.instance === undefined || login.reason !== undefined) {
      send({ type: 'auth_invalid', message: 'Invalid access' });
      socket.close();
      return;
    }
    send({ type: 'auth_ok', ha_version: login.instance.core.version });
    const { instance } = login;
    new CoreSession(instance, send, (command) => {
      options.onRefusedCommand(command, instance);
    }).serve(socket);
  });
  send({ type: 'auth_required', ha_version: options.coreVersion });
}

function checkLogin(
  message: JsonValue | undefined,
  findInstance: (token: string) => AddonInstance | undefined,
): WebSocketLogin {
  const fields = isJsonObject(message) ? message : {};
  const password = fields['api_password'];
  const token = typeof password === 'string' && password !== '' ? password : fields['access_token'];
  const instance = typeof token === 'string' ? findInstance(token) : undefined;
  if (instance === undefined) {
    return { instance, reason: 'auth_invalid: the token is missing or not known' };
  }
  if (!instance.addon.flags.homeassistant_api) {
    return {
      instance,
      reason: 'auth_invalid: the add-on has no access to the Home Assistant API',
      missing: 'homeassistant_api: true',
    };
  }
  return { instance };
}

/** One logged-in connection. */
class CoreSession {
  #lastId = 0;
  readonly #subscriptions = new Map<number, () => void>();
  readonly #refusedTypes = new Set<string>();

  constructor(
    private readonly instance: AddonInstance,
    private readonly send: Send,
    private readonly onRefused: (command: RefusedCommand) => void,
  ) {}

  serve(socket: WebSocket): void {
    socket.on('message', (data: RawData) => {
      const message = readMessage(data);
      const commands = Array.isArray(message) ? (message as readonly JsonValue[]) : [message];
      for (const command of commands) this.#receive(command);
    });
    socket.once('close', () => {
      for (const stop of this.#subscriptions.values()) stop();
    });
  }

  #receive(message: JsonValue | undefined): void {
    const fields = isJsonObject(message) ? message : {};
    const { id, type } = fields;
    if (typeof id !== 'number' || typeof type !== 'string') {
      this.#fail(
        typeof id === 'number' ? id : 0,
        'invalid_format',
        'Message incorrectly formatted.',
      );
      return;
    }
    if (/^(?:supervisor|hassio)\//.test(type)) {
      this.#fail(id, 'unauthorized', 'Unauthorized');
      this.#tellRefused(type, { status: 403, reason: 'add-ons may not send this command' });
      return;
    }
    if (id <= this.#lastId) {
      this.#fail(id, 'id_reuse', 'Identifier values have to increase.');
      return;
    }
    this.#lastId = id;
    this.#run({ id, type, fields });
  }

  #run(command: Command): void {
    const { core } = this.instance;
    const { id, type, fields } = command;
    switch (type) {
      case 'ping':
        this.send({ id, type: 'pong' });
        return;
      case 'get_states':
        this.#succeed(id, core.states);
        return;
      case 'get_config':
        this.#succeed(id, core.describeConfig());
        return;
      case 'get_services':
        this.#succeed(id, core.describeServices());
        return;
      case 'get_panels':
        this.#succeed(id, {});
        return;
      case 'auth/current_user':
        this.#succeed(id, this.#describeUser());
        return;
      case 'config/area_registry/list':
      case 'config/device_registry/list':
      case 'config/entity_registry/list':
      case 'config/floor_registry/list':
      case 'config/label_registry/list':
        this.#succeed(id, []);
        return;
      case 'supported_features':
        this.#succeed(id, null);
        return;
      case 'subscribe_events':
        this.#subscribe(id, fields['event_type']);
        return;
      case 'subscribe_entities':
        this.#subscribeEntities(id, fields['entity_ids']);
        return;
      case 'unsubscribe_events':
        this.#unsubscribe(id, fields['subscription']);
        return;
      case 'fire_event':
        this.#succeed(id, {
          context: core.fire(readText(fields['event_type']), readObject(fields['event_data'])),
        });
        return;
      case 'call_service':
        this.#callService(command);
        return;
      default:
        this.#fail(id, 'unknown_command', 'Unknown command.');
        this.#tellRefused(type, {
          status: 404,
          reason: 'the stand-in for Home Assistant does not know this command',
          unsupported: true,
        });
    }
  }

  #tellRefused(type: string, refusal: Omit<RefusedCommand, 'path'>): void {
    const path = type.slice(0, MAX_TYPE);
    if (this.#refusedTypes.has(path)) return;
    this.#refusedTypes.add(path);
    this.onRefused({ path, ...refusal });
  }

  #subscribe(id: number, eventType: JsonValue | undefined): void {
    this.#succeed(id, null);
    const stop = this.instance.core.listen((event) => {
      if (eventType === undefined || eventType === '*' || eventType === event.event_type) {
        this.send({ id, type: 'event', event: { ...event } });
      }
    });
    this.#subscriptions.set(id, stop);
  }

  /** All wanted states at once, then every change, in the short form of Core's `subscribe_entities`. */
  #subscribeEntities(id: number, wanted: JsonValue | undefined): void {
    const { core } = this.instance;
    const isWanted = (entity: string): boolean =>
      !Array.isArray(wanted) || (wanted as readonly JsonValue[]).includes(entity);
    this.#succeed(id, null);
    const states = core.states.filter((state) => isWanted(readText(state['entity_id'])));
    const added = states.map((state) => [readText(state['entity_id']), shortenState(state)]);
    this.send({ id, type: 'event', event: { a: Object.fromEntries(added) as JsonObject } });
    const stop = core.listen(({ event_type: type, data }) => {
      const entity = readText(data['entity_id']);
      if (type !== 'state_changed' || !isWanted(entity)) return;
      const { old_state: before, new_state: after } = data;
      if (!isJsonObject(after)) this.send({ id, type: 'event', event: { r: [entity] } });
      else if (!isJsonObject(before)) {
        this.send({ id, type: 'event', event: { a: { [entity]: shortenState(after) } } });
      } else {
        const change = { '+': shortenState(after) };
        this.send({ id, type: 'event', event: { c: { [entity]: change } } });
      }
    });
    this.#subscriptions.set(id, stop);
  }

  #unsubscribe(id: number, subscription: JsonValue | undefined): void {
    const stop = this.#subscriptions.get(Number(subscription));
    if (stop === undefined) {
      this.#fail(id, 'not_found', 'Subscription not found.');
      return;
    }
    stop();
    this.#subscriptions.delete(Number(subscription));
    this.#succeed(id, null);
  }

  #callService({ id, fields }: Command): void {
    const { core } = this.instance;
    const domain = readText(fields['domain']);
    const service = readText(fields['service']);
    if (!core.hasService(domain, service)) {
      this.#fail(id, 'not_found', `Service ${domain}.${service} not found.`);
      return;
    }
    const data = readObject(fields['service_data']);
    const context = core.fire('call_service', { domain, service, service_data: data });
    this.#succeed(id, { context, response: null });
  }

  #describeUser(): JsonObject {
    const owner = this.instance.core.owner;
    return {
      id: owner?.id ?? '',
      name: 'Supervisor',
      is_owner: false,
      is_admin: true,
      credentials: [],
      mfa_modules: [],
    };
  }

  #succeed(id: number, result: JsonValue): void {
    this.send({ id, type: 'result', success: true, result });
  }

  #fail(id: number, code: string, message: string): void {
    this.send({ id, type: 'result', success: false, error: { code, message } });
  }
}

function shortenState(state: JsonObject): JsonObject {
  const { context } = state;
  return {
    s: state['state'] ?? '',
    a: state['attributes'] ?? {},
    c: isJsonObject(context) ? (context['id'] ?? null) : null,
    lc: Date.parse(readText(state['last_changed'])) / 1000,
  };
}

function readMessage(data: RawData): JsonValue | undefined {
  const bytes = Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data as Buffer);
  try {
    return JSON.parse(bytes.toString('utf8')) as JsonValue;
  } catch {
    return undefined;
  }
}

function readObject(value: JsonValue | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}
