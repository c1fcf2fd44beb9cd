import { NO_STATS } from '../instance.js';
import { checkFields, text, type FieldRule } from '../body.js';
import { replyOk, replyText } from '../reply.js';
import type { ComponentName } from '../state.js';
import { refuseLogFormat } from './logs.js';
import { readJson, type Call, type Route } from './route.js';

/** Right and body of endpoints that the stand-in accepts without doing anything. */
export interface AcceptedCall {
  readonly method: 'POST' | 'DELETE';
  readonly path: string;
  readonly right: 'manager' | 'homeassistant' | 'admin' | 'backup';
  /** Fields that the body may hold; bodies of endpoints without them are not read. */
  readonly fields?: Readonly<Record<string, FieldRule>>;
}

const VERSION_FIELD = { version: text } as const;

/** An endpoint that checks its body and answers `{}`. */
export function accept(call: AcceptedCall): Route {
  const { method, path, right, fields } = call;
  return {
    method,
    path,
    right,
    handle: async (received) => {
      if (fields !== undefined) checkFields(await readJson(received), fields);
      return replyOk();
    },
  };
}

/** `POST <path>/update`, which takes an optional version. */
export function acceptUpdate(path: string, right: 'manager' | 'homeassistant' = 'manager'): Route {
  return accept({ method: 'POST', path: `${path}/update`, right, fields: VERSION_FIELD });
}

/** `GET <path>/stats`: the containers around the add-on use nothing. */
export function serveStats(path: string, right: 'manager' | 'homeassistant' = 'manager'): Route {
  return {
    method: 'GET',
    path: `${path}/stats`,
    right,
    handle: () => replyOk({ ...NO_STATS }),
  };
}

/** `GET <path>/logs`, `/logs/latest` and `/logs/follow`: empty texts. */
export function serveLogs(
  path: string,
  right: 'manager' | 'homeassistant' = 'manager',
): readonly Route[] {
  return ['logs', 'logs/latest', 'logs/follow'].map((part) => ({
    method: 'GET' as const,
    path: `${path}/${part}`,
    right,
    handle: (call: Call) => refuseLogFormat(call) ?? replyText(''),
  }));
}

/** The three version fields that every component's info begins with. */
export function describeVersion({ instance }: Call, component: ComponentName) {
  const version = instance.setup.versions[component];
  return { version, version_latest: version, update_available: false };
}
