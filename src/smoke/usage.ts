/** What a container has used since its start. */
export interface Usage {
  readonly peakBytes: number | undefined;
  readonly cpuSeconds: number | undefined;
  /** Processes that the kernel killed because the memory was used up. */
  readonly kills: number;
}

/**
 * Where a container sees its own control group, in the layout of the second version or the first.
 * https://docs.kernel.org/admin-guide/cgroup-v2.html and cgroup-v1/memory.html
 */
export const USAGE_FILES: readonly string[] = [
  'memory.peak',
  'memory.current', // kernels before 5.19 have no memory.peak
  'memory.events',
  'cpu.stat',
  'memory/memory.max_usage_in_bytes',
  'memory/memory.oom_control',
  'cpuacct/cpuacct.usage',
].map((file) => `/sys/fs/cgroup/${file}`);

/** Reads lines of these files, each after the name of its file: `usage|cpu.stat|usage_usec 123`. */
export function parseUsage(output: string): Usage {
  const values = new Map<string, number>();
  for (const line of output.split('\n')) {
    const [, file, field = '', value] = /^usage\|([^|]+)\|(?:(\w+) )?(\d+)$/.exec(line) ?? [];
    if (file !== undefined) values.set(`${file} ${field}`.trim(), Number(value));
  }
  const microseconds = values.get('cpu.stat usage_usec');
  const nanoseconds = values.get('cpuacct.usage');
  return {
    peakBytes:
      values.get('memory.peak') ??
      values.get('memory.current') ??
      values.get('memory.max_usage_in_bytes'),
    cpuSeconds: microseconds === undefined ? nanoseconds && nanoseconds / 1e9 : microseconds / 1e6,
    kills: values.get('memory.events oom_kill') ?? values.get('memory.oom_control oom_kill') ?? 0,
  };
}
