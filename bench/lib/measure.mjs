// Programs run and timed; figures put together.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { clearInterval, setInterval } from 'node:timers';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** The built program. */
export const CLI = `${ROOT}dist/main.js`;
export const REGISTRY = process.env.ADDON_RELEASE_REGISTRY ?? 'localhost:5000';

/** The greatest resident memory that a running process has had, in MiB; 0 when it has ended. */
function readPeak(pid) {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

/**
 * Runs a program to its end: its exit code, seconds, standard output, and the peak of its own memory in MiB (without
 * its children's).
 *
 * @param options those of `spawn`; `codes` are the exit codes that are no error, `onOutput` gets what it prints, which
 *   is then not kept.
 */
export function run(file, args, { codes = [0], onOutput, ...options } = {}) {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const child = spawn(file, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    let [stdout, errors, megabytes] = ['', '', 0];
    const look = () => (megabytes = Math.max(megabytes, readPeak(child.pid)));
    const timer = setInterval(look, 20);
    child.stdout.on('data', onOutput ?? ((chunk) => (stdout += chunk)));
    child.stderr.on('data', (chunk) => {
      onOutput?.(chunk);
      errors = (errors + chunk).slice(-4000);
    });
    child.on('error', (error) => {
      clearInterval(timer);
      reject(error);
    });
    child.on('close', (code) => {
      clearInterval(timer);
      const seconds = (performance.now() - started) / 1000;
      if (codes.includes(code)) resolve({ code, seconds, stdout: stdout.trim(), megabytes });
      else
        reject(
          new Error(
            `${file} ${args.join(' ')} ended with ${code}\n${errors}\n${stdout.slice(-4000)}`,
          ),
        );
    });
  });
}

/** The seconds that something takes. */
export async function time(work) {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Median, extremes and number of values. */
export function summarize(values) {
  return {
    median: median(values),
    min: Math.min(...values),
    max: Math.max(...values),
    samples: values.length,
  };
}

/** The list begun at another place, so that nothing always goes first. */
export function rotate(list, by) {
  const at = list.length === 0 ? 0 : by % list.length;
  return [...list.slice(at), ...list.slice(0, at)];
}
