import { dropHeaders, findHeader, type HeaderPairs } from './http-transfer.js';

export interface CoreHop {
  /** `/api/hassio_ingress/<token>` */
  readonly entry: string;
  /** Address of the browser. */
  readonly peerAddress: string;
  /** Ingress session of the user who is logged in; undefined where the Supervisor is left out. */
  readonly session?: string;
}

/** What Core drops from a browser's request besides the body's framing. */
const DROPPED_HEADERS: ReadonlySet<string> = new Set([
  'accept-encoding',
  'sec-websocket-extensions',
  'sec-websocket-protocol',
  'sec-websocket-version',
  'sec-websocket-key',
  'cookie',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-hass-source',
  'x-ingress-path',
]);

/**
 * The headers with which a browser's request leaves Core for the Supervisor; `Host` stays the browser's
 * (homeassistant/components/hassio/ingress.py, `_init_header`).
 */
export function prepareCoreHeaders(headers: HeaderPairs, hop: CoreHop): HeaderPairs {
  const { entry, peerAddress, session } = hop;
  const cookies = [
    findHeader(headers, 'cookie'),
    ...(session === undefined ? [] : [`ingress_session=${session}`]),
  ].filter((cookie) => cookie !== undefined);
  const forwarded = findHeader(headers, 'x-forwarded-for');
  return [
    ...dropHeaders(headers, DROPPED_HEADERS),
    ...(cookies.length === 0 ? [] : [['Cookie', cookies.join('; ')] as const]),
    ['X-Hass-Source', 'core.ingress'],
    ['X-Ingress-Path', entry],
    ['X-Forwarded-For', forwarded === undefined ? peerAddress : `${forwarded}, ${peerAddress}`],
    ['X-Forwarded-Host', findHeader(headers, 'host') ?? ''],
    ['X-Forwarded-Proto', 'http'],
  ];
}
