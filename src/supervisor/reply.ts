import { STATUS_CODES } from 'node:http';
import type { Readable } from 'node:stream';

import type { JsonValue } from './json.js';

/** An answer before it is written; the last three fields go to the record of the request only. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: string | Buffer | Readable;
  readonly reason?: string;
  readonly missing?: string;
  readonly unsupported?: boolean;
}

export interface FailureDetails {
  readonly missing?: string;
  readonly errorKey?: string;
  readonly extraFields?: Readonly<Record<string, JsonValue>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Carries the answer of a request that can't be served; thrown by handlers, caught by the server. */
export class Refusal extends Error {
  constructor(readonly reply: Reply) {
    super(reply.reason ?? `status ${reply.status}`);
  }
}

const JSON_HEADERS = { 'Content-Type': 'application/json; charset=utf-8' } as const;
const TEXT_HEADERS = { 'Content-Type': 'text/plain; charset=utf-8' } as const;

/** Success by the Supervisor's conventions (supervisor/api/utils.py, `api_return_ok`). */
export function replyOk(data: unknown = {}): Reply {
  return { status: 200, headers: JSON_HEADERS, body: JSON.stringify({ result: 'ok', data }) };
}

/** Failure by the Supervisor's conventions (supervisor/api/utils.py, `api_return_error`). */
export function replyError(status: number, message: string, details: FailureDetails = {}): Reply {
  return {
    status,
    headers: { ...JSON_HEADERS, ...details.headers },
    body: JSON.stringify({
      result: 'error',
      message,
      ...(details.errorKey === undefined ? {} : { error_key: details.errorKey }),
      ...(details.extraFields === undefined ? {} : { extra_fields: details.extraFields }),
    }),
    reason: message,
    ...(details.missing === undefined ? {} : { missing: details.missing }),
  };
}

export function replyText(body: string | Readable, status = 200): Reply {
  return { status, headers: TEXT_HEADERS, body };
}

/** Unwrapped JSON, as Home Assistant Core answers. */
export function replyJson(value: unknown, status = 200): Reply {
  return { status, headers: JSON_HEADERS, body: JSON.stringify(value) };
}

/** The plain text that the web server underneath gives for a status: `403: Forbidden`. */
export function replyStatus(
  status: number,
  reason: string,
  details: Pick<FailureDetails, 'missing' | 'headers'> = {},
): Reply {
  return {
    status,
    headers: { ...TEXT_HEADERS, ...details.headers },
    body: `${status}: ${STATUS_CODES[status] ?? 'Unknown'}`,
    reason,
    ...(details.missing === undefined ? {} : { missing: details.missing }),
  };
}
