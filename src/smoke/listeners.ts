/** A listening TCP socket. */
export interface Listener {
  readonly port: number;
  /** Bound to a loopback address: nobody outside the container reaches it. */
  readonly local: boolean;
}

const LISTENING = '0A';

/** Addresses are hexadecimal words in the byte order of the processor; all of ours are little-endian. */
function isLoopback(address: string): boolean {
  if (address.length === 8) return address.endsWith('7F');
  return address === '00000000000000000000000001000000' || /^0{16}FFFF0000\w{6}7F$/.test(address);
}

/** Reads /proc/net/tcp and /proc/net/tcp6. https://docs.kernel.org/networking/proc_net_tcp.html */
export function parseListeners(text: string): readonly Listener[] {
  return text.split('\n').flatMap((line) => {
    const [, local = '', , state] = line.trim().split(/\s+/);
    const [address = '', port = ''] = local.split(':');
    if (state !== LISTENING || !/^[0-9A-F]+$/.test(port)) return [];
    return [{ port: Number.parseInt(port, 16), local: isLoopback(address) }];
  });
}
