import type { IncomingMessage } from 'node:http';

import { prepareCoreHeaders } from './core-headers.js';
import {
  decodeBody,
  dropHeaders,
  findHeader,
  passRequest,
  readAnswerHeaders,
  readHeaderPairs,
  readPeerAddress,
  readUpTo,
  sendRequest,
  type HeaderPairs,
  type HttpTarget,
} from './http-transfer.js';
import type { Reply } from './reply.js';
import type { CoreUser } from './state.js';

export type IngressUser = Pick<CoreUser, 'id'> &
  Partial<Pick<CoreUser, 'username' | 'displayName'>>;

export interface IngressTarget extends HttpTarget {
  readonly user?: IngressUser | undefined;
}

export interface IngressRequest extends IngressTarget {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** Sent as `X-Ingress-Path`: `/api/hassio_ingress/<token>`. */
  readonly ingressEntry: string;
  /** Address of Core as the Supervisor sees it; the last entry of `X-Forwarded-For`. */
  readonly peerAddress?: string;
  readonly timeoutMs?: number;
  /** Bytes of the answer to keep, 1 MiB by default; what exceeds them is cut off. */
  readonly maxBytes?: number;
}

export interface IngressResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  /** Decoded (gzip, deflate, br) and cut to `maxBytes`. */
  readonly body: Buffer;
}

const CORE_ADDRESS = '172.30.32.1';
/** A browser at home, and where it finds Home Assistant. */
const BROWSER_ADDRESS = '192.168.1.10';
export const BROWSER_HOST = 'homeassistant.local:8123';
const DEFAULT_TIMEOUT_MS = 10_000;
const DEFAULT_MAX_BYTES = 1024 * 1024;

/** Never passed to the add-on, besides the body's framing (supervisor/api/ingress.py, `_init_header`). */
const DROPPED_HEADERS: ReadonlySet<string> = new Set([
  'sec-websocket-extensions',
  'sec-websocket-protocol',
  'sec-websocket-version',
  'sec-websocket-key',
  'x-supervisor-token',
  'x-hassio-key',
  'x-remote-user-id',
  'x-remote-user-name',
  'x-remote-user-display-name',
  'x-forwarded-for',
]);

/**
 * The headers with which a request reaches the add-on: credentials and transfer details dropped, the user's identity
 * and the forwarding address added. A missing `X-Forwarded-For` becomes the text `None`, as in the Supervisor.
 */
export function prepareIngressHeaders(
  headers: HeaderPairs,
  context: { readonly user?: IngressUser | undefined; readonly peerAddress: string },
): HeaderPairs {
  const forwarded = findHeader(headers, 'x-forwarded-for') ?? 'None';
  return [
    ...(context.user === undefined ? [] : describeUser(context.user)),
    ...dropHeaders(headers, DROPPED_HEADERS),
    ['X-Forwarded-For', `${forwarded}, ${context.peerAddress}`],
  ];
}

function describeUser(user: IngressUser): HeaderPairs {
  const fields = [
    ['X-Remote-User-Id', user.id],
    ['X-Remote-User-Name', user.username],
    ['X-Remote-User-Display-Name', user.displayName],
  ] as const;
  return fields.flatMap(([name, value]) =>
    value === undefined ? [] : [[name, encodeHeader(value)] as const],
  );
}

/** Node writes headers as Latin-1, the Supervisor as UTF-8. */
function encodeHeader(value: string): string {
  return Buffer.from(value, 'utf8').toString('latin1');
}

/**
 * Sends one request as it would come from a browser through Core and the Supervisor. Redirects are not followed.
 * The source address is that of the calling process, so the caller runs at 172.30.32.2.
 *
 * @throws Error when no connection is made, or the answer is not complete within `timeoutMs`.
 */
export async function requestThroughIngress(ingress: IngressRequest): Promise<IngressResponse> {
  const timeoutMs = ingress.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const given = Object.entries(ingress.headers ?? {});
  const browser =
    findHeader(given, 'host') === undefined ? [['Host', BROWSER_HOST] as const, ...given] : given;
  const fromCore = prepareCoreHeaders(browser, {
    entry: ingress.ingressEntry,
    peerAddress: BROWSER_ADDRESS,
  });
  const abort = new AbortController();
  const timer = setTimeout(() => {
    abort.abort(new Error(`no complete answer within ${timeoutMs} ms`));
  }, timeoutMs);
  try {
    const answer = await sendRequest(ingress, {
      method: ingress.method ?? 'GET',
      headers: prepareIngressHeaders(fromCore, {
        user: ingress.user,
        peerAddress: ingress.peerAddress ?? CORE_ADDRESS,
      }),
      body: ingress.body ?? '',
      signal: abort.signal,
    });
    const body = await readUpTo(decodeBody(answer), ingress.maxBytes ?? DEFAULT_MAX_BYTES);
    return { status: answer.statusCode ?? 0, headers: readAnswerHeaders(answer), body };
  } catch (error) {
    throw abort.signal.aborted ? abort.signal.reason : error;
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Passes a received request on to the add-on and gives its answer, as `/ingress/<token>/…` does.
 *
 * @param target `stream` passes the body of a POST on while it arrives (`ingress_stream`).
 * @throws Refusal with status 502 when the add-on can't be reached, 413 when the body is larger than 16 MiB.
 */
export function forwardRequest(
  request: IncomingMessage,
  target: IngressTarget & { readonly stream: boolean },
): Promise<Reply> {
  return passRequest(request, target, {
    headers: prepareIngressHeaders(readHeaderPairs(request), {
      user: target.user,
      peerAddress: readPeerAddress(request),
    }),
    stream: target.stream && request.method === 'POST',
  });
}
