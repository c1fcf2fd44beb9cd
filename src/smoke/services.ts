import type { Container } from './container.js';

/** What s6 says of one supervised service. */
export interface ServiceState {
  readonly name: string;
  readonly up: boolean;
  /** undefined while it is down. */
  readonly pid: number | undefined;
  /** s6 would have it up. */
  readonly wantedUp: boolean;
  /** s6-svstat's own words. */
  readonly text: string;
}

/** Parts of s6-overlay itself, which come and go. */
const OWN_SERVICES = /^(?:s6-|s6rc-|\.)/;

/**
 * Both generations of s6-overlay keep the running services in /run/service (`services.d` and `s6-rc.d` alike).
 * A constant script in the container's own shell, because every program that is started there costs time under
 * emulation.
 */
const LIST_SERVICES = `PATH=$PATH:/command
for service in /run/service/*; do
  test -e "$service/supervise/status" || continue
  echo "\${service##*/}|$(s6-svstat "$service" 2>&1)"
done`;

/** Reads the output of the script. https://skarnet.org/software/s6/s6-svstat.html */
export function parseServices(output: string): readonly ServiceState[] {
  return output.split('\n').flatMap((line) => {
    const separator = line.indexOf('|');
    const name = line.slice(0, separator);
    if (separator <= 0 || OWN_SERVICES.test(name)) return [];
    const text = line.slice(separator + 1).trim();
    const up = /^up \(pid (\d+)/.exec(text);
    const wantedUp = up === null ? /\bwant up\b/.test(text) : !/\bwant down\b/.test(text);
    const pid = up === null ? undefined : Number(up[1]);
    return [{ name, up: up !== null, pid, wantedUp, text }];
  });
}

/** The services that s6 supervises in a container; empty when there is no s6. */
export async function readServices(container: Container): Promise<readonly ServiceState[]> {
  const result = await container.exec(['/bin/sh', '-c', LIST_SERVICES]);
  return parseServices(result.stdout);
}
