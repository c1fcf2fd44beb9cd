import { run } from '../exec/run.js';
import type { SourceFacts } from '../plan/image-metadata.js';

async function git(folder: string, args: readonly string[]): Promise<string | undefined> {
  const result = await run('git', ['-C', folder, ...args], {
    timeoutMs: 30_000,
    env: { GIT_OPTIONAL_LOCKS: '0', LC_ALL: 'C' },
  });
  return result.exitCode === 0 ? result.stdout.trim() : undefined;
}

/** `git@github.com:owner/name.git` and its relatives as an https address, without credentials. */
export function webAddress(remote: string): string | undefined {
  const scp = /^(?:[^@\s/]+@)?([A-Za-z0-9.-]+\.[A-Za-z]+):(?!\/)(.+)$/.exec(remote);
  const url = scp === null ? remote : `ssh://${scp[1] ?? ''}/${scp[2] ?? ''}`;
  if (!URL.canParse(url)) return undefined;
  const { protocol, host, hostname, pathname } = new URL(url);
  if (!['https:', 'http:', 'ssh:', 'git:'].includes(protocol) || hostname === '') return undefined;
  // The port of a web address is part of it; that of SSH says nothing about the web server.
  const hasWebPort = protocol.startsWith('http') && host !== hostname;
  const site = hasWebPort ? `${protocol}//${host}` : `https://${hostname}`;
  return `${site}${pathname.replace(/\.git\/?$/, '').replace(/\/$/, '')}`;
}

/**
 * Commit, date and address of the sources in a folder. SOURCE_DATE_EPOCH of the environment wins over the
 * commit's date (https://reproducible-builds.org/specs/source-date-epoch/).
 *
 * @param fallbackEpochSeconds used outside a git repository
 */
export async function readSourceFacts(
  folder: string,
  environment: Readonly<Record<string, string | undefined>>,
  fallbackEpochSeconds: number,
): Promise<SourceFacts> {
  const given = environment['SOURCE_DATE_EPOCH'];
  const fixed = given !== undefined && /^\d{1,11}$/.test(given) ? Number(given) : undefined;
  const head = await git(folder, ['log', '-1', '--no-show-signature', '--format=%H %ct']).catch(
    () => undefined,
  );
  if (head === undefined || head === '') {
    return {
      revision: undefined,
      dirty: false,
      url: undefined,
      epochSeconds: fixed ?? fallbackEpochSeconds,
    };
  }
  const [revision = '', committed = ''] = head.split(' ');
  const [status, remote] = await Promise.all([
    git(folder, ['status', '--porcelain', '--', '.']),
    git(folder, ['remote', 'get-url', 'origin']),
  ]);
  return {
    revision,
    dirty: status !== '',
    url: remote === undefined ? undefined : webAddress(remote),
    epochSeconds: fixed ?? Number(committed),
  };
}
