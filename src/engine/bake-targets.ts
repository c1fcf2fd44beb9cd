import type { ArchPlan, ReleasePlan } from '../plan/release-plan.js';

/** One architecture of one add-on, by the name that it has in a bake definition and in BuildKit's records. */
export interface NamedTarget {
  readonly name: string;
  readonly plan: ReleasePlan;
  readonly arch: ArchPlan;
}

/** https://docs.docker.com/build/bake/reference/#target: letters, digits, "_" and "-". */
function toTargetName(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9_-]/g, '_');
}

/** Names the targets of one add-on by their architectures, those of several by their add-ons too. */
export function nameTargets<Build extends { readonly plan: ReleasePlan }>(
  builds: readonly Build[],
): readonly (NamedTarget & { readonly build: Build })[] {
  const used = new Set<string>();
  const makeUnique = (name: string): string => {
    let unique = name;
    for (let count = 2; used.has(unique); count++) unique = `${name}_${count}`;
    used.add(unique);
    return unique;
  };
  return builds.flatMap((build) =>
    build.plan.architectures.map((arch) => {
      const name = builds.length === 1 ? arch.arch : `${build.plan.slug}-${arch.arch}`;
      return { name: makeUnique(toTargetName(name)), plan: build.plan, arch, build };
    }),
  );
}
