import { platformOf, type Arch } from '../../addon/arch.js';
import {
  listNeeded,
  readBuildFile,
  type BuildFile,
  type BuildStage,
  type Step,
} from './build-file.js';
import { isBuildOnlyPackage } from './build-only.js';
import { isInImage, listPackageCommands } from './rule-parts.js';
import type { TextFile } from '../text-file.js';

/**
 * How an instruction's programs are executed: by this machine's processor for itself, by it for another
 * architecture, or by an emulator.
 */
export type Execution = 'native' | 'cross' | 'emulated';

export interface StepExecution {
  readonly stage: BuildStage;
  readonly step: Step;
  readonly execution: Execution;
}

/** A step of a recorded build. */
export interface RecordedStep {
  readonly arch: Arch;
  /** As BuildKit numbers it: `builder 3/5`; `3/5` in a file with one stage. */
  readonly label: string;
  /** As BuildKit names it, which tells whether the file still has it. */
  readonly instruction: string;
  readonly seconds: number;
}

/** What was recorded of an add-on's builds. */
export interface RecordedBuild {
  /** The architecture of the machine that built. */
  readonly host: Arch;
  /** Of equal steps, the first counts. */
  readonly steps: readonly RecordedStep[];
}

/** Programs of i386 run on an amd64 processor as they are. */
function isNative(target: Arch, host: Arch): boolean {
  return (
    target === host ||
    (host === 'amd64' && target === 'i386') ||
    (host === 'armv7' && target === 'armhf')
  );
}

/** How each RUN of the stages that are built is executed. Other instructions execute nothing. */
export function listExecutions(
  file: BuildFile,
  target: Arch,
  host: Arch,
): readonly StepExecution[] {
  const needed = listNeeded(file, target, host);
  return file.stages
    .filter(({ index }) => needed.has(index))
    .flatMap((stage) =>
      stage.steps
        .filter(({ keyword }) => keyword === 'RUN')
        .map((step) => ({ stage, step, execution: executionOf(stage, step, target, host) })),
    );
}

function executionOf(stage: BuildStage, step: Step, target: Arch, host: Arch): Execution {
  if (isNative(target, host)) return 'native';
  if (stage.platform === 'fixed') {
    const platform = stage.from.flags.find(({ name }) => name === 'platform')?.value ?? '';
    return platform === platformOf(host) ? 'native' : 'emulated';
  }
  if (stage.platform === 'target') return 'emulated';
  return [...step.variables.keys()].some((name) => name.startsWith('TARGET')) ? 'cross' : 'native';
}

type Work = 'go' | 'rust' | 'node' | 'native-node' | 'c' | 'python';

interface Advice {
  /** How long it takes emulated, against other kinds of work: used when no build was recorded. */
  readonly weight: number;
  /** Emulated seconds per native second. Compilers were measured at ten. */
  readonly factor: number;
  readonly change: string;
}

const BUILD_PLATFORM = '`FROM --platform=$BUILDPLATFORM`';

const ADVICE: Readonly<Record<Work, Advice>> = {
  rust: {
    weight: 10,
    factor: 10,
    change: `${BUILD_PLATFORM}, \`ARG TARGETARCH\`, and \`cargo build --target\` with the cross linker of Debian (\`gcc-aarch64-linux-gnu\`)`,
  },
  c: {
    weight: 8,
    factor: 10,
    change: `${BUILD_PLATFORM}, \`ARG TARGETARCH\`, and a cross compiler: Debian's \`crossbuild-essential-arm64\` or \`gcc-aarch64-linux-gnu\`, or tonistiigi/xx`,
  },
  go: {
    weight: 7,
    factor: 10,
    change: `${BUILD_PLATFORM}, \`ARG TARGETOS TARGETARCH\`, and \`GOOS=$TARGETOS GOARCH=$TARGETARCH go build\``,
  },
  python: {
    weight: 6,
    factor: 10,
    change:
      'wheels that are built already: `--only-binary=:all:` with versions that have some, https://wheels.home-assistant.io on Alpine (set in the base images) or https://www.piwheels.org for armv7',
  },
  node: {
    weight: 5,
    factor: 6,
    change: `${BUILD_PLATFORM}: what a bundler writes is the same for every architecture, so it is built once, natively`,
  },
  'native-node': {
    weight: 5,
    factor: 6,
    change: `${BUILD_PLATFORM} in a stage of its own for what is bundled or transpiled; modules with native code have to be installed in this one`,
  },
};

const C_COMPILERS =
  /^(?:.*-)?(?:gcc|g\+\+|cc|c\+\+|clang(?:\+\+)?|make|gmake|cmake|ninja|meson|configure|ccmake|qmake|scons|bear)(?:-\d+)?$/;

const withCompiler = new WeakMap<BuildStage, boolean>();

function installsCompiler(stage: BuildStage): boolean {
  const known = withCompiler.get(stage);
  if (known !== undefined) return known;
  const installs = stage.steps.some((step) =>
    listPackageCommands(step).some(
      ({ manager, packages }) =>
        (manager === 'apt' || manager === 'apk') &&
        packages.some(({ text }) => isBuildOnlyPackage(text)),
    ),
  );
  withCompiler.set(stage, installs);
  return installs;
}

/** The kind of compilation that a RUN does, where there is one. */
function workOf(stage: BuildStage, step: Step): Work | undefined {
  for (const install of listPackageCommands(step)) {
    const { manager, kind, verb } = install;
    if (manager === 'go' && (kind === 'build' || verb === 'install')) return 'go';
    if (manager === 'cargo' && (kind === 'build' || verb === 'install' || verb === 'chef cook'))
      return 'rust';
    const isPython = manager === 'pip' || manager === 'uv' || manager === 'poetry';
    const binaryOnly = install.options.some(({ text }) => text.startsWith('--only-binary'));
    if (isPython && !binaryOnly && installsCompiler(stage)) return 'python';
  }
  for (const { words } of step.commands) {
    const [program = '', ...rest] = words.map(({ text }) => text);
    const name = program.replace(/^.*\//, '');
    if (C_COMPILERS.test(name)) return 'c';
    const runs =
      /^(?:npm|pnpm|yarn|npx)$/.test(name) &&
      rest.some((word) => /^(?:build|bundle|compile)/.test(word));
    if (runs || /^(?:tsc|vite|webpack|esbuild|rollup|next)$/.test(name)) {
      return installsCompiler(stage) ? 'native-node' : 'node';
    }
  }
  return undefined;
}

/** The change of a Dockerfile that saves the most time of emulation. */
export interface EmulationAdvice {
  readonly stage: BuildStage;
  readonly step: Step;
  readonly work: Work;
  readonly change: string;
  /** The stage is (part of) the image, so the compilation needs a stage of its own first. */
  readonly needsOwnStage: boolean;
  readonly arches: readonly Arch[];
  /** Seconds that the stage's compilations took emulated, over all `arches`; undefined without a recorded build. */
  readonly seconds: number | undefined;
  /** Seconds expected to be saved by the change; undefined without a recorded build. */
  readonly gainSeconds: number | undefined;
}

/**
 * Finds the one change with the largest expected gain.
 *
 * @param host the architecture of the machine that builds
 * @param recorded steps of a build on such a machine; without them, kinds of work are compared by experience
 */
export function adviseOnEmulation(
  dockerfile: TextFile,
  arches: readonly Arch[],
  host: Arch,
  recorded: readonly RecordedStep[] = [],
): EmulationAdvice | undefined {
  const file = readBuildFile(dockerfile, arches);
  const secondsOf = createLookup(file, recorded);
  const options = new Map<string, { readonly advice: EmulationAdvice; readonly score: number }>();
  for (const arch of arches) {
    for (const { stage, step, execution } of listExecutions(file, arch, host)) {
      const work = execution === 'emulated' ? workOf(stage, step) : undefined;
      if (work === undefined) continue;
      const { weight, factor, change } = ADVICE[work];
      const key = `${stage.index} ${work}`;
      const known = options.get(key);
      const before = known?.advice;
      const seconds = secondsOf(arch, stage, step);
      const gain = seconds === undefined ? undefined : seconds * (1 - 1 / factor);
      const gainSeconds = sum(before?.gainSeconds, gain);
      const told = before?.arches ?? [];
      const advice: EmulationAdvice = {
        stage,
        step: before?.step ?? step,
        work,
        change,
        needsOwnStage: work !== 'python' && isInImage(file, stage),
        arches: told.includes(arch) ? told : [...told, arch],
        seconds: sum(before?.seconds, seconds),
        gainSeconds,
      };
      options.set(key, { advice, score: gainSeconds ?? (known?.score ?? 0) + weight });
    }
  }
  const all = [...options.values()];
  const hasTimes = all.some(({ advice }) => advice.gainSeconds !== undefined);
  const [best] = all
    .filter(({ advice }) => !hasTimes || advice.gainSeconds !== undefined)
    .sort((a, b) => b.score - a.score);
  return best?.advice;
}

function sum(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined && b === undefined ? undefined : (a ?? 0) + (b ?? 0);
}

function createLookup(
  file: BuildFile,
  recorded: readonly RecordedStep[],
): (arch: Arch, stage: BuildStage, step: Step) => number | undefined {
  return (arch, stage, step) => {
    const name = nameOf(file, stage);
    return recorded.find(
      (one) =>
        one.arch === arch && stageOf(one.label) === name && isSame(one.instruction, step.rest.text),
    )?.seconds;
  };
}

/** The name that BuildKit gives a stage; a file with one stage needs none. */
function nameOf({ stages }: BuildFile, { name, index }: BuildStage): string {
  if (name !== undefined) return name.toLowerCase();
  return stages.length === 1 ? '' : `stage-${index}`;
}

/** `builder 3/5` without the number: whether FROM is counted depends on where its image comes from. */
function stageOf(label: string): string {
  return label.replace(/ ?\d+\/\d+$/, '');
}

/** BuildKit joins lines, and tells the flags too. */
function isSame(instruction: string, text: string): boolean {
  const compact = (one: string): string => one.replaceAll(/[\s\\]+/g, '');
  return compact(instruction).endsWith(compact(text));
}
