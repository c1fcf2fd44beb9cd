import type { Arch } from '../../src/addon/arch.js';
import type { AttestationSettings } from '../../src/addon/settings.js';
import type { BaseMirror } from '../../src/plan/base-mirror.js';
import { parseDockerfile } from '../../src/plan/dockerfile.js';
import { chooseImageNames } from '../../src/plan/image-names.js';
import { makePlan, type ReleasePlan } from '../../src/plan/release-plan.js';
import { parseVersion } from '../../src/plan/version.js';
import { inSampleAddon, sampleAddon } from './sample-addon.js';

export interface SamplePlanOptions {
  readonly arches?: readonly Arch[];
  readonly version?: string;
  readonly image?: string;
  /** Old names, each with `{arch}`. */
  readonly also?: readonly string[];
  /** The folder that the plan's commands run in; must exist for those that are really started. */
  readonly folder?: string;
  readonly attest?: AttestationSettings;
  readonly baseMirrors?: readonly BaseMirror[];
}

/** The plan of the sample add-on's release, made on an amd64 engine. */
export function samplePlan(options: SamplePlanOptions = {}): ReleasePlan {
  const arches = options.arches ?? ['amd64', 'aarch64', 'armv7'];
  const content = parseDockerfile('FROM debian:12\nRUN make\n');
  const plan = makePlan({
    addon: sampleAddon({ arches }),
    version: parseVersion(options.version ?? '1.2.3'),
    arches,
    publish: true,
    names: chooseImageNames({
      configured: options.image ?? 'ghcr.io/owner/{arch}-example',
      image: undefined,
      registry: undefined,
      also: options.also,
    }),
    source: { revision: undefined, dirty: false, url: undefined, epochSeconds: 1_767_225_600 },
    hostPlatform: 'linux/amd64',
    builders: [],
    dockerfiles: new Map(
      arches.map((arch) => [arch, { file: inSampleAddon('Dockerfile'), content }]),
    ),
    buildArgs: {},
    baseMirrors: options.baseMirrors ?? [],
    noCache: false,
    channel: undefined,
    settings: { optionalArches: [], sign: undefined, attest: options.attest },
  });
  return { ...plan, folder: options.folder ?? plan.folder };
}
