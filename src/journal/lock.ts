import { createHash } from 'node:crypto';
import { link, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AddonReleaseError } from '../errors.js';
import { isProcess } from '../is-process.js';

/** Who holds a lock. */
interface Holder {
  readonly pid: number;
  /** Tells a process from a later one with the same number; undefined where the system does not tell. */
  readonly started: string | undefined;
  readonly what: string;
}

export interface Lock {
  readonly file: string;
  readonly release: () => Promise<void>;
}

/** The 22nd field of /proc/PID/stat, in clock ticks since boot; the name before it may hold anything. */
async function readStartTime(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
}

async function readHolder(file: string): Promise<Holder | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Holder;
  } catch {
    return undefined;
  }
}

async function isAlive({ pid, started }: Holder): Promise<boolean> {
  if (!isProcess(pid)) return false;
  const now = await readStartTime(pid);
  return started === undefined || now === undefined || now === started;
}

/** Takes a dead process's lock away, but not the one that somebody else has put in its place meanwhile. */
async function discard(file: string, aside: string, dead: Holder | undefined): Promise<void> {
  await rename(file, aside).catch(() => undefined);
  const found = await readHolder(aside);
  if (found !== undefined && found.pid !== dead?.pid)
    await link(aside, file).catch(() => undefined);
  await rm(aside, { force: true });
}

/**
 * Makes sure that nobody else on this machine publishes to the same place at the same time. A process that was killed
 * holds nothing: its lock is taken over.
 *
 * @param folder where locks are kept
 * @param target what is locked: the repository of the release's index
 * @param what who holds it, for the message that another one gets: "release of example 1.2.3"
 * @throws AddonReleaseError `environment` naming the holder
 */
export async function acquireLock(folder: string, target: string, what: string): Promise<Lock> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const name = createHash('sha256').update(target).digest('hex').slice(0, 32);
  const file = join(folder, `${name}.lock`);
  const own = join(folder, `${name}.${process.pid}`);
  const started = await readStartTime(process.pid);
  const handle = await open(own, 'w', 0o600);
  await handle.writeFile(JSON.stringify({ pid: process.pid, started, what } satisfies Holder));
  await handle.close();
  try {
    // Linking a finished file is atomic: nobody ever reads half a lock.
    for (let attempt = 1; attempt <= 3; attempt++) {
      const taken = await link(own, file).then(
        () => true,
        () => false,
      );
      if (taken) return { file, release: () => rm(file, { force: true }) };
      const holder = await readHolder(file);
      if (holder !== undefined && (await isAlive(holder))) {
        throw new AddonReleaseError(
          'environment',
          `${target} is being published to already: ${holder.what} (process ${holder.pid})`,
          { hint: 'Wait until it has ended, or stop it, and run the command again.' },
        );
      }
      await discard(file, `${own}.stale`, holder);
    }
    throw new AddonReleaseError('environment', `the lock ${file} can't be taken`, {
      hint: 'Remove the file if no release is running.',
    });
  } finally {
    await rm(own, { force: true });
  }
}
