/** What s6 says of one supervised service. */
export interface ServiceState {
  readonly name: string;
  readonly up: boolean;
  /** In the container's own numbering; undefined while it is down. */
  readonly pid: number | undefined;
  /** Since it was started last; undefined while it is down. */
  readonly upSeconds: number | undefined;
  /** s6 would have it up. */
  readonly wantedUp: boolean;
  /** s6-svstat's own words. */
  readonly text: string;
  /** How it ended each time so far, oldest first: `exitcode 1`, `signal SIGSEGV`. */
  readonly deaths: readonly string[];
}

/** Parts of s6-overlay itself, which come and go. */
const OWN_SERVICES = /^(?:s6-|s6rc-|\.)/;

/**
 * Reads lines of `s6-svstat` and `s6-svdt` for each service: `service|NAME|up (pid …` and `death|NAME|@… exitcode 1`.
 * https://skarnet.org/software/s6/s6-svstat.html and s6-svdt.html
 */
export function parseServices(output: string): readonly ServiceState[] {
  const rows = output.split('\n').flatMap((line) => {
    const [, kind, name, text] = /^(service|death)\|([^|]+)\|(.*)$/.exec(line) ?? [];
    return name === undefined || text === undefined ? [] : [{ kind, name, text: text.trim() }];
  });
  return rows
    .filter(({ kind, name }) => kind === 'service' && !OWN_SERVICES.test(name))
    .map(({ name, text }) => {
      const up = /^up \(pid (\d+)[^)]*\) (\d+)/.exec(text);
      return {
        name,
        up: up !== null,
        pid: up === null ? undefined : Number(up[1]),
        upSeconds: up === null ? undefined : Number(up[2]),
        wantedUp: up === null ? /\bwant up\b/.test(text) : !/\bwant down\b/.test(text),
        text,
        deaths: rows
          .filter((row) => row.kind === 'death' && row.name === name)
          .map((row) => row.text.replace(/^@\w+\s+/, '')),
      };
    });
}

/** `web ended 3 times, last with exitcode 1` */
export function describeDeaths({ name, deaths }: Pick<ServiceState, 'name' | 'deaths'>): string {
  const last = deaths.at(-1) ?? '';
  return deaths.length === 1
    ? `${name} ended once, with ${last}`
    : `${name} ended ${deaths.length} times, last with ${last}`;
}
