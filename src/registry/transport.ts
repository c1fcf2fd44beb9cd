import { readRefusal } from './answer.js';
import { Authenticator, type AccessScope, type TokenExchange } from './auth.js';
import type { CredentialSource } from './credentials.js';
import { describeFault, describeRefusal, type Purpose } from './failures.js';
import {
  HttpFault,
  sendHttp,
  type BodySource,
  type HttpMethod,
  type HttpRequest,
  type HttpResponse,
} from './http.js';
import { registryAddresses } from './protocol.js';
import { RegistryError } from './registry-error.js';

export interface TransportOptions {
  readonly findCredentials: CredentialSource;
  /**
   * Whether the registry's answer to `/v2/` tells how to log in, as for Docker, or only the answer for the repository
   * itself, as for the Supervisor.
   */
  readonly challengedBy: 'registry' | 'repository';
  /** How long nothing may move on a connection, in milliseconds. */
  readonly requestTimeoutMs: number;
  /** Registries other than loopback ones that may be reached by plain HTTP, as HOST[:PORT]. */
  readonly insecureRegistries: readonly string[];
  readonly signal?: AbortSignal | undefined;
}

export interface RegistryRequest {
  readonly purpose: Purpose;
  readonly scopes: readonly AccessScope[];
  readonly method: HttpMethod;
  /** A path such as `/v2/…`, or an address that the registry gave. */
  readonly target: string | URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | BodySource;
  /** Statuses that are answers; every other one is thrown as a failure. */
  readonly expect: readonly number[];
}

interface Endpoint {
  readonly base: URL;
  readonly authenticator: Authenticator;
}

const COMMON_HEADERS = {
  'user-agent': 'addon-release',
  // Blobs are compressed already, and their digests are of the bytes as stored.
  'accept-encoding': 'identity',
};

/** Go's servers answer so to HTTP on an HTTPS port. */
function wantsHttps(response: HttpResponse): boolean {
  return response.status === 400 && response.url.protocol === 'http:';
}

function isOtherProtocol(error: unknown): boolean {
  return error instanceof RegistryError && ['tls', 'not-a-registry'].includes(error.kind);
}

/** A read is also answered where the right to write, asked for with it, is not there. */
function isProof({ method, scopes }: RegistryRequest): boolean {
  const isRead = method === 'GET' || method === 'HEAD';
  return !isRead || scopes.every(({ actions }) => actions.every((action) => action === 'pull'));
}

/** Sends requests to registries: finds the protocol, logs in, and words every failure for the user. */
export class RegistryTransport {
  readonly #options: TransportOptions;
  readonly #endpoints = new Map<string, Promise<Endpoint>>();
  readonly #answered = new Set<string>();

  constructor(options: TransportOptions) {
    this.#options = options;
  }

  /** The address of a registry's API, after it has answered as a registry. Asked once per registry. */
  async reach(registry: string): Promise<URL> {
    return (await this.#endpoint(registry)).base;
  }

  /**
   * Sends one request, logging in (again) once if the registry demands it.
   *
   * @throws RegistryError for every status that is not expected and every fault of the connection.
   */
  async send(request: RegistryRequest): Promise<HttpResponse> {
    const { purpose, scopes } = request;
    const endpoint = await this.#endpoint(purpose.registry);
    const { authenticator } = endpoint;
    let response = await this.#sendOnce(request, endpoint);
    // Where a registry keeps its blobs may not say where its password is to be sent.
    const isOwn = () => response.url.origin === endpoint.base.origin;
    if (response.status === 401 && isOwn()) {
      authenticator.learn(response, scopes);
      authenticator.forget(scopes);
      await response.discard();
      response = await this.#sendOnce(request, endpoint);
    }
    if (response.status === 401 && isOwn()) {
      throw await authenticator.describeRefusal(response, scopes, purpose);
    }
    if (!request.expect.includes(response.status)) {
      throw describeRefusal(await readRefusal(response), purpose);
    }
    if (isProof(request)) authenticator.confirm(scopes);
    return response;
  }

  async #sendOnce(request: RegistryRequest, endpoint: Endpoint): Promise<HttpResponse> {
    const url = resolveTarget(request.target, endpoint.base);
    const login =
      url.origin === endpoint.base.origin
        ? await endpoint.authenticator.authorize(request.scopes, request.purpose)
        : undefined;
    return this.#exchange(
      {
        method: request.method,
        url,
        headers: { ...request.headers, ...(login === undefined ? {} : { authorization: login }) },
        body: request.body,
      },
      request.purpose,
    );
  }

  /** One exchange whose faults, now and while the body is read, are worded for the user. */
  async #exchange(
    request: Omit<HttpRequest, 'timeoutMs' | 'signal'>,
    purpose: Purpose,
  ): Promise<HttpResponse> {
    const describe = (error: unknown): unknown =>
      error instanceof HttpFault
        ? describeFault(error, purpose, this.#answered.has(purpose.registry))
        : error;
    const response = await sendHttp({
      ...request,
      headers: { ...COMMON_HEADERS, ...request.headers },
      timeoutMs: this.#options.requestTimeoutMs,
      signal: this.#options.signal,
    }).catch((error: unknown) => {
      throw describe(error);
    });
    async function* chunks(): AsyncGenerator<Uint8Array, void, undefined> {
      try {
        yield* response.chunks();
      } catch (error) {
        throw describe(error);
      }
    }
    return {
      ...response,
      chunks,
      readBytes: (limit) =>
        response.readBytes(limit).catch((error: unknown) => {
          throw describe(error);
        }),
    };
  }

  #endpoint(registry: string): Promise<Endpoint> {
    const known = this.#endpoints.get(registry);
    if (known !== undefined) return known;
    const fresh = this.#findEndpoint(registry);
    this.#endpoints.set(registry, fresh);
    fresh.catch(() => this.#endpoints.delete(registry));
    return fresh;
  }

  async #findEndpoint(registry: string): Promise<Endpoint> {
    const addresses = registryAddresses(registry, this.#options.insecureRegistries);
    for (const [position, base] of addresses.entries()) {
      const isLast = position === addresses.length - 1;
      const response = await this.#ping(registry, base).catch((error: unknown) => {
        if (!isLast && isOtherProtocol(error)) return undefined;
        throw error;
      });
      if (response === undefined) continue;
      if (isLast || !wantsHttps(response)) return this.#openEndpoint(registry, base, response);
      await response.discard();
    }
    throw new Error('a registry has at least one address');
  }

  #ping(registry: string, base: URL): Promise<HttpResponse> {
    const url = new URL('/v2/', base);
    return this.#exchange({ method: 'GET', url, headers: {} }, { registry, access: 'reach' });
  }

  async #openEndpoint(registry: string, base: URL, response: HttpResponse): Promise<Endpoint> {
    const purpose: Purpose = { registry, access: 'reach' };
    const allowHttp = base.protocol === 'http:';
    const exchange =
      (about: Purpose): TokenExchange =>
      (request) =>
        this.#exchange(request, about);
    const authenticator = new Authenticator({
      registry,
      allowHttp,
      findCredentials: () => this.#options.findCredentials(registry),
      exchange,
    });
    if (response.status === 401) {
      if (this.#options.challengedBy === 'registry') authenticator.learn(response, []);
    } else if (response.status === 404) throw notARegistry(purpose, base);
    else if (response.status !== 200) throw describeRefusal(await readRefusal(response), purpose);
    await response.discard();
    this.#answered.add(registry);
    return { base, authenticator };
  }
}

function notARegistry(purpose: Purpose, base: URL): RegistryError {
  return new RegistryError({
    kind: 'not-a-registry',
    registry: purpose.registry,
    message: `${purpose.registry} answers, but is not a container registry: ${base.href}v2/ is not there`,
    hint: 'Check the name of the registry: `image` in config.yaml, or --registry.',
    status: 404,
  });
}

/**
 * An address that the registry gave, made absolute. Registries behind a proxy may name themselves with the wrong
 * scheme; a login must not follow them there.
 */
function resolveTarget(target: string | URL, base: URL): URL {
  const url = new URL(target, base);
  if (url.host === base.host) url.protocol = base.protocol;
  return url;
}
