import type { Arch } from '../addon/arch.js';

/**
 * GitHub's hosted machine that runs an architecture without emulation. Arm machines run 32-bit Arm code in
 * containers too, as far as their processor still can; where it can't, QEMU takes over.
 *
 * @see https://docs.github.com/en/actions/reference/runners/github-hosted-runners
 */
export function runnerFor(arch: Arch): string {
  return ['aarch64', 'armv7', 'armhf'].includes(arch) ? 'ubuntu-24.04-arm' : 'ubuntu-24.04';
}
