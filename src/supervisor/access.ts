import { HASSIO_ROLES, type AddonDescription, type HassioRole } from './state.js';

/**
 * Who may call which path, as the Supervisor's security layer decides it from the decoded path alone
 * (supervisor/api/middleware/security.py).
 */
export type Right = 'open' | 'any-token' | HassioRole | 'core';

/** Who holds a token: the add-on under test, or Core itself. */
export type TokenHolder = 'addon' | 'core';

export type AccessDecision =
  | { readonly allowed: true }
  | {
      readonly allowed: false;
      readonly status: 400 | 401 | 403;
      readonly reason: string;
      /** The lines of config.yaml that would have allowed the call. */
      readonly missing?: string;
    };

const SLUG = '[-_.A-Za-z0-9]+';

function matchPaths(...alternatives: readonly string[]): RegExp {
  return new RegExp(`^(?:${alternatives.join('|')})$`);
}

const HARMFUL = [
  /proc\/self\/environ/i,
  /(?:<|%3C).*script.*(?:>|%3E)/i,
  /\.\.\//,
  /\w=\/[a-z0-9_.]\//i,
  /union.*select.*\(/i,
  /union.*all.*select/i,
  /concat.*\(/i,
] as const;

const BLACKLISTED = matchPaths('/(?:core|homeassistant)/api/hassio[/_].*');

const OPEN = matchPaths(
  '/(?:core|homeassistant)/api/.*',
  '/(?:core|homeassistant)/websocket',
  '/supervisor/ping',
  '/ingress/[-_A-Za-z0-9]+/.*',
  '/app/.*\\.(?:js|gz|json|map|woff2)',
  `/(?:store/)?addons/${SLUG}/(?:logo|icon)`,
);

const ANY_TOKEN = matchPaths(
  '/addons/self/(?!security|update)[^/]+',
  '/addons/self/options/config',
  '/info',
  '/services.*',
  '/discovery.*',
  '/auth',
);

const CORE_ONLY = matchPaths(`/addons/${SLUG}/sys_options`);

const INFO = '/.+/info';
const ROLE_PATHS: Readonly<Record<HassioRole, RegExp>> = {
  default: matchPaths(INFO),
  homeassistant: matchPaths(INFO, '/core/.+', '/homeassistant/.+'),
  backup: matchPaths(INFO, '/backups.*'),
  manager: matchPaths(
    INFO,
    `/addons(?:/${SLUG}/(?!security).+|/reload)?`,
    '/auth/cache',
    '/available_updates',
    '/(?:backups|mounts|store).*',
    '/(?:audio|cli|core|dns|docker|hardware|hassos|homeassistant|host|jobs)/.+',
    '/(?:multicast|network|observer|resolution|security|supervisor)/.+',
    '/os/(?!datadisk/wipe).+',
    '/re(?:fresh|load)_updates',
  ),
  admin: /^/,
};

/** The least right with which an add-on may call a path. */
export function requiredRight(path: string): Right {
  if (OPEN.test(path)) return 'open';
  if (CORE_ONLY.test(path)) return 'core';
  if (ANY_TOKEN.test(path)) return 'any-token';
  return HASSIO_ROLES.find((role) => ROLE_PATHS[role].test(path)) ?? 'admin';
}

/**
 * Decides on a request before it is routed. `path` and `query` are decoded once; they are decoded further here,
 * since harmful texts may be wrapped several times.
 */
export function decideAccess(request: {
  readonly path: string;
  readonly query: string;
  readonly token: string | undefined;
  readonly holder: TokenHolder | undefined;
  readonly addon: AddonDescription | undefined;
}): AccessDecision {
  const { path, addon } = request;
  for (const [part, text] of [
    ['path', path],
    ['query', request.query],
  ] as const) {
    const decoded = decodeRepeatedly(text);
    if (HARMFUL.some((pattern) => pattern.test(decoded))) {
      return refuse(400, `the ${part} looks like an attack and is filtered`);
    }
  }
  if (BLACKLISTED.test(path)) return refuse(403, 'the path is closed to everybody');
  if (OPEN.test(path)) return { allowed: true };
  if (request.token === undefined) {
    return refuse(401, 'no token: send "Authorization: Bearer $SUPERVISOR_TOKEN"');
  }
  if (request.holder === 'core') return { allowed: true };
  if (addon === undefined) return refuse(403, 'the token is not known');
  if (CORE_ONLY.test(path)) return refuse(403, 'only Home Assistant Core may call this');
  if (ANY_TOKEN.test(path)) return { allowed: true };
  if (addon.flags.hassio_api && ROLE_PATHS[addon.role].test(path)) return { allowed: true };
  return {
    ...refuse(403, describeRefusal(addon)),
    missing: describeMissing(path, addon),
  };
}

function refuse(status: 400 | 401 | 403, reason: string) {
  return { allowed: false, status, reason } as const;
}

function describeRefusal(addon: AddonDescription): string {
  return addon.flags.hassio_api
    ? `the role "${addon.role}" does not reach this path`
    : 'the add-on has no access to the Supervisor API';
}

function describeMissing(path: string, addon: AddonDescription): string {
  const lines = addon.flags.hassio_api ? [] : ['hassio_api: true'];
  if (!ROLE_PATHS[addon.role].test(path)) lines.push(`hassio_role: ${requiredRight(path)}`);
  return lines.join(', ');
}

/** Decodes percent escapes until nothing changes; malformed escapes stay as they are. */
function decodeRepeatedly(text: string): string {
  let current = text;
  for (;;) {
    const decoded = decodeText(current);
    if (decoded === current) return current;
    current = decoded;
  }
}

/** Decodes percent escapes once; a malformed text is given back unchanged. */
export function decodeText(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
