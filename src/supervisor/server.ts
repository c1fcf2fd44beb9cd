import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';

import { WebSocketServer } from 'ws';

import { MAX_BODY_BYTES } from './body.js';
import { serveCoreWebSocket } from './core-websocket.js';
import { SetupDirectory } from './directory.js';
import { dispatch, readTarget, type RequestTarget } from './dispatch.js';
import { readPeerAddress } from './http-transfer.js';
import { forwardWebSocket } from './ingress-websocket.js';
import type { InstanceChanges } from './instance.js';
import type { JsonObject } from './json.js';
import { Refusal, replyError, replyStatus, type Reply } from './reply.js';
import type { RecordedRequest } from './request-record.js';
import { findIngress, readIngressPath } from './routes/ingress.js';
import type { LifecycleHooks } from './routes/route.js';
import type { SupervisorSetup } from './state.js';
import { refuseHandshake, writeReply } from './write-reply.js';

export interface SupervisorHooks extends LifecycleHooks {
  /** Called for every answered request, in the order of the answers. */
  readonly onRequest?: (request: RecordedRequest) => void;
}

export interface SupervisorOptions {
  /** 0 takes any free port. */
  readonly port: number;
  readonly host: string;
  /** Milliseconds since 1970, for tests that need time to pass. */
  readonly clock?: () => number;
}

export interface Supervisor {
  readonly port: number;
  /** All requests so far, oldest first. */
  requests(): readonly RecordedRequest[];
  /** Replaces the user's options of a setup, the first one when no id is given; null forgets them. */
  setOptions(options: JsonObject | null, id?: string): void;
  /** Adds a setup or replaces the one with its id. */
  add(setup: SupervisorSetup): void;
  remove(id: string): void;
  /**
   * Reports what happened to an add-on since its setup was made.
   *
   * @throws Error when no setup has this id.
   */
  update(id: string, changes: InstanceChanges): void;
  /** Ends all connections and stops listening. */
  close(): Promise<void>;
}

const CORE_WEBSOCKET = /^\/(?:core|homeassistant)\/(?:api\/)?websocket$/;
const INGRESS_PATH = /^\/ingress\/(?<token>[-_A-Za-z0-9]+)\//;

/**
 * Starts the stand-in for the Supervisor's API. One server can hold several setups: the token of a request selects
 * the setup, and requests without a known token are refused as the Supervisor refuses them.
 *
 * @throws Error when the address can't be bound.
 */
export async function startSupervisor(
  setups: SupervisorSetup | readonly SupervisorSetup[],
  hooks: SupervisorHooks,
  options: SupervisorOptions,
): Promise<Supervisor> {
  const directory = new SetupDirectory(options.clock ?? Date.now);
  for (const setup of [setups].flat()) directory.add(setup);
  const frontend = new Frontend(directory, hooks);
  const server = createServer({ keepAliveTimeout: 75_000 }, (request, response) => {
    void frontend.answer(request, response);
  });
  server.on('upgrade', (request, socket, head) => {
    void frontend.upgrade(request, socket, head);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  return {
    port: (server.address() as AddressInfo).port,
    requests: () => [...frontend.records],
    setOptions: (userOptions, id) => {
      const instance = id === undefined ? directory.first : directory.byId(id);
      instance?.apply({ options: userOptions });
    },
    add: (setup) => {
      directory.add(setup);
    },
    remove: (id) => {
      directory.remove(id);
    },
    update: (id, changes) => {
      const instance = directory.byId(id);
      if (instance === undefined) throw new Error(`no setup has the id "${id}"`);
      instance.apply(changes);
    },
    close: () =>
      new Promise((resolve) => {
        frontend.endSockets();
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

/** Turns replies into HTTP answers and keeps the record of all requests. */
class Frontend {
  readonly records: RecordedRequest[] = [];
  /** Upgraded connections, which the HTTP server no longer closes. */
  readonly #sockets = new Set<Duplex>();
  readonly #coreSockets = new WebSocketServer({ noServer: true, maxPayload: MAX_BODY_BYTES });

  constructor(
    private readonly directory: SetupDirectory,
    private readonly hooks: SupervisorHooks,
  ) {}

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const target = readTarget(request);
    const reply = await this.#dispatch(request, target);
    this.#record(request, target, reply);
    writeReply(response, reply);
  }

  async upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    socket.on('error', () => {
      socket.destroy();
    });
    const target = readTarget(request);
    const token = INGRESS_PATH.exec(target.path)?.groups?.['token'];
    if (token !== undefined) {
      await this.#upgradeIngress(request, socket, head, { target, token });
    } else if (CORE_WEBSOCKET.test(target.path) && this.#isCoreRunning()) {
      this.#upgradeCore(request, socket, head, target);
    } else {
      const reply = CORE_WEBSOCKET.test(target.path)
        ? replyStatus(502, 'Home Assistant Core is not running')
        : await this.#dispatch(request, target);
      this.#refuseUpgrade(request, socket, target, reply);
    }
  }

  endSockets(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #isCoreRunning(): boolean {
    return this.directory.first?.setup.core.running ?? true;
  }

  #upgradeCore(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    target: RequestTarget,
  ): void {
    this.#coreSockets.handleUpgrade(request, socket, head, (client) => {
      serveCoreWebSocket(client, {
        coreVersion: this.directory.first?.core.version ?? '',
        findInstance: (token) => this.directory.byToken(token),
        onLogin: ({ instance, reason, missing }) => {
          const owner = instance ?? this.directory.byAddress(readPeerAddress(request));
          this.#remember({
            instance: owner?.setup.id ?? null,
            method: target.method,
            path: target.path,
            status: 101,
            ...(reason === undefined ? {} : { reason }),
            ...(missing === undefined ? {} : { missing }),
          });
        },
        onRefusedCommand: (refused, { setup }) => {
          this.#remember({ instance: setup.id, method: 'WebSocket', ...refused });
        },
      });
    });
  }

  async #upgradeIngress(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    { target, token }: { readonly target: RequestTarget; readonly token: string },
  ): Promise<void> {
    const call = { params: { token }, request, directory: this.directory };
    try {
      const { instance, user } = findIngress(call);
      const status = await forwardWebSocket(request, socket, head, {
        host: instance.ipAddress,
        port: instance.addon.ingressPort ?? 0,
        path: readIngressPath(call),
        user,
      });
      this.#remember({
        instance: instance.setup.id,
        method: target.method,
        path: target.path,
        status,
        ...(status === 502 ? { reason: 'the add-on refuses the WebSocket' } : {}),
      });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.#refuseUpgrade(request, socket, target, error.reply);
    }
  }

  #refuseUpgrade(
    request: IncomingMessage,
    socket: Duplex,
    target: RequestTarget,
    reply: Reply,
  ): void {
    this.#record(request, target, reply);
    refuseHandshake(socket, reply.status);
  }

  async #dispatch(request: IncomingMessage, target: RequestTarget): Promise<Reply> {
    try {
      return await dispatch(request, target, { directory: this.directory, hooks: this.hooks });
    } catch (error) {
      const cause = error instanceof Error ? error.message : String(error);
      return {
        ...replyError(500, "Unknown error, see Supervisor logs (check with 'ha supervisor logs')"),
        reason: `the stand-in failed: ${cause}`,
      };
    }
  }

  /** Assigns a request to a setup by its token, the ingress address, or else where it comes from. */
  #record(request: IncomingMessage, target: RequestTarget, reply: Reply): void {
    const ingressToken = INGRESS_PATH.exec(target.path)?.groups?.['token'];
    const owner =
      this.directory.identify(target.token)?.instance ??
      this.directory.byIngressToken(ingressToken ?? '') ??
      this.directory.byAddress(readPeerAddress(request));
    this.#remember({
      instance: owner?.setup.id ?? null,
      method: target.method,
      path: target.path,
      status: reply.status,
      ...(reply.reason === undefined ? {} : { reason: reply.reason }),
      ...(reply.missing === undefined ? {} : { missing: reply.missing }),
      ...(reply.unsupported === true ? { unsupported: true } : {}),
    });
  }

  #remember(record: RecordedRequest): void {
    this.records.push(record);
    this.hooks.onRequest?.(record);
  }
}
