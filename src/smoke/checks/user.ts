import { text } from 'node:stream/consumers';
import { extract } from 'tar-stream';
import type { SmokeCheck } from '../check.js';
import type { Container } from '../container.js';
import { failed, passed, skipped } from '../report.js';

/** Where s6-overlay's two generations keep the scripts that start services. */
const SERVICE_FOLDERS = ['/etc/services.d', '/etc/s6-overlay/s6-rc.d'];

/** Programs that go on as another user: `s6-setuidgid NAME`, `su-exec NAME:GROUP`, `gosu NAME`. */
const CHANGES_USER = /^[^#\n]*\b(?:s6-setuidgid|setuidgid|su-exec|gosu)\s+"?([\w.-]+)/m;

const MAX_SCRIPT_BYTES = 64 * 1024;

/** Who a service is to run as, and the file that says so. */
interface PromisedUser {
  readonly user: string;
  readonly source: string;
}

async function readFiles(
  container: Container,
  path: string,
  wanted: (name: string) => boolean,
): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>();
  const stream = await container.readTar(path);
  if (stream === undefined) return files;
  const entries = stream.stdout.pipe(extract());
  for await (const entry of entries) {
    const { name, type, size } = entry.header;
    if (type === 'file' && size <= MAX_SCRIPT_BYTES && wanted(name)) {
      files.set(name, await text(entry));
    } else {
      entry.resume();
    }
  }
  await stream.ended;
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
        promises.push({ user: found, source: `${folder}/${name.split('/').slice(1).join('/')}` });
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

/** Whoever promises not to run as root must not. The promise is the image's USER or a service's run script. */
export const userCheck: SmokeCheck = {
  id: 'user',
  title: 'services run as the user they promise',
  needs: ['start', 'ready'],
  run: async ({ container, candidate, smoke }) => {
    const promises =
      smoke.user === undefined
        ? await findPromises(container, candidate.image.user)
        : [{ user: smoke.user, source: 'smoke.yaml' }];
    if (promises.length === 0) return skipped('neither USER nor a run script names a user');
    const ids = await readUserIds(container);
    const processes = await container.processes();
    const users = new Set(processes.map((process) => process.uid));
    const broken = promises.filter(({ user }) => {
      const uid = /^\d+$/.test(user) ? Number(user) : ids.get(user);
      return uid === undefined || !users.has(uid);
    });
    if (broken.length === 0) {
      return passed(promises.map(({ user, source }) => `${user} (${source})`).join(', '));
    }
    return failed(
      broken
        .map(({ user, source }) => `no process runs as ${user}, which ${source} names`)
        .join('; '),
      'Start the service with `exec s6-setuidgid USER …`, and create the user in the Dockerfile.',
    );
  },
};
