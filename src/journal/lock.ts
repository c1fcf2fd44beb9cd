import { createHash } from 'node:crypto';
import { link, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AddonReleaseError } from '../errors.js';
import { findProcess, identifyProcess, type ProcessIdentity } from './process-identity.js';

/** Who holds a lock. */
interface Holder extends ProcessIdentity {
  readonly what: string;
}

export interface Lock {
  readonly file: string;
  readonly release: () => Promise<void>;
}

/** How often a holder shows that it is there, for those who can't ask for its process. */
const BEAT_MS = 20_000;

/** Whoever has been silent for so long is dead: it may have slept over some beats. */
export const SILENT_MS = 6 * BEAT_MS;

async function readHolder(file: string): Promise<Holder | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Holder;
  } catch {
    return undefined;
  }
}

/** When a file was written, by the clock of where it lies: the same for all who look at it. */
async function readTime(file: string): Promise<number> {
  return (await stat(file).catch(() => undefined))?.mtimeMs ?? 0;
}

/** @param own a file beside the lock that was written just now */
async function isAlive(holder: Holder, file: string, own: string): Promise<boolean> {
  const found = await findProcess(holder);
  if (found !== 'unknown') return found === 'runs';
  return (await readTime(own)) - (await readTime(file)) < SILENT_MS;
}

/** Takes a dead process's lock away, but not the one that somebody else has put in its place meanwhile. */
async function discard(file: string, aside: string, dead: Holder | undefined): Promise<void> {
  await rename(file, aside).catch(() => undefined);
  const found = await readHolder(aside);
  if (found !== undefined && !isSame(found, dead)) await link(aside, file).catch(() => undefined);
  await rm(aside, { force: true });
}

function isSame(one: Holder, other: Holder | undefined): boolean {
  return one.pid === other?.pid && one.started === other.started && one.place === other.place;
}

/** Writes the same again, which changes nothing but the time. */
async function beat(file: string, text: string): Promise<void> {
  const handle = await open(file, 'r+');
  try {
    await handle.write(text, 0);
  } finally {
    await handle.close();
  }
}

/** What is held is held until it is given back, or nothing is heard of the process any more. */
function hold(file: string, own: Holder, text: string): Lock {
  const isOwn = async (): Promise<boolean> => {
    const found = await readHolder(file);
    return found !== undefined && isSame(found, own);
  };
  const timer = setInterval(() => {
    // What can't be written now can be the next time.
    void isOwn().then((still) => (still ? beat(file, text).catch(() => undefined) : undefined));
  }, BEAT_MS).unref();
  return {
    file,
    release: async () => {
      clearInterval(timer);
      if (await isOwn()) await rm(file, { force: true });
    },
  };
}

function refuse(target: string, { what, pid, place }: Holder, own: Holder): AddonReleaseError {
  const elsewhere = place === undefined || place === own.place ? '' : ` on ${place}`;
  return new AddonReleaseError(
    'environment',
    `${target} is being published to already: ${what} (process ${pid}${elsewhere})`,
    {
      hint:
        elsewhere === ''
          ? 'Wait until it has ended, or stop it, and run the command again.'
          : `Wait until it has ended. If it was killed, its lock is free ${SILENT_MS / 60_000} minutes later.`,
    },
  );
}

/**
 * Makes sure that nobody else on this machine, or with the same folder of locks, publishes to the same place at the same
 * time. A process that was killed holds nothing: its lock is taken over.
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
  const holder: Holder = { ...(await identifyProcess()), what };
  const text = JSON.stringify(holder);
  const place = createHash('sha256')
    .update(holder.place ?? '')
    .digest('hex');
  const own = join(folder, `${name}.${place.slice(0, 8)}-${process.pid}`);
  const handle = await open(own, 'w', 0o600);
  await handle.writeFile(text);
  await handle.close();
  try {
    // Linking a finished file is atomic: nobody ever reads half a lock.
    for (let attempt = 1; attempt <= 3; attempt++) {
      const taken = await link(own, file).then(
        () => true,
        () => false,
      );
      if (taken) return hold(file, holder, text);
      const found = await readHolder(file);
      if (found !== undefined && (await isAlive(found, file, own))) {
        throw refuse(target, found, holder);
      }
      await discard(file, `${own}.stale`, found);
    }
    throw new AddonReleaseError('environment', `the lock ${file} can't be taken`, {
      hint: 'Remove the file if no release is running.',
    });
  } finally {
    await rm(own, { force: true });
  }
}
