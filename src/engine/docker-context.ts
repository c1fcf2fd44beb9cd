import { docker, tryDocker } from './docker.js';

const CALL_TIMEOUT_MS = 30_000;

export interface DockerContext {
  readonly name: string;
  readonly isCurrent: boolean;
}

export async function listContexts(signal?: AbortSignal): Promise<readonly DockerContext[]> {
  const output = await docker(['context', 'ls', '--format={{json .}}'], {
    timeoutMs: CALL_TIMEOUT_MS,
    signal,
  });
  return output.split('\n').flatMap((line) => {
    if (line === '') return [];
    const { Name: name, Current: isCurrent } = JSON.parse(line) as {
      readonly Name: string;
      readonly Current: boolean;
    };
    return [{ name, isCurrent }];
  });
}

/** Where a context's engine is: "ssh://user@host"; undefined when there is no such context. */
export async function readContextAddress(
  name: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const result = await tryDocker(
    ['context', 'inspect', '--format={{.Endpoints.docker.Host}}', name],
    { timeoutMs: CALL_TIMEOUT_MS, signal },
  );
  signal.throwIfAborted();
  return result.exitCode === 0 ? result.stdout.trim() : undefined;
}

/** Files of a TLS connection in which both sides prove who they are. */
export interface ClientTls {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** @param tls paths without commas and quotes: docker reads them as one row of CSV */
export async function createContext(
  name: string,
  address: string,
  tls: ClientTls | undefined,
): Promise<void> {
  const files = tls === undefined ? [] : [`ca=${tls.ca}`, `cert=${tls.cert}`, `key=${tls.key}`];
  await docker(['context', 'create', `--docker=${[`host=${address}`, ...files].join(',')}`, name], {
    timeoutMs: CALL_TIMEOUT_MS,
  });
}

export async function removeContext(name: string): Promise<void> {
  await tryDocker(['context', 'rm', '--force', name], { timeoutMs: CALL_TIMEOUT_MS });
}
