import { createHash } from 'node:crypto';
import type { ArchPlan, ReleasePlan } from './release-plan.js';

/** The part of a plan that decides what is published. */
export type PlanFacts = Pick<
  ReleasePlan,
  'slug' | 'version' | 'source' | 'indexRepository' | 'annotations' | 'attest' | 'architectures'
>;

/** What makes a release this one and no other, by the names that are shown when it differs. */
type Facts = Readonly<Record<string, unknown>>;

function imageFacts(arch: ArchPlan): Facts {
  return {
    // Without platforms: that of `FROM --platform=$BUILDPLATFORM` is whatever the machine is that builds.
    base: [...new Set(arch.baseImages.map(({ reference }) => reference))],
    'build arguments': arch.buildArgs,
    labels: arch.labels,
  };
}

function archFacts(arch: ArchPlan): Facts {
  const { repository, aliases } = arch;
  return { ...imageFacts(arch), repository, ...(aliases === undefined ? {} : { aliases }) };
}

function hash(facts: unknown): string {
  return `sha256:${createHash('sha256').update(JSON.stringify(facts)).digest('hex')}`;
}

/** `sha256:…` over everything that decides what one image is, wherever it is published. */
export function fingerprintImage(plan: PlanFacts, arch: ArchPlan): string {
  const { slug, version, source, annotations } = plan;
  const { revision, dirty, epochSeconds } = source;
  return hash([slug, version, revision, dirty, epochSeconds, annotations, imageFacts(arch)]);
}

/** Nothing about the machine: the same release may be continued or repeated on another one. */
function listFacts(plan: PlanFacts): Facts {
  return {
    'add-on': plan.slug,
    version: plan.version,
    revision: plan.source.revision,
    'uncommitted changes': plan.source.dirty,
    'date of the sources': plan.source.epochSeconds,
    index: plan.indexRepository,
    annotations: plan.annotations,
    // That there are attestations, and of what; what they say holds times and is never part of what a release is.
    attestations: plan.attest && {
      provenance: plan.attest.provenance,
      generator: plan.attest.sbom?.generator,
    },
    architectures: plan.architectures.map(({ arch }) => arch),
    ...Object.fromEntries(
      plan.architectures.flatMap((arch) =>
        Object.entries(archFacts(arch)).map(([name, value]) => [`${arch.arch}: ${name}`, value]),
      ),
    ),
  };
}

/** `sha256:…` over everything that decides what is published. */
export function fingerprintPlan(plan: PlanFacts): string {
  return hash(listFacts(plan));
}

function show(value: unknown): string {
  if (value === undefined) return 'none';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** What is different between two plans, one line for each fact: "revision: abc → def". */
export function comparePlans(before: PlanFacts, now: PlanFacts): readonly string[] {
  const old = listFacts(before);
  const current = listFacts(now);
  return [...new Set([...Object.keys(old), ...Object.keys(current)])].flatMap((name) => {
    const [was, is] = [show(old[name]), show(current[name])];
    if (was === is) return [];
    // Build arguments may be secret, and maps are long.
    if (name.endsWith('build arguments')) return [`${name} differ`];
    return [`${name}: ${was} → ${is}`];
  });
}
