import { readUnpackedBytes } from '../../engine/docker.js';
import { formatBytes } from '../../report/format.js';
import type { SmokeCheck } from '../check.js';
import { failed, passed, skipped, warning } from '../report.js';
import { failForMemory } from './death.js';
import { lookLate, skipUnseen } from './look.js';

/** Close to the limit the kernel reclaims memory all the time. */
const NEARLY_ALL = 0.95;

export const resourcesCheck: SmokeCheck = {
  id: 'resources',
  title: 'memory and processor time stay in their limits',
  needs: ['start', 'ready'],
  run: async (context) => {
    const { candidate, container, smoke, memoryLimitBytes, timeScale } = context;
    const { outOfMemory } = await container.state();
    const usage = (await lookLate(context))?.usage;
    if ((usage?.kills ?? 0) > 0 || outOfMemory) {
      const kills = usage?.kills ?? 0;
      return failForMemory(
        context,
        kills > 1 ? `${kills} processes were killed` : 'a process was killed',
      );
    }
    if (usage?.peakBytes === undefined || usage.cpuSeconds === undefined) {
      return skipUnseen(context);
    }
    const { peakBytes, cpuSeconds } = usage;
    const evidence = `${formatBytes(peakBytes)} at most, ${cpuSeconds.toFixed(1)} s of processor time`;
    const { cpuSeconds: limit } = smoke.limits;
    if (limit !== undefined && cpuSeconds > limit * timeScale) {
      const scaled =
        timeScale > 1 ? `${limit} s, times ${timeScale} under emulation` : `${limit} s`;
      return failed(
        `${evidence}; the limit is ${scaled}`,
        'Do less at start, or raise limits.cpu_seconds in smoke.yaml.',
      );
    }
    if (peakBytes > NEARLY_ALL * memoryLimitBytes) {
      return warning(evidence, `It came close to the limit of ${formatBytes(memoryLimitBytes)}.`);
    }
    if (candidate.plan.machine.emulated) return passed(evidence);
    const upSeconds = (performance.now() - container.startedAtMs) / 1000;
    return { ...passed(evidence), usage: { peakBytes, cpuSeconds, upSeconds } };
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
