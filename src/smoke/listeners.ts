/** A socket that waits for others: a listening TCP socket, or a UDP socket without a fixed partner. */
export interface Listener {
  readonly protocol: 'tcp' | 'udp';
  readonly port: number;
  /** Bound to a loopback address: nobody outside the container reaches it. */
  readonly local: boolean;
}

/** States of https://docs.kernel.org/networking/proc_net_tcp.html: TCP_LISTEN; TCP_CLOSE, which UDP sockets have. */
const WAITING = { tcp: '0A', udp: '07' } as const;

/** 127.0.0.11, where Docker's own name server is in every container. */
const NAME_SERVER = '0B00007F';

/** Addresses are hexadecimal words in the byte order of the processor; all of ours are little-endian. */
function isLoopback(address: string): boolean {
  if (address.length === 8) return address.endsWith('7F');
  return address === '00000000000000000000000001000000' || /^0{16}FFFF0000\w{6}7F$/.test(address);
}

/** Reads lines of /proc/net/tcp, tcp6, udp and udp6, each after the name of its file: `tcp|  0: 00000000:1F40 …`. */
export function parseListeners(text: string): readonly Listener[] {
  return text.split('\n').flatMap((line) => {
    const [, protocol, row = ''] = /^(tcp|udp)6?\|(.*)$/.exec(line) ?? [];
    if (protocol !== 'tcp' && protocol !== 'udp') return [];
    const [, local = '', , state] = row.trim().split(/\s+/);
    const [address = '', port = ''] = local.split(':');
    if (state !== WAITING[protocol] || !/^[0-9A-F]+$/.test(port)) return [];
    if (address === NAME_SERVER) return [];
    return [{ protocol, port: Number.parseInt(port, 16), local: isLoopback(address) }];
  });
}

/** Where a port is open: not at all, for processes of the same container only, or for others. */
export function findReach(
  listeners: readonly Listener[],
  protocol: Listener['protocol'],
  port: number,
): 'closed' | 'local' | 'open' {
  const found = listeners.filter((one) => one.protocol === protocol && one.port === port);
  if (found.length === 0) return 'closed';
  return found.every(({ local }) => local) ? 'local' : 'open';
}

/** Ports that others can connect to, in ascending order. */
export function listOpenPorts(listeners: readonly Listener[]): readonly number[] {
  const open = listeners.filter(({ protocol, local }) => protocol === 'tcp' && !local);
  return [...new Set(open.map(({ port }) => port))].toSorted((a, b) => a - b);
}
