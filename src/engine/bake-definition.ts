import type { ArchPlan, AttestationPlan, ReleasePlan } from '../plan/release-plan.js';
import type { NamedTarget } from './bake-targets.js';
import { cacheAttributes, type BuildCache, type CacheAttributes } from './build-cache.js';

/** https://docs.docker.com/build/bake/reference/ in its JSON form. */
export interface BakeDefinition {
  readonly group: Readonly<Record<string, { readonly targets: readonly string[] }>>;
  readonly target: Readonly<Record<string, BakeTarget>>;
}

export interface BakeTarget {
  readonly context: string;
  readonly dockerfile: string;
  readonly platforms: readonly [string];
  readonly args: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly contexts: Readonly<Record<string, string>>;
  readonly tags?: readonly string[];
  readonly attest?: readonly string[];
  readonly output: readonly string[];
  readonly secret?: readonly string[];
  readonly 'no-cache'?: boolean;
  readonly 'cache-from'?: readonly string[];
  readonly 'cache-to'?: readonly string[];
}

/** Bake fills `${…}` in every string of a definition, keys included; `$${` stands for itself. */
function literal(text: string): string {
  return text.replaceAll(/[$%](?=\{)/g, '$&$&');
}

function literals(record: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(record).map(([key, value]) => [literal(key), literal(value)]),
  );
}

function target(plan: ReleasePlan, arch: ArchPlan): Omit<BakeTarget, 'output'> {
  const mirrored = arch.baseImages.filter((image) => image.source !== image.reference);
  return {
    context: literal(plan.folder),
    dockerfile: literal(arch.dockerfile),
    platforms: [arch.platform],
    args: literals(arch.buildArgs),
    labels: literals(arch.labels),
    contexts: literals(
      Object.fromEntries(
        mirrored.map((image) => [image.reference, `docker-image://${image.source}`]),
      ),
    ),
  };
}

function describeCache(cache: BuildCache, of: Pick<NamedTarget, 'plan' | 'arch'>): CacheAttributes {
  const described = cacheAttributes(cache, of);
  return {
    'cache-from': described['cache-from'].map(literal),
    'cache-to': described['cache-to'].map(literal),
  };
}

function define(targets: readonly (readonly [string, BakeTarget])[]): BakeDefinition {
  return {
    group: { default: { targets: targets.map(([name]) => name) } },
    target: Object.fromEntries(targets),
  };
}

function describeSecrets(secrets: readonly string[]): Pick<BakeTarget, 'secret'> {
  return secrets.length === 0 ? {} : { secret: secrets };
}

/** Builds each target on its own and writes it into the local engine, or into a folder where one is named. */
export function defineTargets(
  targets: readonly (Pick<NamedTarget, 'name' | 'plan' | 'arch'> & {
    readonly secrets?: readonly string[] | undefined;
    readonly layout?: string | undefined;
  })[],
  cache?: BuildCache,
): BakeDefinition {
  return define(
    targets.map(({ name, plan, arch, secrets = [], layout }) => [
      name,
      {
        ...target(plan, arch),
        tags: [arch.localImage],
        output: [
          layout === undefined
            ? 'type=docker'
            : literal(`type=oci,tar=false,${field(`dest=${layout}`)}`),
        ],
        ...describeSecrets(secrets),
        ...(plan.noCache ? { 'no-cache': true } : {}),
        ...(cache === undefined ? {} : describeCache(cache, { plan, arch })),
      },
    ]),
  );
}

/** The same for one add-on: each architecture is a target of its own. */
export function loadDefinition(
  plan: ReleasePlan,
  arches: readonly ArchPlan[],
  secrets: readonly string[] = [],
): BakeDefinition {
  return defineTargets(arches.map((arch) => ({ name: arch.arch, plan, arch, secrets })));
}

/** A field of a list that buildx reads as CSV: a folder's name may hold a comma. */
function field(text: string): string {
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The attestations that `--attest` knows: https://docs.docker.com/build/metadata/attestations/ */
export function attestOptions({ provenance, sbom }: AttestationPlan): readonly string[] {
  return [
    ...(provenance === undefined ? [] : [`type=provenance,mode=${provenance}`]),
    ...(sbom === undefined ? [] : [`type=sbom,${field(`generator=${sbom.source}`)}`]),
  ];
}

/** An image and its attestations in a file, for `--output`. */
export function layoutOutput(file: string): string {
  return `type=oci,${field(`dest=${file}`)}`;
}

/** Puts each architecture, as it comes from the cache, with its attestations into a file. */
export function attestDefinition(
  plan: ReleasePlan,
  arches: readonly ArchPlan[],
  attest: AttestationPlan,
  fileOf: (arch: ArchPlan) => string,
  secrets: readonly string[] = [],
): BakeDefinition {
  return define(
    arches.map((arch) => [
      arch.arch,
      {
        ...target(plan, arch),
        // BuildKit does not say of which image it speaks when that has no name.
        tags: [arch.localImage],
        attest: attestOptions(attest).map(literal),
        ...describeSecrets(secrets),
        output: [literal(layoutOutput(fileOf(arch)))],
      },
    ]),
  );
}
