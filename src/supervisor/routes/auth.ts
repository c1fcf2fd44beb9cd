import { anything, checkFields, parseJsonBody, readBody, required } from '../body.js';
import { isJsonObject } from '../json.js';
import { replyError, replyOk, type Reply } from '../reply.js';
import { readJson, type Call, type Route } from './route.js';

interface Credentials {
  readonly username: unknown;
  readonly password: unknown;
}

const CHALLENGE = { 'WWW-Authenticate': 'Basic realm="Home Assistant Authentication"' } as const;

/** Logins against Home Assistant's users (supervisor/api/auth.py). */
export const AUTH_ROUTES: readonly Route[] = [
  { method: 'GET', path: '/auth', right: 'any-token', handle: login },
  { method: 'POST', path: '/auth', right: 'any-token', handle: login },
  {
    method: 'GET',
    path: '/auth/list',
    right: 'admin',
    handle: ({ instance }) =>
      replyOk({
        users: instance.setup.users.map((user) => ({
          username: user.username,
          name: user.displayName,
          is_owner: user.isOwner,
          is_active: true,
          local_only: false,
          group_ids: ['system-admin'],
        })),
      }),
  },
  {
    method: 'POST',
    path: '/auth/reset',
    right: 'admin',
    handle: async (call) => {
      const body = checkFields(await readJson(call), {
        username: required(anything),
        password: required(anything),
      });
      const user = JSON.stringify(body['username']).replaceAll('"', '');
      if (call.instance.setup.users.some(({ username }) => username === user)) return replyOk();
      return replyError(
        400,
        `Username '${user}' does not exist. Check list of users using 'ha auth list'.`,
        {
          errorKey: 'auth_password_reset_error',
          extraFields: { user, auth_list_command: 'ha auth list' },
        },
      );
    },
  },
  { method: 'DELETE', path: '/auth/cache', right: 'manager', handle: () => replyOk() },
];

async function login(call: Call): Promise<Reply> {
  if (!call.instance.addon.flags.auth_api) {
    return replyError(403, "Can't use Home Assistant auth!", { missing: 'auth_api: true' });
  }
  const credentials = await readCredentials(call);
  if (typeof credentials === 'string') return refuseLogin(credentials);
  if (
    typeof credentials.username !== 'string' ||
    typeof credentials.password !== 'string' ||
    credentials.username === ''
  ) {
    return replyError(401, 'Username and password must be strings', {
      errorKey: 'auth_invalid_non_string_value_error',
      headers: CHALLENGE,
    });
  }
  const isKnown = call.instance.setup.users.some(
    (user) => user.username === credentials.username && user.password === credentials.password,
  );
  return isKnown ? replyOk() : refuseLogin('no user has this name and password');
}

/** Any Authorization header is taken for Basic, also the Bearer that a client sends as its token. */
async function readCredentials(call: Call): Promise<Credentials | string> {
  const { authorization, 'content-type': contentType } = call.request.headers;
  if (authorization !== undefined) return parseBasic(authorization);
  if (contentType === 'application/json') {
    const body = parseJsonBody(await readBody(call.request));
    return isJsonObject(body) ? pickCredentials(body) : 'the body is no object';
  }
  if (contentType === 'application/x-www-form-urlencoded') {
    const form = new URLSearchParams((await readBody(call.request)).toString('utf8'));
    return pickCredentials(Object.fromEntries(form));
  }
  return 'neither an Authorization header nor a body of a known Content-Type';
}

function parseBasic(header: string): Credentials | string {
  const encoded = /^Basic\s+(\S+)$/i.exec(header)?.[1];
  if (encoded === undefined) {
    return 'the Authorization header is not Basic: send the token as X-Supervisor-Token instead';
  }
  const decoded = Buffer.from(encoded, 'base64').toString('latin1');
  const colon = decoded.indexOf(':');
  if (colon === -1) return 'the Basic credentials hold no colon';
  return { username: decoded.slice(0, colon), password: decoded.slice(colon + 1) };
}

function pickCredentials(body: Readonly<Record<string, unknown>>): Credentials {
  const { username, user } = body;
  return {
    username: username === undefined || username === '' ? user : username,
    password: body['password'],
  };
}

function refuseLogin(reason: string): Reply {
  return {
    ...replyError(401, "Unknown error, see Supervisor logs (check with 'ha supervisor logs')", {
      headers: CHALLENGE,
    }),
    reason,
  };
}
