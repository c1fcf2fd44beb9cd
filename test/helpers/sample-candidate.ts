import type { Candidate } from '../../src/engine/build.js';
import type { LocalImage } from '../../src/engine/docker.js';
import type { ArchPlan } from '../../src/plan/release-plan.js';
import { describeArch } from '../../src/addon/arch.js';

/** A digest that is easy to tell from others: one hexadecimal digit, sixty-four times. */
export function sampleDigest(digit: string): string {
  return `sha256:${digit.repeat(64)}`;
}

/** The image that the plan of an architecture asks for, as the engine shows it. */
export function sampleCandidate(plan: ArchPlan, image: Partial<LocalImage> = {}): Candidate {
  const { ociArchitecture, ociVariant } = describeArch(plan.arch);
  return {
    arch: plan.arch,
    plan,
    configDigest: sampleDigest('c'),
    imageId: sampleDigest('d'),
    image: {
      id: sampleDigest('d'),
      os: 'linux',
      architecture: ociArchitecture,
      variant: ociVariant,
      labels: plan.labels,
      user: '',
      exposedPorts: [],
      healthcheck: undefined,
      sizeBytes: 1_000_000,
      diffIds: [sampleDigest('e')],
      ...image,
    },
    buildMs: 12_500,
    totalSteps: 5,
    cachedSteps: 2,
  };
}
