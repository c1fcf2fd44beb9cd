import { request as sendRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { PassThrough, pipeline, type Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { AddonReleaseError } from '../errors.js';
import { redact } from '../exec/redact.js';
import { engineLost, engineRefused } from './docker.js';
import { engineAgent } from './engine-connection.js';

/**
 * A request to the Docker Engine API, in the newest version that the engine has. All of them may be sent twice
 * without harm. https://docs.docker.com/reference/api/engine/
 */
export interface EngineRequest {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  /** For instance `/containers/ID/json`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** A tar archive. */
  readonly archive?: Uint8Array;
  /** For the whole answer; for the beginning of it where that is a stream. */
  readonly timeoutMs: number;
  /** Aborting closes the connection. */
  readonly signal?: AbortSignal | undefined;
}

export interface EngineAnswer {
  /** HTTP status; from 400 on the engine refuses. */
  readonly status: number;
  /** Secrets are masked, as in the output of programs. */
  readonly body: string;
}

/** A connection that was closed while nobody used it is noticed by the next request only. */
const MAX_ATTEMPTS = 6;

const LATE = Symbol('late');

class LostConnection extends Error {
  constructor(
    cause: Error,
    /** The connection was an old one: a fresh one may be better. */
    readonly wasIdle: boolean,
  ) {
    super(cause.message, { cause });
  }
}

/** Sends a request once, and resolves when the answer begins. */
function send(request: EngineRequest, signal: AbortSignal): Promise<IncomingMessage> {
  const { method, path, query = {}, archive } = request;
  const parameters = new URLSearchParams(query).toString();
  return new Promise((resolve, reject) => {
    const sent = sendRequest({
      agent: engineAgent(),
      host: 'docker',
      method,
      path: parameters === '' ? path : `${path}?${parameters}`,
      headers: archive === undefined ? {} : { 'Content-Type': 'application/x-tar' },
      signal,
    });
    sent.once('response', resolve);
    sent.on('error', (error) => {
      // That there is no docker is said already.
      if (error instanceof AddonReleaseError) reject(error);
      else reject(new LostConnection(error, sent.reusedSocket));
    });
    sent.end(archive);
  });
}

async function sendAgain(request: EngineRequest, signal: AbortSignal): Promise<IncomingMessage> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await send(request, signal);
    } catch (error) {
      const isStale = error instanceof LostConnection && error.wasIdle;
      if (!isStale || signal.aborted || attempt === MAX_ATTEMPTS) throw error;
    }
  }
}

/** Runs `work` with a signal that is aborted by the request's own, and after its time. */
async function withinTime<T>(
  request: EngineRequest,
  work: (signal: AbortSignal, inTime: () => void) => Promise<T>,
): Promise<T> {
  const { timeoutMs, signal } = request;
  signal?.throwIfAborted();
  const stop = new AbortController();
  const timer = setTimeout(() => {
    stop.abort(LATE);
  }, timeoutMs);
  const forward = (): void => {
    stop.abort(signal?.reason);
  };
  signal?.addEventListener('abort', forward, { once: true });
  try {
    return await work(stop.signal, () => {
      clearTimeout(timer);
    });
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof AddonReleaseError) throw error;
    const what = describeCall(request);
    if (stop.signal.reason === LATE) throw engineRefused(`${what}: no answer`, '');
    throw engineLost(`${what}:\n${redact(error instanceof Error ? error.message : String(error))}`);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', forward);
  }
}

/**
 * Sends a request to the engine of `onEngine` and returns the answer whatever its status.
 *
 * @throws AddonReleaseError `environment` when nobody answers, or not in time
 * @throws the signal's reason when it was aborted
 */
export function askEngine(request: EngineRequest): Promise<EngineAnswer> {
  return withinTime(request, async (signal) => {
    const answer = await sendAgain(request, signal);
    return { status: answer.statusCode ?? 0, body: redact(await text(answer)) };
  });
}

/** Like `askEngine`, but a refusal is an error. */
export async function requireAnswer(request: EngineRequest): Promise<string> {
  const answer = await askEngine(request);
  if (answer.status < 400) return answer.body;
  throw refusal(request, answer);
}

function describeCall({ method, path }: EngineRequest): string {
  return `${method} ${path} of the Docker Engine API failed`;
}

function refusal(request: EngineRequest, answer: EngineAnswer): AddonReleaseError {
  return engineRefused(describeCall(request), readRefusal(answer));
}

/** The engine's own words for a refusal. */
export function readRefusal({ status, body }: EngineAnswer): string {
  try {
    const { message } = JSON.parse(body) as { readonly message?: unknown };
    if (typeof message === 'string') return message;
  } catch {
    // Whatever is between the engine and this machine answers in its own way.
  }
  return body.trim() === '' ? `HTTP status ${status}` : body.trim();
}

/** Resolves when the answer begins; the request's signal and its time end then. */
function openAnswer(request: EngineRequest): Promise<IncomingMessage> {
  return withinTime(request, (signal) => sendAgain(request, signal));
}

/** @throws AddonReleaseError `environment` when the answer is a refusal */
async function checkStatus(request: EngineRequest, answer: IncomingMessage): Promise<void> {
  const status = answer.statusCode ?? 0;
  if (status < 400) return;
  throw refusal(request, { status, body: redact(await text(answer)) });
}

/**
 * Sends a request whose answer goes on until it is read to its end or the request's signal is aborted.
 *
 * @param read gets the stream; a connection that breaks is the end of it
 * @throws like `requireAnswer`, until the answer begins
 */
export function followEngine(
  request: EngineRequest,
  read: (answer: IncomingMessage) => Promise<void>,
): Promise<void> {
  return withinTime(request, async (signal, inTime) => {
    const answer = await sendAgain(request, signal);
    inTime();
    await checkStatus(request, answer);
    answer.on('error', () => undefined);
    await read(answer);
  });
}

/** Files that the engine sends. */
export interface Download {
  readonly headers: IncomingHttpHeaders;
  /** Destroying it closes the connection; a connection that breaks ends it with an error. */
  readonly content: Readable;
}

/**
 * Sends a request for files.
 *
 * @returns undefined when the engine refuses, for instance because it has no such thing
 * @throws AddonReleaseError `environment` when nobody answers, or not in time
 */
export async function downloadFromEngine(request: EngineRequest): Promise<Download | undefined> {
  const answer = await openAnswer(request);
  if ((answer.statusCode ?? 0) >= 400) {
    answer.on('error', () => undefined).resume();
    return undefined;
  }
  const content = new PassThrough();
  // Whoever reads learns of an error from the content itself.
  pipeline(answer, content, () => undefined);
  return { headers: answer.headers, content };
}

/**
 * Asks for the headers of an answer only. Node.js closes the connection afterwards, unless they tell a length.
 *
 * @returns undefined when the engine refuses, for instance because it has no such thing
 * @throws AddonReleaseError `environment` when nobody answers, or not in time
 */
export async function readEngineHeaders(
  request: EngineRequest & { readonly method: 'HEAD' },
): Promise<IncomingHttpHeaders | undefined> {
  const answer = await openAnswer(request);
  answer.on('error', () => undefined).resume();
  return (answer.statusCode ?? 0) < 400 ? answer.headers : undefined;
}
