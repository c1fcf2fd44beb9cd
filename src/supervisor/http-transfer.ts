import { request as sendHttp, type IncomingMessage } from 'node:http';
import { PassThrough, pipeline, type Readable, type Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';

import { readBody } from './body.js';
import { Refusal, replyStatus, type Reply } from './reply.js';

/** Names and values in the order in which they are sent; a name may occur several times. */
export type HeaderPairs = readonly (readonly [name: string, value: string])[];

export interface HttpTarget {
  readonly host: string;
  readonly port: number;
  /** Path and query, undecoded. */
  readonly path: string;
}

export interface OutgoingRequest {
  readonly method: string;
  readonly headers: HeaderPairs;
  readonly body: string | Buffer | Readable;
  readonly signal?: AbortSignal;
}

/** Belong to one connection; the next one makes its own. */
const CONNECTION_HEADERS = new Set(['connection', 'keep-alive', 'proxy-connection', 'upgrade']);

/** Describe a body that is decoded and framed anew on the way. */
const FRAMING_HEADERS = ['transfer-encoding', 'content-length', 'content-encoding'] as const;

const DROPPED_RESPONSE_HEADERS = new Set([...CONNECTION_HEADERS, ...FRAMING_HEADERS]);

/** Response bodies below this many bytes arrive in one piece (supervisor/api/ingress.py, `_handle_request`). */
const BUFFERED_BYTES = 4_194_000;

/**
 * Headers that a proxy passes on: those of the connection and of the body's framing go, and `dropped` (lower case).
 */
export function dropHeaders(headers: HeaderPairs, dropped: ReadonlySet<string>): HeaderPairs {
  return headers.filter(([name]) => {
    const lower = name.toLowerCase();
    return !DROPPED_RESPONSE_HEADERS.has(lower) && !dropped.has(lower);
  });
}

/** Value of the first header with this lower-case name. */
export function findHeader(headers: HeaderPairs, lowerName: string): string | undefined {
  return headers.find(([name]) => name.toLowerCase() === lowerName)?.[1];
}

/** Header names and values as they were received. */
export function readHeaderPairs({ rawHeaders }: IncomingMessage): HeaderPairs {
  const pairs: (readonly [string, string])[] = [];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    pairs.push([rawHeaders[index] ?? '', rawHeaders[index + 1] ?? '']);
  }
  return pairs;
}

/** Address at the other end, without the prefix of IPv4 addresses on IPv6 sockets. */
export function readPeerAddress(request: IncomingMessage): string {
  return (request.socket.remoteAddress ?? '').replace(/^::ffff:/, '');
}

/** Sends one request on a connection of its own and gives the answer once its headers are there. */
export function sendRequest(
  target: HttpTarget,
  outgoing: OutgoingRequest,
): Promise<IncomingMessage> {
  const { method, body, signal } = outgoing;
  return new Promise((resolve, reject) => {
    const request = sendHttp(
      {
        host: target.host,
        port: target.port,
        path: target.path.startsWith('/') ? target.path : `/${target.path}`,
        method,
        headers: completeHeaders(target, outgoing),
        agent: false,
        ...(signal === undefined ? {} : { signal }),
      },
      resolve,
    );
    request.on('error', (error) => {
      reject(signal?.aborted === true ? (signal.reason as Error) : error);
    });
    if (typeof body === 'string' || Buffer.isBuffer(body)) {
      // Bytes: Node would send a text together with the headers, and those as UTF-8 then.
      request.end(Buffer.from(body));
    } else {
      pipeline(body, request, () => {
        // A body that breaks off destroys the request, which reports it.
      });
    }
  });
}

/** Adds what an HTTP client adds by itself: the host, a length, and the encodings it can decode. */
function completeHeaders(
  target: HttpTarget,
  { method, headers, body }: OutgoingRequest,
): readonly string[] {
  const flat = headers.flatMap(([name, value]) => [name, value]);
  const add = (name: string, value: string): void => {
    if (findHeader(headers, name.toLowerCase()) === undefined) flat.push(name, value);
  };
  add('Host', `${target.host}:${target.port}`);
  add('Accept', '*/*');
  add('Accept-Encoding', 'gzip, deflate');
  if (typeof body !== 'string' && !Buffer.isBuffer(body)) {
    add('Transfer-Encoding', 'chunked');
  } else if (body.length > 0 || (method !== 'GET' && method !== 'HEAD')) {
    add('Content-Length', String(Buffer.byteLength(body)));
  }
  return flat;
}

/**
 * Sends a received request on to another server and gives its answer, decoded but otherwise as it comes.
 *
 * @param stream passes the body on while it arrives; otherwise it is read completely first.
 * @throws Refusal with status 502 when the server can't be reached, 413 when the body is larger than 16 MiB.
 */
export async function passRequest(
  request: IncomingMessage,
  target: HttpTarget,
  { headers, stream = false }: { readonly headers: HeaderPairs; readonly stream?: boolean },
): Promise<Reply> {
  const method = request.method ?? 'GET';
  const body = stream && announcesBody(request) ? request : await readBody(request);
  let answer: IncomingMessage;
  try {
    answer = await sendRequest(target, { method, headers, body });
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    throw new Refusal(
      replyStatus(502, `nothing answers at ${target.host}:${target.port}: ${cause}`),
    );
  }
  const status = answer.statusCode ?? 502;
  const hasBody = method !== 'HEAD' && status >= 200 && status !== 204 && status !== 304;
  const length = Number(answer.headers['content-length'] ?? Infinity);
  if (!hasBody) answer.resume();
  return {
    status,
    headers: {
      ...readAnswerHeaders(answer),
      ...(hasBody && length >= BUFFERED_BYTES ? { 'X-Accel-Buffering': 'no' } : {}),
    },
    body: hasBody ? decodeBody(answer) : '',
  };
}

function announcesBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/** Headers of an answer without those of its connection and framing. */
export function readAnswerHeaders(
  answer: IncomingMessage,
): Readonly<Record<string, string | readonly string[]>> {
  const headers: Record<string, string | readonly string[]> = {};
  for (const [name, value] of Object.entries(answer.headers)) {
    if (value !== undefined && !DROPPED_RESPONSE_HEADERS.has(name)) headers[name] = value;
  }
  return headers;
}

/** The body without its gzip, deflate or br encoding; a broken encoding shows as an error of the stream. */
export function decodeBody(answer: IncomingMessage): Readable {
  const decoder = createDecoder(answer.headers['content-encoding']);
  if (decoder === undefined) return answer;
  const output = new PassThrough();
  pipeline(answer, decoder, output, () => {
    // The output carries the error to whoever reads it.
  });
  return output;
}

function createDecoder(encoding: string | undefined): Transform | undefined {
  switch (encoding?.toLowerCase()) {
    case 'gzip':
    case 'x-gzip':
      return createGunzip();
    case 'deflate':
      return createInflate();
    case 'br':
      return createBrotliDecompress();
    default:
      return undefined;
  }
}

/** Reads a stream up to a number of bytes; the rest is not waited for. */
export async function readUpTo(stream: Readable, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream) {
    const bytes = chunk as Buffer;
    chunks.push(bytes);
    size += bytes.length;
    if (size >= maxBytes) break;
  }
  return Buffer.concat(chunks).subarray(0, maxBytes);
}
