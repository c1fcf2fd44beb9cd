import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { run } from '../../src/exec/run.js';
import { createCertificate } from './certificate.js';
import { startTokenServer, type TokenServer, type TokenServerOptions } from './token-server.js';

export interface Account {
  readonly username: string;
  readonly password: string;
}

export interface RegistryServerOptions {
  /** Accounts of basic authentication; with none, anybody may do everything. */
  readonly htpasswd?: readonly Account[];
  /** Token authentication by a server of its own, as GHCR has it. */
  readonly token?: TokenServerOptions;
  /** Whether manifests can be deleted. Default true. */
  readonly allowDelete?: boolean;
  /** Whether it refuses everything that writes. Default false. */
  readonly readOnly?: boolean;
  /** Whether it speaks HTTPS, with a certificate that nobody knows. Default false. */
  readonly tls?: boolean;
}

/** A running `docker-registry` with storage of its own. */
export interface RegistryServer {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  /** Where it keeps its files. */
  readonly storage: string;
  readonly tokenServer: TokenServer | undefined;
  /** Its log so far. */
  readonly log: () => string;
  /** Ends the process and starts a new one on the same port and storage. */
  readonly restart: () => Promise<void>;
  /** Ends the process and removes the storage. */
  readonly stop: () => Promise<void>;
}

/** Debian's name for the reference implementation. */
const PROGRAM = 'docker-registry';
const START_TIMEOUT_MS = 20_000;

async function writeHtpasswd(folder: string, accounts: readonly Account[]): Promise<string> {
  const lines: string[] = [];
  for (const { username, password } of accounts) {
    const made = await run('htpasswd', ['-niB', username], { input: `${password}\n` });
    if (made.exitCode !== 0) throw new Error(`htpasswd: ${made.stderr}`);
    lines.push(made.stdout.trim());
  }
  const file = path.join(folder, 'htpasswd');
  await writeFile(file, `${lines.join('\n')}\n`);
  return file;
}

/** The registry's configuration. YAML readers take JSON. */
async function describeConfiguration(
  folder: string,
  storage: string,
  address: string,
  options: RegistryServerOptions,
  tokenServer: TokenServer | undefined,
): Promise<object> {
  const htpasswd =
    options.htpasswd === undefined ? undefined : await writeHtpasswd(folder, options.htpasswd);
  const auth = {
    ...(htpasswd === undefined ? {} : { htpasswd: { realm: 'test', path: htpasswd } }),
    ...(tokenServer === undefined ? {} : { token: tokenServer.registryConfiguration }),
  };
  return {
    version: '0.1',
    log: { level: 'info', accesslog: { disabled: false } },
    storage: {
      filesystem: { rootdirectory: storage },
      delete: { enabled: options.allowDelete ?? true },
      maintenance: {
        uploadpurging: { enabled: false },
        readonly: { enabled: options.readOnly ?? false },
      },
    },
    http: {
      addr: address,
      secret: 'only for tests',
      ...(options.tls === true ? { tls: await createCertificate(folder, 'registry') } : {}),
    },
    ...(Object.keys(auth).length === 0 ? {} : { auth }),
  };
}

interface RegistryProcess {
  readonly host: string;
  readonly end: () => Promise<void>;
}

/** Starts the process and waits until it says on which port it listens. */
async function startProcess(file: string, log: string[]): Promise<RegistryProcess> {
  const child = spawn(PROGRAM, ['serve', file], { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(child, 'exit');
  const listening = new Promise<string>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        log.push(line);
        const host = /listening on (127\.0\.0\.1:\d+)/.exec(line)?.[1];
        if (host !== undefined) resolve(host);
      });
    }
    child.once('error', reject);
    child.once('exit', () => {
      reject(new Error(`${PROGRAM} ended:\n${log.slice(-20).join('\n')}`));
    });
    setTimeout(() => {
      reject(new Error(`${PROGRAM} does not start:\n${log.slice(-20).join('\n')}`));
    }, START_TIMEOUT_MS).unref();
  });
  const end = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
  };
  try {
    return { host: await listening, end };
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
}

/** Starts a real registry on a free loopback port. */
export async function startRegistry(options: RegistryServerOptions = {}): Promise<RegistryServer> {
  const folder = await mkdtemp(path.join(tmpdir(), 'addon-release-registry-'));
  const storage = path.join(folder, 'storage');
  const file = path.join(folder, 'registry.json');
  const log: string[] = [];
  const tokenServer =
    options.token === undefined ? undefined : await startTokenServer(folder, options.token);
  const launch = async (address: string): Promise<RegistryProcess> => {
    const configuration = await describeConfiguration(
      folder,
      storage,
      address,
      options,
      tokenServer,
    );
    await writeFile(file, JSON.stringify(configuration));
    return startProcess(file, log);
  };
  let current: RegistryProcess;
  try {
    current = await launch('127.0.0.1:0');
  } catch (error) {
    await tokenServer?.stop();
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
  const { host } = current;
  return {
    host,
    storage,
    tokenServer,
    log: () => log.join('\n'),
    restart: async () => {
      await current.end();
      current = await launch(host);
    },
    stop: async () => {
      await current.end();
      await tokenServer?.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Writes a Docker configuration with these logins and returns its folder, for DOCKER_CONFIG. */
export async function writeDockerConfig(
  folder: string,
  logins: Readonly<Record<string, Account>>,
): Promise<string> {
  const auths = Object.entries(logins).map(([host, { username, password }]) => [
    host,
    { auth: Buffer.from(`${username}:${password}`).toString('base64') },
  ]);
  const content = JSON.stringify({ auths: Object.fromEntries(auths) as object });
  await writeFile(path.join(folder, 'config.json'), content, { mode: 0o600 });
  return folder;
}
