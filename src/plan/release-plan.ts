import type { AttestationSettings, ReleaseSettings, SigningSettings } from '../addon/settings.js';
import type { Addon } from '../addon/types.js';
import { platformOf, type Arch, type Platform } from '../addon/arch.js';
import { AddonReleaseError } from '../errors.js';
import type { Problem } from '../problem.js';
import { planAnnouncement, type AnnouncementWrite, type StoreTarget } from './announcement.js';
import { mirrorImage, type BaseMirror } from './base-mirror.js';
import { chooseChannel, type Channel } from './channel.js';
import type { Elsewhere } from './channel-store.js';
import { listBaseImages, type Dockerfile } from './dockerfile.js';
import { fingerprintPlan } from './fingerprint.js';
import {
  buildArguments,
  imageLabels,
  isoDate,
  ociAnnotations,
  type SourceFacts,
} from './image-metadata.js';
import { localImage, type ImageNames } from './image-names.js';
import { assignMachine, isTestEmulated, type ArchMachine, type BuilderChoice } from './machine.js';
import { movingTags } from './moving-tags.js';
import {
  listRepositories,
  nameRepositories,
  type ArchRepositories,
} from './release-repositories.js';
import type { ReleaseVersion } from './version.js';

/** An image that an architecture's build pulls. */
export interface BaseImage {
  /** As the Dockerfile or build.yaml names it. */
  readonly reference: string;
  /** Where it is really pulled from: the same, or a mirror. */
  readonly source: string;
  readonly platform: string;
  /** Where it is named, for messages: file, line and column from 1. */
  readonly file: string;
  readonly line: number | undefined;
  readonly column: number | undefined;
}

export interface ArchPlan extends ArchRepositories {
  readonly platform: Platform;
  readonly machine: ArchMachine;
  /** Run by QEMU where it is tested. */
  readonly emulated: boolean;
  /** The release goes on without it when it fails. */
  readonly optional: boolean;
  readonly dockerfile: string;
  readonly baseImages: readonly BaseImage[];
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  /** The name in the local engine, by which the image is tested. */
  readonly localImage: string;
}

/** What is written down about each image; at least one of the two. */
export interface AttestationPlan {
  readonly provenance: AttestationSettings['provenance'];
  readonly sbom:
    | {
        /** The image whose program makes the list, as the settings name it. */
        readonly generator: string;
        /** Where it is really pulled from: the same, or a mirror. */
        readonly source: string;
      }
    | undefined;
}

/** One thing that a run changes outside this process, in the order in which it happens. */
export interface PlannedWrite {
  readonly kind: 'load' | 'push' | 'tag' | AnnouncementWrite['kind'] | 'github';
  /** An image reference, a file, a branch, tag or remote of git, or a repository on GitHub. */
  readonly target: string;
  readonly detail: string;
}

/**
 * Everything that a run will do, decided before it does anything. Printed by `--dry-run`, as JSON with `--json`;
 * the run obeys it.
 */
export interface ReleasePlan {
  readonly schemaVersion: 1;
  /** `sha256:…` over what is published and what it is made from; the same on every machine. */
  readonly fingerprint: string;
  readonly slug: string;
  readonly name: string;
  readonly folder: string;
  readonly configFile: string;
  readonly version: string;
  readonly stable: boolean;
  /** Who gets it. */
  readonly channel: Channel;
  /** config.yaml's version when it differs: it is brought in line after everything else has succeeded. */
  readonly configVersion: string;
  readonly source: SourceFacts;
  readonly created: string;
  readonly publish: boolean;
  readonly noCache: boolean;
  readonly architectures: readonly ArchPlan[];
  /** The repository of the multi-architecture index; undefined when nothing is published. */
  readonly indexRepository: string | undefined;
  readonly annotations: Readonly<Record<string, string>>;
  /** What tells this release from another one of the same version; the index carries it. */
  readonly indexAnnotations: Readonly<Record<string, string>>;
  /** Undefined = nothing is signed. */
  readonly sign: SigningSettings | undefined;
  /** Undefined = nothing is attested. */
  readonly attest: AttestationPlan | undefined;
  /** The tags that make the version visible, then those that move to it. */
  readonly versionTags: readonly string[];
  readonly movingTags: readonly string[];
  /** Why no store will offer the version; undefined = one will. */
  readonly notOffered: string | undefined;
  readonly writes: readonly PlannedWrite[];
}

export interface PlanInput {
  readonly addon: Addon;
  readonly version: ReleaseVersion;
  readonly arches: readonly Arch[];
  readonly publish: boolean;
  readonly names: ImageNames | undefined;
  readonly source: SourceFacts;
  /** The platform of the engine in use: "linux/amd64". */
  readonly hostPlatform: string;
  /** What else builds; empty = that engine. */
  readonly builders: readonly BuilderChoice[];
  readonly dockerfiles: ReadonlyMap<Arch, { readonly file: string; readonly content: Dockerfile }>;
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly baseMirrors: readonly BaseMirror[];
  readonly noCache: boolean;
  /** Undefined = the one that the version's form stands for. */
  readonly channel: string | undefined;
  /** Where the release is announced in git; undefined = only the file is written. */
  readonly store?: StoreTarget | undefined;
  /** "owner/name" on GitHub; undefined = the release gets no page there. */
  readonly github?: string | undefined;
  /** Where it is offered when not by the config of the sources. */
  readonly elsewhere?: Elsewhere | undefined;
  readonly settings: Pick<ReleaseSettings, 'optionalArches' | 'sign' | 'attest'>;
}

/** The annotation of an index that holds its plan's fingerprint. */
export const FINGERPRINT_ANNOTATION = 'io.addon-release.plan';

function planArch(input: PlanInput, arch: Arch, problems: Problem[]): ArchPlan | undefined {
  const { addon, names } = input;
  const platform = platformOf(arch);
  const dockerfile = input.dockerfiles.get(arch);
  if (dockerfile === undefined) {
    problems.push({
      severity: 'error',
      message: `there is no Dockerfile for ${arch}`,
      file: addon.folder,
      hint: `Add Dockerfile or Dockerfile.${arch}.`,
    });
    return undefined;
  }
  if (dockerfile.content.stages.length === 0) {
    problems.push({
      severity: 'error',
      message: 'the Dockerfile has no FROM',
      file: dockerfile.file,
      hint: 'Begin it with FROM and the name of a base image.',
    });
    return undefined;
  }
  const machine = assignMachine(arch, platform, input.builders, input.hostPlatform);
  const metadata = { addon, arch, version: input.version.text, source: input.source };
  const buildArgs = buildArguments(metadata, input.buildArgs);
  const { images, unresolved } = listBaseImages(dockerfile.content, buildArgs, {
    build: machine.platform,
    target: platform,
  });
  for (const { text, argument, line, column } of unresolved) {
    const noBase = argument === 'BUILD_FROM';
    problems.push({
      severity: 'error',
      message: noBase
        ? `no base image for ${arch}: build.yaml has no build_from for it and ARG BUILD_FROM has no default`
        : `FROM ${text}: the argument ${argument} has no value`,
      file: dockerfile.file,
      line,
      column,
      hint: noBase
        ? `Add \`${arch}: IMAGE\` below build_from in build.yaml, or give ARG BUILD_FROM a default.`
        : `Give ARG ${argument} a default before the first FROM, or pass --build-arg ${argument}=VALUE.`,
    });
  }
  const [repositories = { arch, repository: undefined }] =
    input.publish && names !== undefined ? nameRepositories(names, [arch]) : [];
  const fromBuildFile = addon.buildConfig.buildFrom?.get(arch);
  return {
    ...repositories,
    platform,
    machine,
    emulated: isTestEmulated(platform, machine, input.hostPlatform),
    optional: input.settings.optionalArches.includes(arch),
    dockerfile: dockerfile.file,
    baseImages: images.map((image) => {
      const named =
        image.reference === fromBuildFile && input.buildArgs['BUILD_FROM'] === undefined
          ? addon.buildConfig.buildFromPositions.get(arch)
          : undefined;
      return {
        reference: image.reference,
        source: mirrorImage(image.reference, input.baseMirrors),
        platform:
          image.platform === 'target'
            ? platform
            : image.platform === 'build'
              ? machine.platform
              : image.platform,
        file: named === undefined ? dockerfile.file : (addon.buildConfig.file ?? dockerfile.file),
        line: named?.line ?? image.line,
        column: named?.column ?? image.column,
      };
    }),
    buildArgs,
    labels: imageLabels(metadata, dockerfile.content.labels),
    localImage: localImage(addon.slug, arch, input.version.text),
  };
}

/** `provenance (max) and SBOM` */
function describeAttestations({ provenance, sbom }: AttestationPlan): string {
  const parts = [
    provenance === undefined ? [] : `provenance (${provenance})`,
    sbom === undefined ? [] : 'SBOM',
  ];
  return parts.flat().join(' and ');
}

function planAttestations(input: PlanInput): AttestationPlan | undefined {
  const { attest } = input.settings;
  if (attest === undefined) return undefined;
  const { provenance, sbomGenerator: generator } = attest;
  const source = generator === undefined ? '' : mirrorImage(generator, input.baseMirrors);
  return { provenance, sbom: generator === undefined ? undefined : { generator, source } };
}

type Unfinished = Omit<ReleasePlan, 'writes' | 'fingerprint' | 'indexAnnotations'>;

function planWrites(
  plan: Unfinished,
  { store, elsewhere, github }: Pick<PlanInput, 'store' | 'elsewhere' | 'github'>,
): readonly PlannedWrite[] {
  const { version, architectures, indexRepository } = plan;
  const writes: PlannedWrite[] = architectures.map((arch) => ({
    kind: 'load',
    target: arch.localImage,
    detail: `${arch.platform} into ${arch.machine.context === undefined ? 'the local engine' : `the engine of context ${arch.machine.context}`}`,
  }));
  if (indexRepository === undefined) return writes;
  const repositories = listRepositories(architectures, indexRepository);
  for (const arch of architectures) {
    writes.push({
      kind: 'push',
      target: arch.repository ?? '',
      detail: `${arch.platform} by digest, without a tag`,
    });
  }
  for (const { arch, repository, isOld } of repositories) {
    if (arch === undefined) continue;
    writes.push({
      kind: 'push',
      target: isOld ? repository : indexRepository,
      detail: `${platformOf(arch)} by digest, ${isOld ? 'under an old name' : 'beside the index'}`,
    });
  }
  if (plan.attest !== undefined) {
    const what = describeAttestations(plan.attest);
    const detail = `${what} of ${architectures.map((arch) => arch.platform).join(', ')} by digest`;
    writes.push({ kind: 'push', target: indexRepository, detail });
  }
  writes.push({
    kind: 'push',
    target: indexRepository,
    detail: `index of ${architectures.map((arch) => arch.platform).join(', ')} by digest`,
  });
  if (plan.sign !== undefined) {
    for (const { repository: target } of repositories) {
      writes.push({ kind: 'push', target, detail: 'signatures of what was pushed there' });
    }
  }
  for (const tag of [...plan.versionTags, ...plan.movingTags]) {
    const detail =
      tag === version
        ? 'the version'
        : 'moves, after verification, unless it names a newer version';
    for (const { repository } of repositories) {
      writes.push({ kind: 'tag', target: `${repository}:${tag}`, detail });
    }
  }
  writes.push(...planAnnouncement(store, plan, elsewhere));
  if (github !== undefined && store !== undefined) {
    writes.push({
      kind: 'github',
      target: github,
      detail: `release ${store.tag}: a draft at first, published last`,
    });
  }
  return writes;
}

function reasonOf(elsewhere: Elsewhere | undefined): string | undefined {
  return elsewhere !== undefined && 'nowhere' in elsewhere ? elsewhere.nowhere : undefined;
}

/**
 * Decides everything about a run. Pure: the same input gives the same plan.
 *
 * @throws AddonReleaseError `addon` with every problem found (missing base image, Dockerfile, image name).
 */
export function makePlan(input: PlanInput): ReleasePlan {
  const { addon, version, names } = input;
  const problems: Problem[] = [];
  if (input.publish && names === undefined) {
    problems.push({
      severity: 'error',
      message: '`image` is missing: there is no name to publish under',
      file: addon.configFile,
      hint: 'Add `image: ghcr.io/OWNER/NAME` to the file, or pass --image.',
    });
  }
  const architectures = input.arches.flatMap((arch) => planArch(input, arch, problems) ?? []);
  if (problems.length > 0) {
    throw new AddonReleaseError('addon', `${addon.slug} can't be built as it is`, { problems });
  }
  const publish = input.publish && names !== undefined;
  const channel = chooseChannel(version, input.channel);
  const plan = {
    schemaVersion: 1,
    slug: addon.slug,
    name: addon.name,
    folder: addon.folder,
    configFile: addon.configFile,
    version: version.text,
    stable: version.stable,
    channel,
    configVersion: addon.version,
    source: input.source,
    created: isoDate(input.source.epochSeconds),
    publish,
    noCache: input.noCache,
    architectures,
    indexRepository: publish ? names.index : undefined,
    annotations: ociAnnotations({ addon, version: version.text, source: input.source }),
    versionTags: publish ? [version.text] : [],
    movingTags: publish ? movingTags(version, channel) : [],
    sign: publish ? input.settings.sign : undefined,
    notOffered: publish ? reasonOf(input.elsewhere) : undefined,
    attest: planAttestations(input),
  } as const satisfies Unfinished;
  const fingerprint = fingerprintPlan(plan);
  return {
    ...plan,
    fingerprint,
    indexAnnotations: { ...plan.annotations, [FINGERPRINT_ANNOTATION]: fingerprint },
    writes: planWrites(plan, input),
  };
}
