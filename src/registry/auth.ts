import { registerSecret } from '../exec/redact.js';
import { readRefusal } from './answer.js';
import { parseChallenges, type AuthChallenge } from './challenge.js';
import type { Credentials } from './credentials.js';
import {
  describeRefusal,
  describeUnauthorized,
  type LoginState,
  type Purpose,
} from './failures.js';
import type { HttpResponse } from './http.js';
import { RegistryError } from './registry-error.js';

/** A right to one repository. */
export interface AccessScope {
  readonly repository: string;
  readonly actions: readonly ('pull' | 'push' | 'delete')[];
}

/** Sends a request to a token server, with faults already worded for the user. */
export type TokenExchange = (request: {
  readonly method: 'GET' | 'POST';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}) => Promise<HttpResponse>;

interface Token {
  readonly text: string;
  readonly expiresAtMs: number;
}

const MAX_TOKEN_BYTES = 256 * 1024;
/** What the specification says when the server does not. */
const DEFAULT_LIFETIME_S = 60;
const CLIENT_ID = 'addon-release';

/** `repository:NAME:pull,push`, sorted and without doubles, so that equal needs share a token. */
export function formatScopes(scopes: readonly AccessScope[]): readonly string[] {
  const actions = new Map<string, Set<string>>();
  for (const scope of scopes) {
    const known = actions.get(scope.repository) ?? new Set<string>();
    for (const action of scope.actions) known.add(action);
    actions.set(scope.repository, known);
  }
  return [...actions]
    .map(([repository, granted]) => `repository:${repository}:${[...granted].sort().join(',')}`)
    .sort();
}

/** `Basic …` for a user name and password. */
function basicHeader(credentials: Credentials & { kind: 'password' }): string {
  const text = `${credentials.username}:${credentials.password}`;
  return `Basic ${Buffer.from(text).toString('base64')}`;
}

function readToken(bytes: Uint8Array, requestedAtMs: number): Token | undefined {
  let body: unknown;
  try {
    body = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
  if (typeof body !== 'object' || body === null) return undefined;
  const answer = body as Readonly<Record<string, unknown>>;
  const text = answer['token'] ?? answer['access_token'];
  if (typeof text !== 'string' || text === '') return undefined;
  const lifetime = answer['expires_in'];
  const seconds = typeof lifetime === 'number' && lifetime > 0 ? lifetime : DEFAULT_LIFETIME_S;
  // A tenth is left for the request that the token is for, and for clocks that differ.
  return { text, expiresAtMs: requestedAtMs + seconds * 900 };
}

export interface AuthenticatorOptions {
  readonly registry: string;
  /** The registry itself is reached by plain HTTP, so its token server may be. */
  readonly allowHttp: boolean;
  readonly findCredentials: () => Promise<Credentials | undefined>;
  readonly exchange: (purpose: Purpose) => TokenExchange;
}

/**
 * Logs in to one registry: answers its challenges, keeps tokens until they expire, and tells a login that was
 * refused from one that lacks a right.
 *
 * @see https://distribution.github.io/distribution/spec/auth/token/
 */
export class Authenticator {
  readonly #options: AuthenticatorOptions;
  readonly #tokens = new Map<string, Promise<Token>>();
  /** Scopes with which the registry or its token server has let us in. */
  readonly #accepted = new Set<string>();
  /** Scopes that the registry itself named when it refused a request. */
  readonly #askedFor = new Map<string, string>();
  #challenge: AuthChallenge | undefined;

  constructor(options: AuthenticatorOptions) {
    this.#options = options;
  }

  /**
   * Takes the scheme from a 401; of several, Bearer is preferred.
   *
   * @param scopes what the refused request was thought to need. The registry may name more.
   */
  learn(response: Pick<HttpResponse, 'headers'>, scopes: readonly AccessScope[]): void {
    const offered = parseChallenges(response.headers.get('www-authenticate') ?? '');
    const bearer = offered.find(
      ({ scheme, parameters }) => scheme === 'bearer' && parameters['realm'] !== undefined,
    );
    const chosen = bearer ?? offered.find(({ scheme }) => scheme === 'basic');
    if (chosen === undefined) return;
    this.#challenge = chosen;
    const asked = chosen.parameters['scope'];
    if (scopes.length > 0 && asked !== undefined) this.#askedFor.set(this.#key(scopes), asked);
  }

  /** The Authorization header for a request that needs the scopes; undefined where none is needed or possible. */
  async authorize(scopes: readonly AccessScope[], purpose: Purpose): Promise<string | undefined> {
    const challenge = this.#challenge;
    if (challenge === undefined) return undefined;
    const credentials = await this.#options.findCredentials();
    if (credentials?.kind === 'registry-token') return `Bearer ${credentials.token}`;
    if (challenge.scheme === 'basic') {
      return credentials?.kind === 'password' ? basicHeader(credentials) : undefined;
    }
    const key = this.#key(scopes);
    const known = await this.#tokens.get(key);
    if (known !== undefined && known.expiresAtMs > Date.now()) return `Bearer ${known.text}`;
    const fresh = this.#requestToken(challenge, credentials, scopes, purpose);
    this.#tokens.set(key, fresh);
    fresh.catch(() => this.#tokens.delete(key));
    return `Bearer ${(await fresh).text}`;
  }

  /** The registry refused the token for these scopes: the next `authorize` asks for a new one. */
  forget(scopes: readonly AccessScope[]): void {
    this.#tokens.delete(this.#key(scopes));
  }

  /** The registry let a request with these scopes through. */
  confirm(scopes: readonly AccessScope[]): void {
    this.#accepted.add(this.#key(scopes));
  }

  /** A 401 that a fresh token did not mend. */
  async describeRefusal(
    response: HttpResponse,
    scopes: readonly AccessScope[],
    purpose: Purpose,
  ): Promise<RegistryError> {
    const credentials = await this.#options.findCredentials();
    const login = judgeLogin(response, credentials, this.#challenge?.scheme);
    return describeUnauthorized(await readRefusal(response), purpose, login, this.#flap(scopes));
  }

  /** What worked a moment ago in this run and is now refused is worth another try. */
  #flap(scopes: readonly AccessScope[]) {
    return this.#accepted.has(this.#key(scopes))
      ? { cause: 'login refused after it had worked' }
      : undefined;
  }

  #key(scopes: readonly AccessScope[]): string {
    return formatScopes(scopes).join(' ');
  }

  #realm(challenge: AuthChallenge): URL {
    const { registry, allowHttp } = this.#options;
    const text = challenge.parameters['realm'] ?? '';
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (url?.protocol === 'https:' || (url?.protocol === 'http:' && allowHttp)) return url;
    throw new RegistryError({
      kind: 'not-a-registry',
      registry,
      message: `${registry} asks for a login at "${text}", which is not an HTTPS address`,
    });
  }

  async #requestToken(
    challenge: AuthChallenge,
    credentials: Exclude<Credentials, { kind: 'registry-token' }> | undefined,
    scopes: readonly AccessScope[],
    purpose: Purpose,
  ): Promise<Token> {
    const url = this.#realm(challenge);
    const asked = this.#askedFor.get(this.#key(scopes))?.split(' ') ?? [];
    const needed = new Set([...formatScopes(scopes), ...asked]);
    const fields = [...needed].map((scope): [string, string] => ['scope', scope]);
    const service = challenge.parameters['service'];
    if (service !== undefined) fields.push(['service', service]);
    const requestedAtMs = Date.now();
    const exchange = this.#options.exchange(purpose);
    const response =
      credentials?.kind === 'identity-token'
        ? await exchange(refreshRequest(url, credentials.token, fields))
        : await exchange(tokenRequest(url, credentials, fields));
    if (response.status !== 200) {
      throw await this.#describeTokenRefusal(response, credentials, scopes, purpose);
    }
    const token = readToken(await response.readBytes(MAX_TOKEN_BYTES), requestedAtMs);
    if (token === undefined) {
      throw new RegistryError({
        kind: 'not-a-registry',
        registry: this.#options.registry,
        message: `The token server ${url.host} of ${this.#options.registry} answered without a token`,
        transient: { cause: 'no token in the answer' },
      });
    }
    registerSecret(token.text);
    return token;
  }

  async #describeTokenRefusal(
    response: HttpResponse,
    credentials: Credentials | undefined,
    scopes: readonly AccessScope[],
    purpose: Purpose,
  ): Promise<RegistryError> {
    const answer = await readRefusal(response);
    const isRefused = [400, 401, 403].includes(answer.status);
    if (!isRefused) return describeRefusal(answer, purpose);
    const login: LoginState = credentials === undefined ? 'none' : 'refused';
    return describeUnauthorized(answer, purpose, login, this.#flap(scopes));
  }
}

/** Why a request with a fresh token or the configured password still got a 401. */
function judgeLogin(
  response: HttpResponse,
  credentials: Credentials | undefined,
  scheme: string | undefined,
): LoginState {
  if (credentials === undefined) return 'none';
  if (scheme !== 'bearer') return 'refused';
  const offered = parseChallenges(response.headers.get('www-authenticate') ?? '');
  const isInvalid = offered.some(({ parameters }) => parameters['error'] === 'invalid_token');
  if (!isInvalid) return 'accepted';
  return credentials.kind === 'registry-token' ? 'refused' : 'token-refused';
}

function tokenRequest(
  realm: URL,
  credentials: (Credentials & { kind: 'password' }) | undefined,
  fields: readonly (readonly [string, string])[],
) {
  const url = new URL(realm);
  for (const [name, value] of fields) url.searchParams.append(name, value);
  const headers: Record<string, string> =
    credentials === undefined ? {} : { authorization: basicHeader(credentials) };
  return { method: 'GET' as const, url, headers };
}

/** @see https://distribution.github.io/distribution/spec/auth/oauth/ */
function refreshRequest(
  url: URL,
  refreshToken: string,
  fields: readonly (readonly [string, string])[],
) {
  const scope = fields.filter(([name]) => name === 'scope').map(([, value]) => value);
  const form = new URLSearchParams({
    grant_type: 'refresh_token',
    refresh_token: refreshToken,
    client_id: CLIENT_ID,
    ...Object.fromEntries(fields.filter(([name]) => name === 'service')),
    scope: scope.join(' '),
  });
  return {
    method: 'POST' as const,
    url,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new TextEncoder().encode(form.toString()),
  };
}
