import type { ArchMachine } from '../plan/machine.js';

/** "native", "emulated", with the machine where it is not this one. */
export function renderMachine({ builder, node, context, emulated }: ArchMachine): string {
  return [
    emulated ? 'emulated' : 'native',
    ...(builder === undefined ? [] : [`builder ${builder}`]),
    ...(node === undefined ? [] : [`node ${node}`]),
    ...(context === undefined || context === builder ? [] : [`tested in context ${context}`]),
  ].join(', ');
}
