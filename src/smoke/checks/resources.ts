import { readUnpackedBytes } from '../../engine/docker.js';
import { formatBytes } from '../../report/format.js';
import type { SmokeCheck } from '../check.js';
import { failed, passed, skipped, warning } from '../report.js';

/**
 * The container sees its own control group here, in the layout of the second version or the first.
 * https://docs.kernel.org/admin-guide/cgroup-v2.html and cgroup-v1/memory.html
 */
const FILES = [
  'memory.peak',
  'memory.events',
  'cpu.stat',
  'memory/memory.max_usage_in_bytes',
  'memory/memory.oom_control',
  'cpuacct/cpuacct.usage',
].map((file) => `/sys/fs/cgroup/${file}`);

interface Usage {
  readonly peakBytes: number | undefined;
  readonly cpuSeconds: number | undefined;
  readonly kills: number;
}

/** Reads what `grep "" FILE...` prints: `file:line`. */
export function parseUsage(output: string): Usage {
  const read = (pattern: RegExp): number | undefined => {
    const found = pattern.exec(output)?.[1];
    return found === undefined ? undefined : Number(found);
  };
  const microseconds = read(/cpu\.stat:usage_usec (\d+)$/m);
  const nanoseconds = read(/cpuacct\.usage:(\d+)$/m);
  return {
    peakBytes: read(/memory\.peak:(\d+)$/m) ?? read(/memory\.max_usage_in_bytes:(\d+)$/m),
    cpuSeconds: microseconds === undefined ? nanoseconds && nanoseconds / 1e9 : microseconds / 1e6,
    kills: read(/:oom_kill (\d+)$/m) ?? 0,
  };
}

export const resourcesCheck: SmokeCheck = {
  id: 'resources',
  title: 'memory and processor time stay in their limits',
  needs: ['start', 'ready'],
  run: async ({ container, smoke, memoryLimitBytes }) => {
    const { stdout } = await container.exec(['grep', '-s', '', ...FILES]);
    const { peakBytes: peak, cpuSeconds, kills } = parseUsage(stdout);
    if (kills > 0) {
      return failed(
        `${kills} processes were killed because ${formatBytes(memoryLimitBytes)} of memory were used up`,
        'Use less memory, or raise limits.memory_mb in smoke.yaml if it is meant to need that much.',
      );
    }
    if (peak === undefined || cpuSeconds === undefined) {
      return skipped('the image has no `grep` to read them with');
    }
    const evidence = `${formatBytes(peak)} at most, ${cpuSeconds.toFixed(1)} s of processor time`;
    const { cpuSeconds: cpuLimit } = smoke.limits;
    if (cpuLimit !== undefined && cpuSeconds > cpuLimit) {
      return failed(
        `${evidence}; the limit is ${cpuLimit} s`,
        'Do less at start, or raise limits.cpu_seconds.',
      );
    }
    // The limit itself can't be exceeded; close to it the kernel reclaims all the time.
    return peak > 0.95 * memoryLimitBytes
      ? warning(evidence, `It came close to the limit of ${formatBytes(memoryLimitBytes)}.`)
      : passed(evidence);
  },
};

export const sizeCheck: SmokeCheck = {
  id: 'size',
  title: 'the image is not larger than allowed',
  run: async ({ candidate, smoke }) => {
    const limit = smoke.limits.imageBytes;
    if (limit === undefined) return skipped('no limits.image_mb in smoke.yaml');
    const bytes = await readUnpackedBytes(candidate.imageId);
    if (bytes === undefined) return skipped('the engine has not unpacked it');
    const evidence = `${formatBytes(bytes)}, ${formatBytes(limit)} are allowed`;
    return bytes <= limit
      ? passed(evidence)
      : failed(evidence, 'Leave out what the add-on does not need, or raise limits.image_mb.');
  },
};
