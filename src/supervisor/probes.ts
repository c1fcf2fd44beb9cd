import { request as sendHttp, STATUS_CODES, type IncomingMessage } from 'node:http';
import { request as sendHttps } from 'node:https';
import { connect } from 'node:net';

import { decodeBody, readAnswerHeaders, readUpTo } from './http-transfer.js';
import { requestThroughIngress, type IngressRequest } from './ingress.js';

/** Limits of the Supervisor's watchdog: half a second for a TCP connection, 10 s for an HTTP answer. */
export const WATCHDOG_TCP_MS = 500;
export const WATCHDOG_HTTP_MS = 10_000;

const MAX_REDIRECTS = 10;
const MAX_BODY_BYTES = 1024 * 1024;

export interface TcpProbe {
  readonly kind: 'tcp';
  readonly host: string;
  readonly port: number;
  readonly timeoutMs?: number;
}

export interface HttpProbe {
  readonly kind: 'http';
  readonly host: string;
  readonly port: number;
  /** Path and query; empty counts as `/`. */
  readonly path: string;
  /** Speaks TLS without verifying the certificate. */
  readonly tls: boolean;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}

export interface IngressProbe extends Omit<IngressRequest, 'body'> {
  readonly kind: 'ingress';
  readonly body?: string;
}

export type Probe = TcpProbe | HttpProbe | IngressProbe;

/** The outcome of one connection to an add-on. */
export interface ProbeAnswer {
  readonly connected: boolean;
  /** HTTP status of the last answer; absent when none came, and for TCP. */
  readonly status?: number;
  /** What happened, in one line: `connection refused`, `200 OK, 512 bytes of text/html`. */
  readonly message: string;
  readonly elapsedMs: number;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** Up to 1 MiB of the decoded body as UTF-8. */
  readonly body?: string;
}

/** Runs one probe from this process's address. It never rejects: failures are answers too. */
export async function runProbe(probe: Probe): Promise<ProbeAnswer> {
  const started = performance.now();
  const answer = await attempt(probe);
  return { ...answer, elapsedMs: Math.round(performance.now() - started) };
}

async function attempt(probe: Probe): Promise<Omit<ProbeAnswer, 'elapsedMs'>> {
  try {
    switch (probe.kind) {
      case 'tcp':
        return await connectTcp(probe);
      case 'http':
        return await followHttp(probe);
      case 'ingress': {
        const { status, headers, body } = await requestThroughIngress(probe);
        return describeAnswer(status, headers, body);
      }
    }
  } catch (error) {
    return { connected: false, message: describeFailure(error) };
  }
}

function connectTcp(probe: TcpProbe): Promise<Omit<ProbeAnswer, 'elapsedMs'>> {
  const timeoutMs = probe.timeoutMs ?? WATCHDOG_TCP_MS;
  return new Promise((resolve, reject) => {
    const socket = connect({ host: probe.host, port: probe.port });
    const timer = setTimeout(() => {
      socket.destroy(new Error(`no connection within ${timeoutMs} ms`));
    }, timeoutMs);
    socket.once('close', () => {
      clearTimeout(timer);
    });
    socket.once('connect', () => {
      socket.destroy();
      resolve({ connected: true, message: 'connected' });
    });
    socket.once('error', reject);
  });
}

/** A GET that follows redirects within one time limit, as the watchdog's does. */
async function followHttp(probe: HttpProbe): Promise<Omit<ProbeAnswer, 'elapsedMs'>> {
  const timeoutMs = probe.timeoutMs ?? WATCHDOG_HTTP_MS;
  const abort = new AbortController();
  const timer = setTimeout(() => {
    abort.abort(new Error(`no answer within ${timeoutMs} ms`));
  }, timeoutMs);
  const path = probe.path.startsWith('/') ? probe.path : `/${probe.path}`;
  let url = new URL(`${probe.tls ? 'https' : 'http'}://${probe.host}:${probe.port}${path}`);
  try {
    for (let redirects = 0; ; redirects += 1) {
      const answer = await get(url, probe.headers ?? {}, abort.signal);
      const status = answer.statusCode ?? 0;
      const { location } = answer.headers;
      if (status >= 300 && status < 400 && location !== undefined && redirects < MAX_REDIRECTS) {
        answer.destroy();
        url = new URL(location, url);
        continue;
      }
      return describeAnswer(
        status,
        readAnswerHeaders(answer),
        await readUpTo(decodeBody(answer), MAX_BODY_BYTES),
      );
    }
  } catch (error) {
    throw abort.signal.aborted ? abort.signal.reason : error;
  } finally {
    clearTimeout(timer);
  }
}

function get(
  url: URL,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const options = { agent: false, headers, signal } as const;
  return new Promise((resolve, reject) => {
    const request =
      url.protocol === 'https:'
        ? sendHttps(url, { ...options, rejectUnauthorized: false }, resolve)
        : sendHttp(url, options, resolve);
    request.once('error', reject);
    request.end();
  });
}

function describeAnswer(
  status: number,
  headers: Readonly<Record<string, string | readonly string[]>>,
  body: Buffer,
): Omit<ProbeAnswer, 'elapsedMs'> {
  const type = headers['content-type'];
  const kind = typeof type === 'string' ? (type.split(';')[0] ?? type) : 'unnamed type';
  const phrase = STATUS_CODES[status] ?? '';
  return {
    connected: true,
    status,
    message: `${`${status} ${phrase}`.trim()}, ${body.length} bytes of ${kind}`,
    headers,
    body: body.toString('utf8'),
  };
}

const FAILURES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset before an answer',
  EHOSTUNREACH: 'host unreachable',
  ENETUNREACH: 'network unreachable',
  ENOTFOUND: 'host name not found',
  EPROTO: 'no TLS at this port',
  ETIMEDOUT: 'connection timed out',
};

function describeFailure(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return FAILURES[code] ?? error.message;
}
