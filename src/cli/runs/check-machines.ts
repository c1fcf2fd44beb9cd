import { platformOf, type Arch } from '../../addon/arch.js';
import { findBuilder, inspectBuilder, type FoundBuilder } from '../../engine/builder-nodes.js';
import { installEmulators } from '../../engine/builder.js';
import { readEngine } from '../../engine/docker.js';
import { probePlatforms, type PlatformProbe } from '../../engine/emulation.js';
import { AddonReleaseError } from '../../errors.js';
import type { ReleaseOptions } from '../../pipeline/options.js';
import {
  assignMachine,
  isEmulated,
  isTestEmulated,
  listProbePlaces,
  type ArchMachine,
  type BuilderChoice,
  type ProbePlace,
} from '../../plan/machine.js';
import { renderMachine } from '../../report/machine-text.js';

/** One thing that a release needs, and whether it is there. */
export interface Finding {
  readonly name: string;
  readonly ok: boolean;
  readonly found: string;
  /** The command or change that mends it. */
  readonly mend?: string | undefined;
}

interface MachinesCheck {
  readonly builders: ReleaseOptions['builders'];
  readonly arches: readonly Arch[];
  /** An existing folder that may be written to. */
  readonly folder: string;
  /** Installs what is missing on the engine in use. */
  readonly fix: boolean;
  readonly signal: AbortSignal;
}

/** What `--fix` does too. */
export const MEND_EMULATION =
  'docker run --privileged --rm tonistiigi/binfmt --install all (Debian: apt-get install qemu-user-static binfmt-support)';

/** @throws `error` itself when it is none that a user can mend */
export function describe(error: unknown): Pick<Finding, 'found' | 'mend'> {
  if (!(error instanceof AddonReleaseError)) throw error;
  const detail = error.output === undefined ? '' : `: ${error.output.trim().split('\n')[0] ?? ''}`;
  return { found: `${error.message}${detail}`, mend: error.hint };
}

function describeBuilder({ builder: { driver, nodes } }: FoundBuilder): string {
  const machines = nodes.map(({ name, platform, context }) => {
    const engine = context === undefined ? '' : `, context ${context}`;
    return `${nodes.length === 1 ? '' : `${name} `}${platform}${engine}`;
  });
  return `${driver}: ${machines.join('; ')}`;
}

interface Planned {
  readonly arch: Arch;
  readonly machine: ArchMachine;
  readonly emulated: boolean;
}

function describeProbe(probe: PlatformProbe, planned: readonly Planned[]): Finding {
  const { arch, builder, works, message, platform } = probe;
  const machine = planned.find((one) => one.arch === arch)?.machine;
  const name = `${arch} (${platformOf(arch)})`;
  if (builder === 'engine' || machine === undefined) {
    const mend = works ? undefined : MEND_EMULATION;
    const found = works ? 'ran a program where it is tested, emulated' : message;
    return { name: `${name} tests`, ok: works, found, mend };
  }
  if (!works) return { name, ok: false, found: message, mend: MEND_EMULATION };
  const emulated =
    platform === undefined ? machine.emulated : isEmulated(platformOf(arch), platform);
  return { name, ok: true, found: `ran a program: ${renderMachine({ ...machine, emulated })}` };
}

/** Checks every builder that is asked for, or the one in use; then every architecture on the machine it would get. */
export async function checkMachines(check: MachinesCheck): Promise<readonly Finding[]> {
  const { builders, signal } = check;
  const { platform: enginePlatform } = await readEngine(signal);
  const findings: Finding[] = [];
  const found = new Map<string | undefined, FoundBuilder>();
  const wanted = builders.length > 0 ? builders : [{ arch: undefined, name: undefined }];
  for (const builderName of new Set(wanted.map(({ name }) => name))) {
    const name = `builder ${builderName ?? '(in use)'}`;
    try {
      const one = await findBuilder(await inspectBuilder(builderName, { boot: true, signal }), {
        enginePlatform,
        signal,
      });
      found.set(builderName, one);
      findings.push(
        { name, ok: true, found: describeBuilder(one) },
        ...one.warnings.map((warning) => ({ name, ok: false, found: warning })),
      );
    } catch (error) {
      findings.push({ name, ok: false, ...describe(error) });
    }
  }
  const choices = wanted.flatMap(({ arch, name }): BuilderChoice[] => {
    const builder = found.get(name)?.builder;
    return builder === undefined ? [] : [{ arch, builder }];
  });
  const planned = check.arches.map((arch): Planned => {
    const machine = assignMachine(arch, platformOf(arch), choices, enginePlatform);
    const emulated = isTestEmulated(platformOf(arch), machine, enginePlatform);
    return { arch, machine, emulated };
  });
  // The processors' own programs are run too: it costs little, and shows that something can be built at all.
  const places = planned.flatMap(({ arch, machine, emulated }): readonly ProbePlace[] => {
    const listed = listProbePlaces({ arch, machine, emulated });
    const { builder: name, context } = machine;
    return listed.length > 0 ? listed : [{ arch, builder: { name }, context }];
  });
  const probe = () => probePlatforms(places, check);
  let probes = await probe();
  if (check.fix && probes.some(({ works }) => !works)) {
    await installEmulators(signal);
    probes = await probe();
  }
  return [...findings, ...probes.map((one) => describeProbe(one, planned))];
}
