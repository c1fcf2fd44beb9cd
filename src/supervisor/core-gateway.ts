import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

import { prepareCoreHeaders } from './core-headers.js';
import {
  passRequest,
  readHeaderPairs,
  readPeerAddress,
  readUpTo,
  sendRequest,
  type HeaderPairs,
} from './http-transfer.js';
import { bridgeWebSocket } from './ingress-websocket.js';
import { isJsonObject, type JsonValue } from './json.js';
import { Refusal, replyStatus, type Reply } from './reply.js';
import type { SupervisorSetup } from './state.js';
import { refuseHandshake } from './write-reply.js';

export interface GatewayOptions {
  /** Where the stand-in Supervisor listens. */
  readonly supervisor: { readonly host: string; readonly port: number };
  readonly setup: Pick<SupervisorSetup, 'coreToken' | 'ingressToken' | 'users' | 'addon'>;
}

/** A session lasts 15 minutes; a fresh one is opened well before that. */
const SESSION_AGE_MS = 10 * 60_000;
const MAX_ANSWER_BYTES = 64 * 1024;

/**
 * Plays Home Assistant's side of ingress for the browsers of a server: answers `/api/hassio_ingress/<token>/…` by way
 * of the stand-in Supervisor, with the session and the headers that Core adds. Nobody logs in: the page opens as the
 * first user.
 */
export class CoreGateway {
  readonly #options: GatewayOptions;
  readonly #entry: string;
  #session: { readonly id: Promise<string>; readonly opened: number } | undefined;

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#entry = `/api/hassio_ingress/${options.setup.ingressToken}`;
  }

  /** Path of the add-on's page, where `/` leads. */
  get startPath(): string {
    return `${this.#entry}/${this.#options.setup.addon.ingressPath}`;
  }

  /** Never rejects: what goes wrong is an answer, too. */
  async answer(request: IncomingMessage): Promise<Reply> {
    const path = this.#translatePath(request);
    if (path === undefined) return this.#redirect(request);
    try {
      const { host, port } = this.#options.supervisor;
      const headers = await this.#prepareHeaders(request);
      return await passRequest(request, { host, port, path }, { headers, stream: true });
    } catch (error) {
      return error instanceof Refusal ? error.reply : replyStatus(502, String(error));
    }
  }

  /** Connects a WebSocket handshake. */
  async upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const path = this.#translatePath(request);
    if (path === undefined) {
      refuseHandshake(socket, 404);
      return;
    }
    try {
      const { host, port } = this.#options.supervisor;
      await bridgeWebSocket(request, socket, head, {
        url: `ws://${host}:${port}${path}`,
        headers: await this.#prepareHeaders(request),
      });
    } catch {
      refuseHandshake(socket, 502);
    }
  }

  #translatePath({ url = '/' }: IncomingMessage): string | undefined {
    return url.startsWith(`${this.#entry}/`)
      ? `/ingress/${this.#options.setup.ingressToken}${url.slice(this.#entry.length)}`
      : undefined;
  }

  #redirect(request: IncomingMessage): Reply {
    return request.url === '/' || request.url === this.#entry
      ? { status: 302, headers: { Location: this.startPath }, body: '' }
      : replyStatus(404, 'outside of the add-on');
  }

  async #prepareHeaders(request: IncomingMessage): Promise<HeaderPairs> {
    return prepareCoreHeaders(readHeaderPairs(request), {
      entry: this.#entry,
      peerAddress: readPeerAddress(request),
      session: await this.#openSession(),
    });
  }

  #openSession(): Promise<string> {
    const now = Date.now();
    if (this.#session === undefined || now - this.#session.opened > SESSION_AGE_MS) {
      const id = this.#requestSession();
      id.catch(() => {
        this.#session = undefined;
      });
      this.#session = { id, opened: now };
    }
    return this.#session.id;
  }

  async #requestSession(): Promise<string> {
    const { supervisor, setup } = this.#options;
    const user = setup.users[0];
    const answer = await sendRequest(
      { ...supervisor, path: '/ingress/session' },
      {
        method: 'POST',
        headers: [
          ['Authorization', `Bearer ${setup.coreToken}`],
          ['Content-Type', 'application/json'],
        ],
        body: JSON.stringify(user === undefined ? {} : { user_id: user.id }),
      },
    );
    const body = JSON.parse(
      (await readUpTo(answer, MAX_ANSWER_BYTES)).toString('utf8'),
    ) as JsonValue;
    const data = isJsonObject(body) ? body['data'] : undefined;
    const session = isJsonObject(data) ? data['session'] : undefined;
    if (typeof session !== 'string') throw new Error('the Supervisor opened no ingress session');
    return session;
  }
}
