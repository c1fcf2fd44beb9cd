import type { Addon } from '../addon/types.js';

/** A port of the container that this machine gets, on the loopback interface. */
export interface PublishedPort {
  /** `8000/tcp` */
  readonly container: string;
  /** The host port in the config. */
  readonly host: number;
  /** The host port is taken: Docker chooses another. */
  readonly moved: boolean;
}

/** What decides which ports this machine gets. */
type PortSettings = Pick<Addon, 'ports' | 'hostNetwork'>;

/**
 * The ports of the config with those of debuggers, each at its own number here. They are reached in the host's network,
 * too, because the container is not in it.
 */
export function withDebugPorts(
  { ports, hostNetwork }: PortSettings,
  debugPorts: readonly number[],
): PortSettings {
  if (debugPorts.length === 0) return { ports, hostNetwork };
  const others = [...(hostNetwork ? [] : ports)].filter(
    ([key]) => !debugPorts.some((port) => key === `${port}` || key === `${port}/tcp`),
  );
  const debug = debugPorts.map((port) => [`${port}/tcp`, port] as const);
  return { ports: new Map([...others, ...debug]), hostNetwork: false };
}

/** The ports with a host port in the config. An add-on in the host's network has none. */
export function listPublishedPorts(
  { ports, hostNetwork }: PortSettings,
  taken: ReadonlySet<number>,
): readonly PublishedPort[] {
  if (hostNetwork) return [];
  return [...ports].flatMap(([key, host]) => {
    if (host === null) return [];
    const container = key.includes('/') ? key : `${key}/tcp`;
    return [{ container, host, moved: taken.has(host) }];
  });
}

/** In the words of `docker create --publish`. */
export function publishArgument({ container, host, moved }: PublishedPort): string {
  return `127.0.0.1:${moved ? '' : host}:${container}`;
}

/** The host port of which the engine says, when it refuses to start a container, that somebody else has it. */
export function readTakenPort(message: string): number | undefined {
  if (!/port is already allocated|address already in use/i.test(message)) return undefined;
  const found = /127\.0\.0\.1:(\d+)/.exec(message)?.[1];
  return found === undefined ? undefined : Number(found);
}

/** Where each port is, from the output of `docker port`: `8000/tcp -> 127.0.0.1:8000`. */
export function parseDockerPorts(output: string): ReadonlyMap<string, string> {
  return new Map(
    [...output.matchAll(/^(\d+\/\w+) -> (127\.0\.0\.1:\d+)\s*$/gm)].map(
      ([, container = '', address = '']) => [container, address],
    ),
  );
}

/** One line for each port of the config: where it is reached, or why it is not. */
export function describePorts(
  { ports, hostNetwork }: PortSettings,
  addresses: ReadonlyMap<string, string>,
): readonly string[] {
  if (hostNetwork) return ['host_network: the add-on runs in a network of its own here'];
  return [...ports].map(([key, host]) => {
    const address = addresses.get(key.includes('/') ? key : `${key}/tcp`);
    if (address === undefined)
      return `port ${key} is not published: the config gives it no host port`;
    const moved = address !== `127.0.0.1:${host ?? ''}`;
    return `port ${key} is at ${address}${moved ? ` (${host ?? ''} is taken)` : ''}`;
  });
}
