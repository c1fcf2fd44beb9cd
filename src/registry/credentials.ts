import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { AddonReleaseError } from '../errors.js';
import { registerSecret } from '../exec/redact.js';
import { run } from '../exec/run.js';
import { DOCKER_HUB } from './reference.js';

/** How to log in to one registry. */
export type Credentials =
  | { readonly kind: 'password'; readonly username: string; readonly password: string }
  /** An OAuth2 refresh token, exchanged at the registry's token server. */
  | { readonly kind: 'identity-token'; readonly token: string }
  /** A bearer token that is sent as it is. */
  | { readonly kind: 'registry-token'; readonly token: string };

/** Finds the login for a registry host, or undefined when there is none. */
export type CredentialSource = (registry: string) => Promise<Credentials | undefined>;

export interface CredentialOptions {
  /** Default: the process's own. Read: DOCKER_CONFIG, GITHUB_ACTOR, GITHUB_TOKEN. */
  readonly env?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal | undefined;
}

type JsonObject = Readonly<Record<string, unknown>>;

/** The key under which Docker keeps the login of Docker Hub. */
const HUB_KEY = 'https://index.docker.io/v1/';
const HUB_HOSTS: readonly string[] = [DOCKER_HUB, 'index.docker.io', 'registry-1.docker.io'];
const HELPER_TIMEOUT_MS = 30_000;
const NOT_FOUND_IN_HELPER = 'credentials not found in native keychain';

function asObject(value: unknown): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as JsonObject)
    : {};
}

function asText(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function brokenConfig(file: string, reason: string, cause?: unknown): AddonReleaseError {
  return new AddonReleaseError('environment', `${file}: ${reason}`, {
    hint: 'Mend the file, or move it away and run `docker login` again.',
    cause,
  });
}

async function readConfig(file: string): Promise<JsonObject> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return {};
    throw brokenConfig(file, `cannot be read (${code ?? String(error)})`, error);
  }
  try {
    return asObject(JSON.parse(text));
  } catch {
    // JSON.parse quotes the text around the error, which may be a password.
    throw brokenConfig(file, 'is not JSON');
  }
}

/**
 * The host of a key of `auths`, as Docker writes them: bare, as an URL, or with the API version. A key with another
 * path is not for the whole host and gives undefined.
 */
function hostOfKey(key: string): string | undefined {
  const match = /^(?:https?:\/\/)?([^/]+)(?:\/|\/v[12]\/?)?$/.exec(key);
  return match?.[1]?.toLowerCase();
}

/** The entry for exactly this host; other ports and subdomains do not count. */
function findByHost(entries: JsonObject, registry: string): unknown {
  const isHub = registry === DOCKER_HUB;
  const exact = entries[isHub ? HUB_KEY : registry];
  if (exact !== undefined) return exact;
  const hosts = isHub ? HUB_HOSTS : [registry];
  const key = Object.keys(entries).find((candidate) => hosts.includes(hostOfKey(candidate) ?? ''));
  return key === undefined ? undefined : entries[key];
}

function decodeBasic(auth: string, file: string): Credentials {
  const decoded = Buffer.from(auth, 'base64').toString('utf8').replace(/\0+$/, '');
  const colon = decoded.indexOf(':');
  if (colon < 1) throw brokenConfig(file, 'an `auth` value is not the base64 of USER:PASSWORD');
  return {
    kind: 'password',
    username: decoded.slice(0, colon),
    password: decoded.slice(colon + 1),
  };
}

function readEntry(value: unknown, file: string): Credentials | undefined {
  const entry = asObject(value);
  const registryToken = asText(entry['registrytoken']);
  if (registryToken !== undefined) return { kind: 'registry-token', token: registryToken };
  const identityToken = asText(entry['identitytoken']);
  if (identityToken !== undefined) return { kind: 'identity-token', token: identityToken };
  const auth = asText(entry['auth']);
  if (auth !== undefined) return decodeBasic(auth, file);
  const username = asText(entry['username']);
  const password = asText(entry['password']);
  if (username === undefined || password === undefined) return undefined;
  return { kind: 'password', username, password };
}

/**
 * Asks a credential helper.
 *
 * @see https://github.com/docker/docker-credential-helpers#development
 */
async function askHelper(
  helper: string,
  registry: string,
  file: string,
  signal: AbortSignal | undefined,
): Promise<Credentials | undefined> {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(helper)) {
    throw brokenConfig(file, `"${helper}" is not the name of a credential helper`);
  }
  const program = `docker-credential-${helper}`;
  const server = registry === DOCKER_HUB ? HUB_KEY : registry;
  // The lines as they come: the collected output has known secrets masked, and this is one.
  const lines: string[] = [];
  const result = await run(program, ['get'], {
    input: server,
    timeoutMs: HELPER_TIMEOUT_MS,
    signal,
    onStdoutLine: (line) => lines.push(line),
  });
  signal?.throwIfAborted();
  if (result.exitCode !== 0) {
    if (`${result.stdout}${result.stderr}`.includes(NOT_FOUND_IN_HELPER)) return undefined;
    throw helperFailure(
      program,
      registry,
      result.timedOut ? 'it did not answer' : 'it failed',
      file,
    );
  }
  let answer: JsonObject;
  try {
    answer = asObject(JSON.parse(lines.join('\n')));
  } catch {
    throw helperFailure(program, registry, 'its answer is not JSON', file);
  }
  const username = asText(answer['Username']);
  const secret = asText(answer['Secret']);
  if (username === undefined || secret === undefined) return undefined;
  if (username === '<token>') return { kind: 'identity-token', token: secret };
  return { kind: 'password', username, password: secret };
}

function helperFailure(
  program: string,
  registry: string,
  reason: string,
  file: string,
): AddonReleaseError {
  return new AddonReleaseError(
    'environment',
    `${program} gave no login for ${registry}: ${reason}`,
    {
      hint: `It is named in ${file}. Try it: echo ${registry} | ${program} get`,
    },
  );
}

/** In GitHub Actions the job's own token is a login for ghcr.io. */
function readGithubToken(registry: string, env: NodeJS.ProcessEnv): Credentials | undefined {
  const username = asText(env['GITHUB_ACTOR']);
  const password = asText(env['GITHUB_TOKEN']);
  if (registry !== 'ghcr.io' || username === undefined || password === undefined) return undefined;
  return { kind: 'password', username, password };
}

function protect(credentials: Credentials): Credentials {
  if (credentials.kind === 'password') {
    registerSecret(credentials.password);
    registerSecret(`${credentials.username}:${credentials.password}`);
  } else {
    registerSecret(credentials.token);
  }
  return credentials;
}

/** Docker's configuration file: `$DOCKER_CONFIG/config.json`, else `~/.docker/config.json`. */
export function dockerConfigFile(env: NodeJS.ProcessEnv = process.env): string {
  return path.join(asText(env['DOCKER_CONFIG']) ?? path.join(homedir(), '.docker'), 'config.json');
}

/**
 * The logins that `docker login` left, in Docker's order: the host's credential helper, the credential store, the
 * file itself. For ghcr.io, when nothing else is configured, GITHUB_ACTOR with GITHUB_TOKEN (both must be set).
 *
 * Hosts must match exactly, port included. Each registry is looked up once. Every secret found is registered for
 * redaction.
 *
 * @see https://docs.docker.com/reference/cli/docker/login/#credential-stores
 * @throws AddonReleaseError `environment` when the file is broken or its helper is missing or fails.
 */
export function createDockerCredentials(options: CredentialOptions = {}): CredentialSource {
  const env = options.env ?? process.env;
  const file = dockerConfigFile(env);
  const found = new Map<string, Promise<Credentials | undefined>>();

  async function find(registry: string): Promise<Credentials | undefined> {
    const config = await readConfig(file);
    const helpers = asObject(config['credHelpers']);
    const helper = asText(findByHost(helpers, registry)) ?? asText(config['credsStore']);
    const stored =
      helper === undefined ? undefined : await askHelper(helper, registry, file, options.signal);
    const credentials =
      stored ??
      readEntry(findByHost(asObject(config['auths']), registry), file) ??
      readGithubToken(registry, env);
    return credentials === undefined ? undefined : protect(credentials);
  }

  return (registry) => {
    const known = found.get(registry) ?? find(registry);
    found.set(registry, known);
    return known;
  };
}
