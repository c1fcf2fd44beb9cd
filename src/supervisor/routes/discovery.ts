import { randomBytes } from 'node:crypto';

import { checkFields, object, readText, required, text } from '../body.js';
import type { DiscoveryMessage } from '../instance.js';
import { isJsonObject } from '../json.js';
import { Refusal, replyError, replyOk } from '../reply.js';
import { readJson, type Call, type Route } from './route.js';

const UUID_BYTES = 16;

/** Announcements of add-ons to Core's integrations (supervisor/api/discovery.py). */
export const DISCOVERY_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/discovery',
    right: 'core',
    handle: ({ instance }) =>
      replyOk({
        discovery: instance.state === 'started' ? [...instance.discovery.values()] : [],
        services: Object.fromEntries(
          instance.addon.discovery.map((service) => [service, [instance.addon.fullSlug]]),
        ),
      }),
  },
  {
    method: 'GET',
    path: '/discovery/{uuid}',
    right: 'core',
    handle: (call) => replyOk(findMessage(call)),
  },
  {
    method: 'POST',
    path: '/discovery',
    right: 'any-token',
    handle: async (call) => {
      const body = checkFields(await readJson(call), {
        service: required(text),
        config: required(object),
      });
      const { addon, discovery } = call.instance;
      const service = readText(body['service']);
      const config = isJsonObject(body['config']) ? body['config'] : {};
      if (!addon.discovery.includes(service)) {
        return replyError(
          403,
          'Apps must list services they provide via discovery in their config!',
          { missing: `discovery: [${service}]` },
        );
      }
      const known = [...discovery.values()].find((message) => message.service === service);
      const uuid = known?.uuid ?? randomBytes(UUID_BYTES).toString('hex');
      discovery.set(uuid, { addon: addon.fullSlug, service, uuid, config });
      return replyOk({ uuid });
    },
  },
  {
    method: 'DELETE',
    path: '/discovery/{uuid}',
    right: 'any-token',
    handle: (call) => {
      const message = findMessage(call);
      if (message.addon !== call.instance.addon.fullSlug) {
        return replyError(403, "Can't remove discovery message");
      }
      call.instance.discovery.delete(message.uuid);
      return replyOk();
    },
  },
];

function findMessage(call: Call): DiscoveryMessage {
  const message = call.instance.discovery.get(call.params['uuid'] ?? '');
  if (message === undefined) {
    throw new Refusal(replyError(404, 'Discovery message not found'));
  }
  return message;
}
