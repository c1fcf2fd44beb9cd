import {
  checkFields,
  oneOf,
  port,
  readTruth,
  required,
  text,
  truth,
  type FieldRule,
} from '../body.js';
import type { JsonObject } from '../json.js';
import { Refusal, replyError, replyOk } from '../reply.js';
import { SERVICE_NAMES, type ServiceName } from '../state.js';
import { readJson, type Call, type Route } from './route.js';

/** What providers announce (supervisor/services/modules/mqtt.py and mysql.py). */
const SERVICE_FIELDS: Readonly<Record<ServiceName, Readonly<Record<string, FieldRule>>>> = {
  mqtt: {
    host: required(text),
    port: required(port),
    username: text,
    password: text,
    ssl: truth,
    protocol: oneOf('3.1', '3.1.1'),
  },
  mysql: { host: required(text), port: required(port), username: text, password: text },
};

/** Services between add-ons (supervisor/api/services.py). */
export const SERVICE_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/services',
    right: 'any-token',
    handle: ({ instance }) =>
      replyOk({
        services: SERVICE_NAMES.map((slug) => {
          const provider = instance.services.get(slug)?.['addon'];
          return {
            slug,
            available: provider !== undefined,
            providers: provider === undefined ? [] : [provider],
          };
        }),
      }),
  },
  {
    method: 'GET',
    path: '/services/{service}',
    right: 'any-token',
    handle: (call) => {
      const name = findService(call);
      requireAccess(call, name);
      const data = call.instance.services.get(name);
      return data === undefined ? replyError(400, 'Service not enabled') : replyOk(data);
    },
  },
  {
    method: 'POST',
    path: '/services/{service}',
    right: 'any-token',
    handle: async (call) => {
      const name = findService(call);
      const body = checkFields(await readJson(call), SERVICE_FIELDS[name]);
      requireAccess(call, name);
      if (call.instance.services.has(name)) {
        return replyError(409, `Service ${name} is already provided by another app`, {
          errorKey: 'service_already_provided_error',
          extraFields: { service: name },
        });
      }
      call.instance.services.set(name, completeService(name, body, call.instance.addon.fullSlug));
      return replyOk();
    },
  },
  {
    method: 'DELETE',
    path: '/services/{service}',
    right: 'any-token',
    handle: (call) => {
      const name = findService(call);
      requireAccess(call, name);
      if (call.instance.addon.services[name] !== 'provide') {
        return replyError(403, `No access to write ${name} service!`, {
          missing: `services: [${name}:provide]`,
        });
      }
      if (!call.instance.services.delete(name)) {
        return replyError(404, `Service ${name} is not provided by any app`, {
          errorKey: 'service_not_provided_error',
          extraFields: { service: name },
        });
      }
      return replyOk();
    },
  },
];

function findService(call: Call): ServiceName {
  const name = SERVICE_NAMES.find((service) => service === call.params['service']);
  if (name === undefined) throw new Refusal(replyError(404, 'Service does not exist'));
  return name;
}

function requireAccess(call: Call, name: ServiceName): void {
  if (call.instance.addon.services[name] !== undefined) return;
  const right = call.method === 'GET' ? 'want' : 'provide';
  throw new Refusal(
    replyError(403, `No access to ${name} service!`, { missing: `services: [${name}:${right}]` }),
  );
}

function completeService(name: ServiceName, body: JsonObject, provider: string): JsonObject {
  const announced = { ...body, port: Number(body['port']), addon: provider };
  if (name === 'mysql') return announced;
  return {
    protocol: '3.1.1',
    ...announced,
    ssl: readTruth(body['ssl']),
  };
}
