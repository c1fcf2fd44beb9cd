import type { ArchPlan } from '../plan/release-plan.js';

/** What the same builder builds and the same engine tests. */
export interface MachineGroup<Item> {
  readonly builder: string | undefined;
  readonly context: string | undefined;
  readonly items: readonly Item[];
}

/** In the order of each group's first. */
export function groupByMachine<Item extends { readonly arch: ArchPlan }>(
  all: readonly Item[],
): readonly MachineGroup<Item>[] {
  const groups = new Map<string, MachineGroup<Item>>();
  for (const item of all) {
    const { builder, context } = item.arch.machine;
    const key = JSON.stringify([builder, context]);
    const items = [...(groups.get(key)?.items ?? []), item];
    groups.set(key, { builder, context, items });
  }
  return [...groups.values()];
}
