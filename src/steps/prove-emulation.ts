import { platformOf } from '../addon/arch.js';
import { probePlatforms, type PlatformProbe } from '../engine/emulation.js';
import { AddonReleaseError } from '../errors.js';
import { defineStep, type StepContext } from '../pipeline/step.js';
import { isEmulated, listProbePlaces } from '../plan/machine.js';
import type { ReleasePlan } from '../plan/release-plan.js';
import type { Emit } from '../report/events.js';

/** A machine that only seems to be native is slower than planned, and nothing else. */
function warnOfEmulation(plan: ReleasePlan, probes: readonly PlatformProbe[], emit: Emit): void {
  for (const { arch, platform, builder } of probes) {
    const machine = plan.architectures.find((one) => one.arch === arch)?.machine;
    if (machine === undefined || machine.emulated || builder === 'engine') continue;
    if (platform === undefined || !isEmulated(platformOf(arch), platform)) continue;
    const message = `${arch} is built by QEMU: its builder "${builder.name ?? ''}" runs on ${platform}`;
    emit({ type: 'notice', level: 'warning', message });
  }
}

/**
 * Proves that every builder runs programs of the architectures that it is to build, and the engine those that it is to
 * test. That takes seconds, so a build is begun meanwhile, and ended where the proof fails.
 *
 * @throws AddonReleaseError `environment` with what is missing
 */
export async function proveEmulation(plan: ReleasePlan, context: StepContext): Promise<void> {
  const places = plan.architectures.flatMap(listProbePlaces);
  if (places.length === 0) return;
  const probes = await context.once(`emulation ${JSON.stringify(places)}`, () =>
    probePlatforms(places, { folder: context.runFolder, signal: context.signal }),
  );
  context.signal.throwIfAborted();
  warnOfEmulation(plan, probes, context.emit);
  const broken = probes.filter(({ works }) => !works);
  if (broken.length === 0) return;
  const describe = ({ arch, builder, context: place }: PlatformProbe): string => {
    const name = builder === 'engine' ? place : builder.name;
    return name === undefined ? platformOf(arch) : `${platformOf(arch)} (${name})`;
  };
  throw new AddonReleaseError(
    'environment',
    `this machine can't run programs for ${[...new Set(broken.map(describe))].join(', ')}`,
    {
      output: broken.map(({ message }) => message).join('\n'),
      hint: 'Install QEMU: `docker run --privileged --rm tonistiigi/binfmt --install all`, or `apt-get install qemu-user-static binfmt-support` on Debian. `addon-release doctor` checks again.',
    },
  );
}

export const proveEmulationStep = defineStep({
  id: 'emulation',
  title: 'Check emulation',
  needs: ['plan'],
  tools: ['docker', 'buildx', 'emulation'],
  run: async ({ plan }, context) => {
    await proveEmulation(plan, context);
    return {};
  },
});
