import { createHash, createPrivateKey, createPublicKey, randomUUID, sign } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createCertificate } from './certificate.js';

type Action = 'pull' | 'push' | 'delete';

export interface TokenAccount {
  readonly username: string;
  readonly password: string;
  /** An OAuth2 refresh token that stands for the account. */
  readonly identityToken?: string;
  /** What the account's token may do, by repository. */
  readonly grants: Readonly<Record<string, readonly Action[]>>;
}

export interface TokenServerOptions {
  readonly accounts: readonly TokenAccount[];
  /** Repositories that anybody may pull. */
  readonly publicRepositories: readonly string[];
}

export interface TokenRequest {
  readonly method: string;
  readonly scopes: readonly string[];
  /** Undefined for an anonymous request. */
  readonly username: string | undefined;
  readonly status: number;
}

/**
 * A token server of GHCR's kind: anonymous tokens for public packages only, "denied" for wrong logins and for private
 * packages, and tokens that are narrower than what was asked for where the account lacks the right.
 *
 * @see https://distribution.github.io/distribution/spec/auth/token/
 */
export interface TokenServer {
  readonly requests: readonly TokenRequest[];
  /** The `auth.token` section of the registry that trusts it. */
  readonly registryConfiguration: object;
  /** The next tokens, this many, are expired when they are handed out, though announced as good. */
  readonly expireNext: (count: number) => void;
  /** The next requests, this many, are answered with this status. */
  readonly failNext: (
    count: number,
    status: number,
    headers?: Readonly<Record<string, string>>,
  ) => void;
  readonly stop: () => Promise<void>;
}

const SERVICE = 'test-registry';
const ISSUER = 'test-token-server';
const LIFETIME_S = 300;
/** The registry tolerates clocks that differ by a minute. */
const EXPIRED_FOR_S = 600;

/** Key ID as the registry derives it from a trusted certificate: base32 of the key's hash in groups of four. */
function deriveKeyId(certificate: string): string {
  const spki = createPublicKey(certificate).export({ type: 'spki', format: 'der' });
  const hash = createHash('sha256').update(spki).digest().subarray(0, 30);
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bits = [...hash].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const letters = (bits.match(/.{5}/g) ?? []).map((five) =>
    alphabet.charAt(Number.parseInt(five, 2)),
  );
  return (letters.join('').match(/.{4}/g) ?? []).join(':');
}

function encodePart(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}

interface Grant {
  readonly type: 'repository';
  readonly name: string;
  readonly actions: readonly Action[];
}

function signToken(
  key: string,
  keyId: string,
  subject: string,
  access: readonly Grant[],
  isExpired: boolean,
): string {
  const now = Math.floor(Date.now() / 1000) - (isExpired ? EXPIRED_FOR_S : 0);
  const header = encodePart({ typ: 'JWT', alg: 'ES256', kid: keyId });
  const times = { iat: now, nbf: now - 5, exp: now + (isExpired ? 1 : LIFETIME_S) };
  const payload = encodePart({
    iss: ISSUER,
    sub: subject,
    aud: SERVICE,
    ...times,
    jti: randomUUID(),
    access,
  });
  const signature = sign('sha256', Buffer.from(`${header}.${payload}`), {
    key: createPrivateKey(key),
    dsaEncoding: 'ieee-p1363',
  });
  return `${header}.${payload}.${signature.toString('base64url')}`;
}

function parseScope(scope: string): Grant {
  const [type, name, actions] = scope.split(':');
  if (type !== 'repository' || name === undefined || actions === undefined) {
    throw new Error(`unexpected scope "${scope}"`);
  }
  return { type, name, actions: actions.split(',') as Action[] };
}

interface Question {
  readonly method: string;
  readonly scopes: readonly string[];
  readonly basic: string | undefined;
  readonly refreshToken: string | undefined;
}

async function readQuestion(request: IncomingMessage): Promise<Question> {
  const url = new URL(request.url ?? '/', 'http://token');
  const authorization = request.headers.authorization;
  const basic = authorization?.startsWith('Basic ')
    ? Buffer.from(authorization.slice('Basic '.length), 'base64').toString('utf8')
    : undefined;
  const method = request.method ?? '';
  if (method !== 'POST') {
    return { method, scopes: url.searchParams.getAll('scope'), basic, refreshToken: undefined };
  }
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  const form = new URLSearchParams(Buffer.concat(parts).toString('utf8'));
  const scopes = (form.get('scope') ?? '').split(' ').filter((scope) => scope !== '');
  return { method, scopes, basic, refreshToken: form.get('refresh_token') ?? undefined };
}

/** The account that asks; `anonymous` without a login, `wrong` for one that does not exist. */
function identify(
  question: Question,
  accounts: readonly TokenAccount[],
): TokenAccount | 'anonymous' | 'wrong' {
  const { basic, refreshToken } = question;
  if (refreshToken !== undefined) {
    return accounts.find(({ identityToken }) => identityToken === refreshToken) ?? 'wrong';
  }
  if (basic === undefined) return 'anonymous';
  return accounts.find(({ username, password }) => `${username}:${password}` === basic) ?? 'wrong';
}

function decideGrants(
  scopes: readonly string[],
  who: TokenAccount | 'anonymous',
  publicRepositories: readonly string[],
): readonly Grant[] {
  return scopes.map(parseScope).map((asked) => {
    const own = who === 'anonymous' ? [] : (who.grants[asked.name] ?? []);
    const allowed = publicRepositories.includes(asked.name) ? [...own, 'pull'] : own;
    return { ...asked, actions: asked.actions.filter((action) => allowed.includes(action)) };
  });
}

/** Starts the server with a key of its own, whose files go to `folder`. */
export async function startTokenServer(
  folder: string,
  options: TokenServerOptions,
): Promise<TokenServer> {
  const files = await createCertificate(folder, 'token');
  const key = await readFile(files.key, 'utf8');
  const keyId = deriveKeyId(await readFile(files.certificate, 'utf8'));
  const requests: TokenRequest[] = [];
  const faults: { status: number; headers: Readonly<Record<string, string>> }[] = [];
  let expired = 0;

  async function answer(request: IncomingMessage) {
    const question = await readQuestion(request);
    const who = identify(question, options.accounts);
    const note = (status: number): void => {
      const username = typeof who === 'string' ? undefined : who.username;
      requests.push({ method: question.method, scopes: question.scopes, username, status });
    };
    const fault = faults.shift();
    if (fault !== undefined) {
      note(fault.status);
      return { status: fault.status, headers: fault.headers, body: {} };
    }
    const grants =
      who === 'wrong' ? [] : decideGrants(question.scopes, who, options.publicRepositories);
    const isDenied =
      who === 'wrong' ||
      (who === 'anonymous' && grants.every(({ actions }) => actions.length === 0));
    if (isDenied) {
      const status = who === 'anonymous' ? 401 : 403;
      note(status);
      return { status, headers: {}, body: { errors: [{ code: 'DENIED', message: 'denied' }] } };
    }
    const isExpired = expired > 0;
    if (isExpired) expired--;
    const subject = who === 'anonymous' ? '' : who.username;
    const token = signToken(key, keyId, subject, grants, isExpired);
    note(200);
    return { status: 200, headers: {}, body: { token, expires_in: LIFETIME_S } };
  }

  const server = createServer((request, response) => {
    void answer(request).then(({ status, headers, body }) => {
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(JSON.stringify(body));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    requests,
    registryConfiguration: {
      realm: `http://127.0.0.1:${String(port)}/token`,
      service: SERVICE,
      issuer: ISSUER,
      rootcertbundle: files.certificate,
    },
    expireNext: (count) => {
      expired = count;
    },
    failNext: (count, status, headers = {}) => {
      for (let left = count; left > 0; left--) faults.push({ status, headers });
    },
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
