import { readFile, readlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { run } from '../exec/run.js';
import { isProcess } from '../is-process.js';

/** A process, told from all others: of a later boot, of another machine or container that writes to the same folder. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it was started, as the system counts; undefined where it does not tell. */
  readonly started?: string | undefined;
  /** The machine, and the space of its process numbers; undefined: this one. */
  readonly place?: string | undefined;
}

/** The 22nd field of /proc/PID/stat, in clock ticks since boot; the name before it may hold anything. */
async function readFromProc(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
}

/** For systems without /proc: macOS and the BSDs tell it so. */
async function readFromPs(pid: number): Promise<string | undefined> {
  const env = { LC_ALL: 'C', TZ: 'UTC' };
  const args = ['-o', 'lstart=', '-p', String(pid)];
  const result = await run('ps', args, { env, timeoutMs: 5_000 }).catch(() => undefined);
  const text = result?.exitCode === 0 ? result.stdout.trim() : '';
  return text === '' ? undefined : text;
}

async function readStart(pid: number): Promise<string | undefined> {
  return process.platform === 'linux' ? readFromProc(pid) : readFromPs(pid);
}

async function readPlace(): Promise<string> {
  // Containers count their processes from 1, each for itself.
  const space = await readlink('/proc/self/ns/pid').catch(() => '');
  return [hostname(), space].filter((part) => part !== '').join(' ');
}

/** This process. */
export async function identifyProcess(): Promise<ProcessIdentity> {
  const { pid } = process;
  const [started, place] = await Promise.all([readStart(pid), readPlace()]);
  return { pid, started, place };
}

/** Whether a process still runs; `unknown` when it is one of another place, which can't be asked from here. */
export async function findProcess({
  pid,
  started,
  place,
}: ProcessIdentity): Promise<'runs' | 'ended' | 'unknown'> {
  if (place !== undefined && place !== (await readPlace())) return 'unknown';
  if (!isProcess(pid)) return 'ended';
  const now = await readStart(pid);
  return started === undefined || now === undefined || now === started ? 'runs' : 'ended';
}
