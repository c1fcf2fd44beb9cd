import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { atEndOfTest, type AtEnd } from '../helpers/cli.js';

/** What can happen to a request on its way to a registry and back. */
export const FAULTS = [
  'reset before',
  'reset after',
  'time-out',
  '429',
  '500',
  '503',
  'truncated body',
  'wrong digest',
] as const;

export type Fault = (typeof FAULTS)[number];

/** Decides what happens to a request: undefined lets it through. */
export type Disturb = (request: string) => Fault | undefined | Promise<Fault | undefined>;

export interface FaultProxy {
  /** `127.0.0.1:PORT`, to be used as a registry. */
  readonly host: string;
  /** Method and path of every request since it was last emptied. */
  readonly requests: string[];
  disturb: Disturb;
}

interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Upload sessions have names of their own in each run. */
function describe({ method = '', url = '' }: http.IncomingMessage): string {
  return `${method} ${url.replace(/\/uploads\/[^?]*/, '/uploads/ID').replace(/_state=[^&]*/, '_state=')}`;
}

async function readAll(stream: http.IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

async function forward(host: string, request: http.IncomingMessage, body: Buffer): Promise<Answer> {
  const [hostname, port] = host.split(':');
  // The registry makes its addresses from the Host header: they must lead here again.
  const call = http.request({
    hostname,
    port,
    method: request.method,
    path: request.url,
    headers: request.headers,
    agent: false,
  });
  call.end(body);
  const [answer] = (await once(call, 'response')) as [http.IncomingMessage];
  return { status: answer.statusCode ?? 502, headers: answer.headers, body: await readAll(answer) };
}

/** Another content of the same length, so that only its digest is wrong. */
function falsify({ headers, body, status }: Answer): Answer {
  const wrong = Buffer.from(body);
  if (wrong.length > 0) wrong[wrong.length - 1] = (wrong[wrong.length - 1] ?? 0) ^ 1;
  const digest = headers['docker-content-digest'];
  if (digest === undefined) return { headers, body: wrong, status };
  const other = `sha256:${'0'.repeat(64)}`;
  return { headers: { ...headers, 'docker-content-digest': other }, body: wrong, status };
}

/** Stands between the program and a real registry. */
export async function startFaultProxy(
  target: string,
  atEnd: AtEnd = atEndOfTest,
): Promise<FaultProxy> {
  const proxy = { host: '', requests: [] as string[], disturb: (() => undefined) as Disturb };
  const handle = async (request: http.IncomingMessage, response: http.ServerResponse) => {
    const name = describe(request);
    proxy.requests.push(name);
    const body = await readAll(request);
    const fault = await proxy.disturb(name);
    if (fault === 'reset before') return void request.socket.destroy();
    // Never answered: the client's own time-out ends it.
    if (fault === 'time-out') return;
    if (fault === '429' || fault === '503' || fault === '500') {
      const wait = fault === '500' ? {} : { 'retry-after': '0' };
      response.writeHead(Number(fault), { 'content-type': 'application/json', ...wait });
      return void response.end('{"errors":[{"code":"UNKNOWN","message":"disturbed"}]}');
    }
    const answer = await forward(target, request, body);
    if (fault === 'reset after') return void request.socket.destroy();
    const { status, headers, body: content } = fault === 'wrong digest' ? falsify(answer) : answer;
    response.writeHead(status, headers);
    if (fault === 'truncated body') {
      response.flushHeaders();
      response.write(content.subarray(0, Math.floor(content.length / 2)), () => {
        request.socket.destroy();
      });
      return;
    }
    response.end(content);
  };
  const server = http.createServer((request, response) => {
    // The registry may be gone: to the client, so are we.
    handle(request, response).catch(() => request.socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  proxy.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  atEnd(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  return proxy;
}
