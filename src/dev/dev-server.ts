import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable, type Duplex } from 'node:stream';
import { AddonReleaseError } from '../errors.js';
import { readBody } from '../supervisor/body.js';
import type { CoreGateway } from '../supervisor/core-gateway.js';
import { Refusal, replyStatus, type Reply } from '../supervisor/reply.js';
import { refuseHandshake, writeReply } from '../supervisor/write-reply.js';
import { isLoopbackHost, isSameOrigin, isSecret } from './request-guard.js';
import { renderStatusPage, renderWaitingPage, type StatusView } from './status-page.js';

/** What the server shows and what it can ask for. */
export interface DevControl {
  readonly view: () => StatusView;
  /** The way to the add-on's page; undefined before its first start. */
  readonly gateway: () => CoreGateway | undefined;
  /** Takes options as JSON; the add-on is restarted with them. Returns what is wrong with them. */
  readonly saveOptions: (text: string) => readonly string[];
  /** Goes back to the options of smoke.yaml. */
  readonly resetOptions: () => void;
  readonly restart: () => void;
}

export interface DevServer {
  readonly port: number;
  close(): Promise<void>;
}

const HOST = '127.0.0.1';
const OWN_PATH = '/.addon-release/';

/** Easy to remember, and free on most machines. */
const USUAL_PORT = 8199;

/**
 * Serves the add-on's page and the page with its options to browsers of this machine.
 *
 * @param port undefined = the usual one, or any other that is free
 * @throws AddonReleaseError `environment` when the given port is taken
 */
export async function startDevServer(
  control: DevControl,
  port: number | undefined,
): Promise<DevServer> {
  const handler = new RequestHandler(control);
  const sockets = new Set<Duplex>();
  const server = createServer((request, response) => {
    void handler
      .answer(request)
      .catch((error: unknown) => replyStatus(500, String(error)))
      .then((reply) => {
        writeReply(response, reply);
      });
  });
  server.on('upgrade', (request, socket, head) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => {
      socket.destroy();
    });
    handler.upgrade(request, socket, head);
  });
  await listenSomewhere(server, port);
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, HOST, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

async function listenSomewhere(server: Server, port: number | undefined): Promise<void> {
  try {
    await listen(server, port ?? USUAL_PORT);
  } catch (cause) {
    if (port === undefined) {
      await listen(server, 0);
      return;
    }
    const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
    throw new AddonReleaseError('environment', `port ${port} can't be used: ${reason}`, {
      hint: 'Choose another with --port, or leave it out for any free one.',
      cause,
    });
  }
}

class RequestHandler {
  readonly #token = randomBytes(32).toString('hex');

  constructor(private readonly control: DevControl) {}

  async answer(request: IncomingMessage): Promise<Reply> {
    if (!isLoopbackHost(request.headers)) {
      return replyStatus(421, 'addressed by a name that is not this machine’s');
    }
    const path = (request.url ?? '/').replace(/\?.*$/s, '');
    if (path === OWN_PATH) return this.#answerOwn(request);
    if (path === OWN_PATH.slice(0, -1)) return redirect(OWN_PATH, 302);
    const gateway = this.control.gateway();
    if (path === '/' && this.control.view().pagePath === undefined) return redirect(OWN_PATH, 302);
    if (gateway === undefined) return isNavigation(request) ? this.#wait() : unavailable();
    const reply = await gateway.answer(request);
    if (reply.status !== 502 || this.control.view().isUp || !isNavigation(request)) return reply;
    if (reply.body instanceof Readable) reply.body.destroy();
    return this.#wait();
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const gateway = this.control.gateway();
    if (!isLoopbackHost(request.headers)) refuseHandshake(socket, 421);
    else if (gateway === undefined) refuseHandshake(socket, 503);
    else void gateway.upgrade(request, socket, head);
  }

  async #answerOwn(request: IncomingMessage): Promise<Reply> {
    if (request.method === 'GET' || request.method === 'HEAD') {
      return this.#show(200, this.control.view());
    }
    if (request.method !== 'POST') return replyStatus(405, '', { headers: { Allow: 'GET, POST' } });
    if (!isSameOrigin(request.headers)) return replyStatus(403, 'sent by another site');
    try {
      return this.#obey(new URLSearchParams((await readBody(request)).toString('utf8')));
    } catch (error) {
      if (error instanceof Refusal) return error.reply;
      return replyStatus(500, String(error));
    }
  }

  #obey(form: URLSearchParams): Reply {
    if (!isSecret(form.get('token') ?? undefined, this.#token)) {
      return replyStatus(403, 'the form is not from this run');
    }
    switch (form.get('action')) {
      case 'save': {
        const text = form.get('options') ?? '';
        const problems = this.control.saveOptions(text);
        if (problems.length > 0) {
          return this.#show(422, { ...this.control.view(), optionsText: text, problems });
        }
        break;
      }
      case 'reset':
        this.control.resetOptions();
        break;
      case 'restart':
        this.control.restart();
        break;
      default:
        return replyStatus(400, 'no such action');
    }
    // So that loading the page again does not send the form again.
    return redirect(OWN_PATH, 303);
  }

  #show(status: number, view: StatusView): Reply {
    const nonce = randomBytes(16).toString('base64');
    return html(status, nonce, renderStatusPage(view, this.#token, nonce));
  }

  #wait(): Reply {
    const { state, build } = this.control.view();
    const nonce = randomBytes(16).toString('base64');
    return html(503, nonce, renderWaitingPage(state, build, nonce));
  }
}

/** Does a person wait for a page? */
function isNavigation({ method, headers }: IncomingMessage): boolean {
  return method === 'GET' && (headers.accept ?? '').includes('text/html');
}

function unavailable(): Reply {
  return replyStatus(503, 'the add-on was not started yet');
}

function redirect(path: string, status: 302 | 303): Reply {
  return { status, headers: { Location: path }, body: '' };
}

function html(status: number, nonce: string, body: string): Reply {
  return {
    status,
    headers: {
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Security-Policy': `default-src 'none'; style-src 'nonce-${nonce}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
      'Cache-Control': 'no-store',
      'Cross-Origin-Resource-Policy': 'same-origin',
      'Referrer-Policy': 'same-origin',
      'X-Content-Type-Options': 'nosniff',
      'X-Frame-Options': 'DENY',
    },
    body,
  };
}
