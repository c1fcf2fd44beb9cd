import type { Arch } from '../addon/arch.js';

/** A buildx builder: one machine, or several as its nodes. */
export interface Builder {
  /** As buildx knows it; undefined = the one in use. */
  readonly name: string | undefined;
  /** "docker", "docker-container", "kubernetes", "remote" */
  readonly driver: string;
  readonly nodes: readonly BuilderNode[];
}

export interface BuilderNode {
  readonly name: string;
  /** What its processor runs itself: "linux/arm64". */
  readonly platform: string;
  /** Platforms that it was made responsible for, whatever others offer. */
  readonly fixed: readonly string[];
  /** Everything that it offers, its emulators' platforms too. */
  readonly platforms: readonly string[];
  /** The Docker context of the engine on this machine; undefined when there is none (Kubernetes, a bare buildkitd). */
  readonly context: string | undefined;
}

/** `--builder [ARCH=]NAME` */
export interface BuilderChoice {
  /** Undefined = for every architecture. */
  readonly arch: Arch | undefined;
  readonly builder: Builder;
}

/** Where an architecture is built, and where its image is kept and tested. */
export interface ArchMachine {
  /** The buildx builder; undefined = the one in use. */
  readonly builder: string | undefined;
  /** "docker" where the engine itself builds. */
  readonly driver: string;
  /** The builder's node; undefined when there is nothing to choose from. */
  readonly node: string | undefined;
  /** Of the machine that builds: "linux/arm64". */
  readonly platform: string;
  /** Built by QEMU. */
  readonly emulated: boolean;
  /** The Docker context whose engine gets and tests the image; undefined = the one in use. */
  readonly context: string | undefined;
}

/** 64-bit Arm processors usually run 32-bit Arm code themselves; amd64 ones always run 386 code. */
export function isEmulated(platform: string, hostPlatform: string): boolean {
  const [, host = ''] = hostPlatform.split('/');
  const [, architecture = ''] = platform.split('/');
  if (architecture === host) return false;
  return !(
    (host === 'arm64' && architecture === 'arm') ||
    (host === 'amd64' && architecture === '386')
  );
}

/**
 * The node that buildx sends a platform to: one that was made responsible for it, else the first that offers it.
 *
 * @see https://github.com/docker/buildx/blob/master/build/driver.go
 */
function chooseNode({ nodes }: Builder, platform: string): BuilderNode | undefined {
  return (
    nodes.find(({ fixed }) => fixed.includes(platform)) ??
    nodes.find(({ platforms }) => platforms.includes(platform)) ??
    nodes.find((node) => !isEmulated(platform, node.platform)) ??
    nodes[0]
  );
}

function describeMachine(builder: Builder, platform: string): ArchMachine | undefined {
  const node = chooseNode(builder, platform);
  if (node === undefined) return undefined;
  const emulated = isEmulated(platform, node.platform);
  return {
    builder: builder.name,
    driver: builder.driver,
    node: builder.nodes.length > 1 ? node.name : undefined,
    platform: node.platform,
    emulated,
    // Where QEMU has to run it anyway, that is done here; a Docker context as a builder has its images to itself.
    context: builder.driver === 'docker' || !emulated ? node.context : undefined,
  };
}

/**
 * Decides which machine builds an architecture: the one named for it; else one whose processor runs it, those for
 * every architecture first; else the first.
 *
 * @param enginePlatform of the engine in use, which builds when nothing else is given
 */
export function assignMachine(
  arch: Arch,
  platform: string,
  choices: readonly BuilderChoice[],
  enginePlatform: string,
): ArchMachine {
  const named = choices.filter((choice) => choice.arch === arch);
  const common = choices.filter((choice) => choice.arch === undefined);
  const others = choices.filter((choice) => choice.arch !== undefined && choice.arch !== arch);
  const here: ArchMachine = {
    builder: undefined,
    driver: 'docker',
    node: undefined,
    platform: enginePlatform,
    emulated: isEmulated(platform, enginePlatform),
    context: undefined,
  };
  const describe = (list: readonly BuilderChoice[]) =>
    list.flatMap(({ builder }) => describeMachine(builder, platform) ?? []);
  const own = describe(named);
  const usual = common.length === 0 ? [here] : describe(common);
  const candidates = own.length > 0 ? own : [...usual, ...describe(others)];
  return candidates.find(({ emulated }) => !emulated) ?? candidates[0] ?? here;
}

/** Whether QEMU runs an image of a platform in the engine that tests it. */
export function isTestEmulated(
  platform: string,
  machine: ArchMachine,
  enginePlatform: string,
): boolean {
  // An engine behind a context is the builder's own machine.
  const tester = machine.context === undefined ? enginePlatform : machine.platform;
  return isEmulated(platform, tester);
}

/** A program to be run for an architecture, and where. */
export interface ProbePlace {
  readonly arch: Arch;
  /** `engine`: the Docker engine itself, whichever builder is in use; else a builder, by default the one in use. */
  readonly builder: { readonly name: string | undefined } | 'engine';
  /** Undefined = the engine in use. */
  readonly context: string | undefined;
}

/**
 * Where it must be proved that programs of an architecture run: in its builder, and in the engine that tests it where
 * that is another one. An engine's own processor needs no proof.
 */
export function listProbePlaces({
  arch,
  machine,
  emulated,
}: {
  readonly arch: Arch;
  readonly machine: ArchMachine;
  /** Where it is tested. */
  readonly emulated: boolean;
}): readonly ProbePlace[] {
  const { builder: name, driver, context } = machine;
  const isEngine = driver === 'docker';
  return [
    ...(machine.emulated || !isEngine ? [{ arch, builder: { name }, context }] : []),
    ...(emulated && !isEngine ? [{ arch, builder: 'engine' as const, context }] : []),
  ];
}
