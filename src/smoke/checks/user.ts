import type { CheckContext, SmokeCheck } from '../check.js';
import { findContainerFiles } from '../container-files.js';
import type { Container } from '../container.js';
import type { Inside, InsideProcess } from '../inside.js';
import { failed, passed, skipped } from '../report.js';
import { lookLate } from './look.js';

/** Where s6-overlay's two generations keep the scripts that start services. */
const SERVICE_FOLDERS = ['/etc/services.d', '/etc/s6-overlay/s6-rc.d'];

/** Programs that go on as another user: `s6-setuidgid NAME`, `su-exec NAME:GROUP`, `gosu NAME`. */
const CHANGES_USER = /^[^#\n]*\b(?:s6-setuidgid|setuidgid|su-exec|gosu)\s+"?([\w.-]+)/m;

const MAX_SCRIPT_BYTES = 64 * 1024;

/** Process 1 and what supervises the add-on's own processes. */
const SUPERVISION = /^(?:s6-|s6rc-|docker-init$|tini$|dumb-init$|catatonit$|init$)/;

/** Who a service is to run as, and the file that says so. */
interface PromisedUser {
  readonly user: string;
  readonly source: string;
  /** The s6 service; undefined = all of the add-on. */
  readonly service?: string;
}

async function readFiles(
  container: Container,
  path: string,
  wanted: (name: string) => boolean,
): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>();
  for await (const { name, sizeBytes, read } of findContainerFiles(container, path)) {
    if (sizeBytes <= MAX_SCRIPT_BYTES && wanted(name)) files.set(name, await read());
  }
  return files;
}

async function findPromises(
  container: Container,
  imageUser: string,
): Promise<readonly PromisedUser[]> {
  const [user = ''] = imageUser.split(':');
  if (user !== '' && user !== 'root' && user !== '0')
    return [{ user, source: 'USER of the image' }];
  const promises: PromisedUser[] = [];
  for (const folder of SERVICE_FOLDERS) {
    const scripts = await readFiles(container, folder, (name) => name.endsWith('/run'));
    for (const [name, script] of scripts) {
      const found = CHANGES_USER.exec(script)?.[1];
      if (found !== undefined && found !== 'root') {
        const [service = '', ...rest] = name.split('/').slice(1);
        promises.push({ user: found, source: [folder, service, ...rest].join('/'), service });
      }
    }
  }
  return promises;
}

async function readUserIds(container: Container): Promise<ReadonlyMap<string, number>> {
  const files = await readFiles(container, '/etc/passwd', () => true);
  const [passwd = ''] = files.values();
  return new Map(
    passwd.split('\n').flatMap((line) => {
      const [name, , uid] = line.split(':');
      return name === undefined || uid === undefined ? [] : [[name, Number(uid)] as const];
    }),
  );
}

/** A container without a shell shows its processes from outside, without who started whom. */
async function readProcesses(
  context: CheckContext,
): Promise<Pick<Inside, 'processes' | 'services'>> {
  const inside = await lookLate(context);
  if (inside !== undefined) return inside;
  const processes = (await context.container.processes()).map(({ pid, uid, command }) => ({
    pid,
    uid,
    parent: 0,
    name: command.split(' ')[0]?.split('/').at(-1) ?? '',
  }));
  return { processes, services: [] };
}

/** A process and everything that it started, as far as its parents still run. */
function listFamily(processes: readonly InsideProcess[], pid: number): readonly InsideProcess[] {
  const family = processes.filter((process) => process.pid === pid);
  for (const member of family) {
    family.push(
      ...processes.filter((process) => process.parent === member.pid && !family.includes(process)),
    );
  }
  return family;
}

function describeUsers(
  processes: readonly InsideProcess[],
  names: ReadonlyMap<number, string>,
): string {
  return processes
    .map(({ name, pid, uid }) => `${name} (process ${pid}) runs as ${names.get(uid) ?? uid}`)
    .join(', ');
}

/** How a promise is broken; undefined when it is kept. */
function findBreach(
  { user, source, service }: PromisedUser,
  { processes, services }: Pick<Inside, 'processes' | 'services'>,
  users: ReadonlyMap<string, number>,
): string | undefined {
  const uid = /^\d+$/.test(user) ? Number(user) : users.get(user);
  if (uid === undefined) return `${source} names ${user}, whom /etc/passwd does not know`;
  const names = new Map([...users].map(([name, id]) => [id, name]));
  if (service !== undefined && services.length > 0) {
    const pid = services.find(({ name }) => name === service)?.pid;
    // Not started, or not now: there is nobody to keep the promise.
    if (pid === undefined) return undefined;
    const family = listFamily(processes, pid);
    return family.some((process) => process.uid === uid)
      ? undefined
      : `${describeUsers(family, names)}, not as ${user}, which ${source} names`;
  }
  const own = processes.filter(({ name }) => !SUPERVISION.test(name));
  const isKept = own.some((process) => process.uid === uid);
  // A script that starts a program as somebody else may stay root itself.
  const roots = own.filter(
    (process) =>
      process.uid === 0 &&
      uid !== 0 &&
      !listFamily(processes, process.pid).some((member) => member.uid === uid),
  );
  if (isKept && (service !== undefined || roots.length === 0)) return undefined;
  const who = describeUsers(roots, names);
  return isKept
    ? `${who}, not as ${user}, which ${source} names`
    : `no process runs as ${user}, which ${source} names${who === '' ? '' : `: ${who}`}`;
}

/** Whoever promises not to run as root must not. The promise is the image's USER or a service's run script. */
export const userCheck: SmokeCheck = {
  id: 'user',
  title: 'services run as the user they promise',
  needs: ['start', 'ready'],
  run: async (context) => {
    const { container, candidate, smoke, addon } = context;
    if (addon.startup === 'once') return skipped('`startup: once`');
    const promises =
      smoke.user === undefined
        ? await findPromises(container, candidate.image.user)
        : [{ user: smoke.user, source: 'smoke.yaml' }];
    if (promises.length === 0) return skipped('neither USER nor a run script names a user');
    const [users, seen] = await Promise.all([readUserIds(container), readProcesses(context)]);
    if (seen.processes.length === 0) return skipped('it has ended');
    const breaches = promises.flatMap((promise) => findBreach(promise, seen, users) ?? []);
    return breaches.length === 0
      ? passed(promises.map(({ user, source }) => `${user} (${source})`).join(', '))
      : failed(
          breaches.join('; '),
          'Start the service with `exec s6-setuidgid USER …`, and create the user in the Dockerfile.',
        );
  },
};
