export type HttpMethod = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** A body that is opened anew for each attempt. */
export interface BodySource {
  /** Bytes. */
  readonly size: number;
  readonly open: () => AsyncIterable<Uint8Array>;
}

export interface HttpRequest {
  readonly method: HttpMethod;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | BodySource | undefined;
  /** How long nothing may move, in milliseconds: no header, no byte of either body. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

export interface HttpResponse {
  readonly url: URL;
  readonly status: number;
  readonly statusText: string;
  readonly headers: Headers;
  /** The body as it arrives. Ends with an HttpFault when the connection breaks. */
  readonly chunks: () => AsyncGenerator<Uint8Array, void, undefined>;
  /** The whole body. Throws an HttpFault with code `TOO_LARGE` when it is longer than `limit` bytes. */
  readonly readBytes: (limit: number) => Promise<Uint8Array>;
  /** Lets the body go. Must be called when it is not read. */
  readonly discard: () => Promise<void>;
}

/** A request that got no complete answer. */
export class HttpFault extends Error {
  /** As Node and undici name it: ECONNRESET, ENOTFOUND, CERT_HAS_EXPIRED; ETIMEDOUT for every time-out. */
  readonly code: string;

  constructor(code: string, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'HttpFault';
    this.code = code;
  }
}

const MAX_REDIRECTS = 5;
const MAX_DRAINED_BYTES = 64 * 1024;
const TIMEOUT_CODES = [
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
];

/**
 * Unless redirects are an error and there is no window, fetch keeps a copy of a streamed body to send it again: a layer
 * of a gigabyte would be a gigabyte in memory.
 *
 * @see https://fetch.spec.whatwg.org/#http-network-or-cache-fetch
 */
const STREAMED_BODY = { duplex: 'half', window: null, redirect: 'error' } as const;

function readCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** fetch hides the reason in `cause`, which may have a cause itself. */
function toFault(error: unknown): HttpFault {
  if (error instanceof HttpFault) return error;
  let innermost: unknown = error;
  for (let depth = 0; depth < 5; depth++) {
    const code = readCode(innermost);
    if (code !== undefined) {
      const known = TIMEOUT_CODES.includes(code) ? 'ETIMEDOUT' : code;
      return new HttpFault(known, innermost instanceof Error ? innermost.message : code, error);
    }
    if (!(innermost instanceof Error) || innermost.cause === undefined) break;
    innermost = innermost.cause;
  }
  return new HttpFault(
    'UNKNOWN',
    innermost instanceof Error ? innermost.message : String(error),
    error,
  );
}

/** Aborts one exchange when nothing moved for `timeoutMs`, or when the caller's signal says so. */
function watchExchange(timeoutMs: number, signal: AbortSignal | undefined) {
  const controller = new AbortController();
  const timer = setTimeout(() => {
    const seconds = Math.round(timeoutMs / 100) / 10;
    controller.abort(new HttpFault('ETIMEDOUT', `nothing arrived for ${seconds} s`));
  }, timeoutMs);
  const onAbort = (): void => {
    controller.abort(signal?.reason);
  };
  signal?.addEventListener('abort', onAbort, { once: true });
  return {
    signal: controller.signal,
    touch: () => {
      timer.refresh();
    },
    end: () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    },
  };
}

type Watch = ReturnType<typeof watchExchange>;

/** The source's chunks; remembers its own failure, which fetch would report as a broken connection. */
function openBody(source: BodySource, watch: Watch) {
  const state: { failure?: Error } = {};
  async function* chunks(): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of source.open()) {
        watch.touch();
        yield chunk;
      }
    } catch (error) {
      state.failure = error instanceof Error ? error : new Error(String(error));
      throw error;
    }
  }
  return { stream: ReadableStream.from(chunks()), state };
}

function wrapResponse(response: Response, watch: Watch, request: HttpRequest): HttpResponse {
  async function* chunks(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      if (response.body === null) return;
      for await (const chunk of response.body) {
        watch.touch();
        yield chunk as Uint8Array;
      }
    } catch (error) {
      request.signal?.throwIfAborted();
      throw toFault(watch.signal.aborted ? watch.signal.reason : error);
    } finally {
      watch.end();
    }
  }
  async function readBytes(limit: number): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of chunks()) {
      size += chunk.byteLength;
      if (size > limit)
        throw new HttpFault('TOO_LARGE', `the answer is longer than ${limit} bytes`);
      parts.push(chunk);
    }
    return Buffer.concat(parts);
  }
  return {
    url: request.url,
    status: response.status,
    statusText: response.statusText,
    headers: response.headers,
    chunks,
    readBytes,
    discard: async () => {
      const length = Number(response.headers.get('content-length') ?? MAX_DRAINED_BYTES + 1);
      try {
        // A body that was read to its end leaves the connection usable.
        if (length <= MAX_DRAINED_BYTES) await readBytes(MAX_DRAINED_BYTES);
        else await response.body?.cancel();
      } catch (error) {
        if (!(error instanceof HttpFault)) throw error;
      } finally {
        watch.end();
      }
    },
  };
}

/** One exchange, no redirects followed. */
async function exchange(request: HttpRequest): Promise<HttpResponse> {
  request.signal?.throwIfAborted();
  const watch = watchExchange(request.timeoutMs, request.signal);
  const { body } = request;
  const opened =
    body === undefined || body instanceof Uint8Array ? undefined : openBody(body, watch);
  const length = body instanceof Uint8Array ? body.byteLength : body?.size;
  try {
    const response = await fetch(request.url.href, {
      method: request.method,
      redirect: 'manual',
      headers: {
        ...request.headers,
        ...(length === undefined ? {} : { 'content-length': String(length) }),
      },
      body: opened?.stream ?? (body instanceof Uint8Array ? body : null),
      ...(opened === undefined ? {} : STREAMED_BODY),
      // By default some releases of Node turn a 401 to a streamed body into a network error:
      // https://github.com/nodejs/undici/issues/5018
      credentials: 'omit',
      signal: watch.signal,
    });
    watch.touch();
    return wrapResponse(response, watch, request);
  } catch (error) {
    watch.end();
    request.signal?.throwIfAborted();
    if (opened?.state.failure !== undefined) throw opened.state.failure;
    throw toFault(watch.signal.aborted ? watch.signal.reason : error);
  }
}

/** Where a reading request is sent on to, with the login left behind when the host changes. */
function followRedirect(request: HttpRequest, location: string): HttpRequest {
  if (!URL.canParse(location, request.url.href)) {
    throw new HttpFault('INVALID_REDIRECT', 'it redirects to something that is not an address');
  }
  const url = new URL(location, request.url);
  if (request.url.protocol === 'https:' && url.protocol !== 'https:') {
    throw new HttpFault(
      'INSECURE_REDIRECT',
      `it redirects from HTTPS to ${url.protocol}//${url.host}`,
    );
  }
  if (url.origin === request.url.origin) return { ...request, url };
  const headers = Object.entries(request.headers).filter(
    ([name]) => name.toLowerCase() !== 'authorization',
  );
  return { ...request, url, headers: Object.fromEntries(headers) };
}

/**
 * Sends a request and returns its answer, whatever its status. GET and HEAD follow redirects; a login is never
 * sent to another origin than the one it was given for.
 *
 * @throws HttpFault when there is no answer; the signal's reason when it was aborted; what the body source threw.
 */
export async function sendHttp(request: HttpRequest): Promise<HttpResponse> {
  let current = request;
  for (let redirects = 0; ; redirects++) {
    const response = await exchange(current);
    const location = response.headers.get('location');
    const isReading = current.method === 'GET' || current.method === 'HEAD';
    const isRedirect = [301, 302, 303, 307, 308].includes(response.status) && location !== null;
    if (!isReading || !isRedirect) return response;
    await response.discard();
    if (redirects === MAX_REDIRECTS) {
      throw new HttpFault('TOO_MANY_REDIRECTS', `it redirects more than ${MAX_REDIRECTS} times`);
    }
    current = followRedirect(current, location);
  }
}
