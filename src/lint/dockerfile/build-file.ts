import { ARCHES, platformOf, type Arch } from '../../addon/arch.js';
import { listPlatformArgs, splitInstructions, substitute } from '../../plan/dockerfile.js';
import type { TextFile } from '../text-file.js';
import {
  listCommands,
  listMounts,
  listWords,
  readInstruction,
  type Instruction,
  type Mount,
} from './instruction.js';
import type { ShellCommand } from './shell.js';

/** An instruction with what holds where it stands. */
export interface Step extends Instruction {
  /** What `ARG` and `ENV` have declared there; undefined where the file alone does not say the value. */
  readonly variables: ReadonlyMap<string, string | undefined>;
  readonly user: string | undefined;
  readonly workdir: string;
  /** Of a RUN. */
  readonly commands: readonly ShellCommand[];
  /** Of a RUN. */
  readonly mounts: readonly Mount[];
}

export interface BuildStage {
  readonly index: number;
  readonly name: string | undefined;
  readonly from: Instruction;
  /** The image or stage, arguments filled in as far as the file says them. */
  readonly base: string;
  /** As it is written. */
  readonly baseText: string;
  readonly baseStart: number;
  /** The stages that it continues: several where `FROM base-${TARGETARCH}` chooses by architecture. */
  readonly parents: readonly number[];
  /** `build`: `--platform=$BUILDPLATFORM`. `fixed`: a platform that is written there. */
  readonly platform: 'target' | 'build' | 'fixed';
  /** Without the FROM. */
  readonly steps: readonly Step[];
  /** Where it ends: the user and variables that a container of it has. */
  readonly end: Pick<Step, 'variables' | 'user' | 'workdir'>;
}

/** A Dockerfile as the rules see it. */
export interface BuildFile {
  readonly file: TextFile;
  /** The ARGs before the first FROM. */
  readonly globals: readonly Instruction[];
  /** What else stands there, where the builder takes nothing else. */
  readonly misplaced: readonly Instruction[];
  readonly stages: readonly BuildStage[];
  /** The stage that becomes the image; undefined in a file without a FROM. */
  readonly last: BuildStage | undefined;
  /** By name in lower case; the last of equal names. */
  readonly stagesByName: ReadonlyMap<string, BuildStage>;
  /** Stages that the last one needs for one of the architectures at least, itself included. */
  readonly needed: ReadonlySet<number>;
}

/** More variables than anyone declares are not followed. */
const MAX_VARIABLES = 1000;

/** What machines are that build. */
const HOSTS = ['amd64', 'aarch64'] as const satisfies readonly Arch[];

const known = new WeakMap<TextFile, Map<string, BuildFile>>();

/**
 * Reads a Dockerfile, once per file and choice of architectures.
 *
 * @param arches what is built from it: stages that only others need count as not needed
 */
export function readBuildFile(file: TextFile, arches: readonly Arch[] = ARCHES): BuildFile {
  const results = known.get(file) ?? new Map<string, BuildFile>();
  known.set(file, results);
  const key = arches.join(' ');
  const before = results.get(key);
  if (before !== undefined) return before;
  const result = parseBuildFile(file, arches);
  results.set(key, result);
  return result;
}

type Variables = Map<string, string | undefined>;

function parseBuildFile(file: TextFile, arches: readonly Arch[]): BuildFile {
  const { instructions: spans, escape } = splitInstructions(file.text, file);
  const globals: Instruction[] = [];
  const misplaced: Instruction[] = [];
  const globalValues: Variables = new Map();
  const stages: BuildStage[] = [];
  const stagesByName = new Map<string, BuildStage>();
  let body: Instruction[] = [];
  let from: Instruction | undefined;
  let choices: readonly Variables[] | undefined;
  const endStage = (): void => {
    if (from !== undefined) {
      choices ??= arches.flatMap((target) =>
        HOSTS.map((host) => fillGlobals(globals, target, host)),
      );
      const parents = findParents(from, [globalValues, ...choices], stagesByName);
      const stage = makeStage(stages.length, parents, from, body, globalValues);
      stages.push(stage);
      if (stage.name !== undefined) stagesByName.set(stage.name.toLowerCase(), stage);
    }
    body = [];
  };
  for (const span of spans) {
    const instruction = readInstruction(file.text, span, escape);
    if (instruction.keyword === 'FROM') {
      endStage();
      from = instruction;
    } else if (from !== undefined) {
      body.push(instruction);
    } else if (instruction.keyword === 'ARG') {
      globals.push(instruction);
      declareArgs(instruction, globalValues, undefined);
    } else {
      misplaced.push(instruction);
    }
  }
  endStage();
  const needed = findNeeded({ stages, stagesByName }, ({ parents }) => parents);
  return { file, globals, misplaced, stages, last: stages.at(-1), stagesByName, needed };
}

function fill(text: string, values: ReadonlyMap<string, string | undefined>): string | undefined {
  const result = substitute(text, (name) => values.get(name));
  return result.missing === undefined ? result.text : undefined;
}

/** The ARGs before the first FROM as they are for one architecture on a machine of another. */
function fillGlobals(globals: readonly Instruction[], target: Arch, host: Arch): Variables {
  const values: Variables = listPlatformArgs({
    build: platformOf(host),
    target: platformOf(target),
  });
  for (const instruction of globals) declareArgs(instruction, values, values);
  return values;
}

/** The stages that a FROM may continue; the first choice that names one without a platform is the only one. */
function findParents(
  from: Instruction,
  [plain, ...choices]: readonly [Variables, ...Variables[]],
  before: ReadonlyMap<string, BuildStage>,
): readonly BuildStage[] {
  const text = listWords(from)[0]?.text ?? '';
  const find = (values: Variables) => before.get((fill(text, values) ?? text).toLowerCase());
  const always = find(plain);
  if (always !== undefined) return [always];
  if (!text.includes('$')) return [];
  return [...new Set(choices.flatMap((values) => find(values) ?? []))];
}

/** What all stages agree on; undefined where they do not. */
function agreed<T>(values: readonly T[]): T | undefined {
  return values.every((value) => value === values[0]) ? values[0] : undefined;
}

function inheritVariables(parents: readonly BuildStage[]): Variables {
  const [first, ...others] = parents.map(({ end }) => end.variables);
  const variables: Variables = new Map(first);
  for (const [name, value] of others.flatMap((one) => [...one])) {
    declare(variables, name, variables.get(name) === value ? value : undefined);
  }
  return variables;
}

function makeStage(
  index: number,
  parents: readonly BuildStage[],
  from: Instruction,
  body: readonly Instruction[],
  globals: Variables,
): BuildStage {
  const words = listWords(from);
  const baseText = words[0]?.text ?? '';
  const base = fill(baseText, globals) ?? baseText;
  const name = words[1]?.text.toUpperCase() === 'AS' ? words[2]?.text : undefined;
  const platform = from.flags.find((flag) => flag.name === 'platform')?.value;
  let variables = inheritVariables(parents);
  let user = agreed(parents.map(({ end }) => end.user));
  let workdir = agreed(parents.map(({ end }) => end.workdir)) ?? '/';
  const steps: Step[] = [];
  for (const instruction of body) {
    const isRun = instruction.keyword === 'RUN';
    if (instruction.keyword === 'USER') {
      const text = listWords(instruction)[0]?.text ?? '';
      user = fill(text, variables) ?? text;
    } else if (instruction.keyword === 'WORKDIR') {
      const text = listWords(instruction)[0]?.text ?? '';
      const path = fill(text, variables) ?? text;
      workdir = path.startsWith('/') ? path : `${workdir.replace(/\/$/, '')}/${path}`;
    } else if (instruction.keyword === 'ARG') {
      variables = new Map(variables);
      declareArgs(instruction, variables, globals);
    } else if (instruction.keyword === 'ENV') {
      variables = new Map(variables);
      declareEnv(instruction, variables);
    }
    steps.push({
      ...instruction,
      variables,
      user,
      workdir,
      commands: isRun ? listCommands(instruction) : [],
      mounts: isRun ? listMounts(instruction) : [],
    });
  }
  return {
    index,
    name,
    from,
    base,
    baseText,
    baseStart: words[0]?.start ?? from.start,
    parents: parents.map((parent) => parent.index),
    platform: readPlatform(platform, parents),
    steps,
    end: { variables, user, workdir },
  };
}

function readPlatform(
  flag: string | undefined,
  parents: readonly BuildStage[],
): BuildStage['platform'] {
  if (flag === undefined) return agreed(parents.map(({ platform }) => platform)) ?? 'target';
  if (/\$\{?BUILDPLATFORM\b/.test(flag)) return 'build';
  return /\$\{?TARGETPLATFORM\b/.test(flag) ? 'target' : 'fixed';
}

/** `NAME=value` and `NAME`, as in ARG and the modern form of ENV. */
export function listPairs(instruction: Instruction): readonly {
  readonly name: string;
  readonly value: string | undefined;
  readonly start: number;
}[] {
  const words = listWords(instruction);
  const [first, ...others] = words;
  if (instruction.keyword === 'ENV' && first !== undefined && !first.text.includes('=')) {
    const value = others.map(({ text }) => text).join(' ');
    return [{ name: first.text, value, start: first.start }];
  }
  return words.map(({ text, start }) => {
    const equals = text.indexOf('=');
    return equals === -1
      ? { name: text, value: undefined, start }
      : { name: text.slice(0, equals), value: text.slice(equals + 1), start };
  });
}

function declareArgs(
  instruction: Instruction,
  variables: Variables,
  globals: Variables | undefined,
): void {
  for (const { name, value } of listPairs(instruction)) {
    declare(variables, name, value === undefined ? globals?.get(name) : fill(value, variables));
  }
}

function declareEnv(instruction: Instruction, variables: Variables): void {
  for (const { name, value } of listPairs(instruction)) {
    declare(variables, name, fill(value ?? '', variables));
  }
}

function declare(variables: Variables, name: string, value: string | undefined): void {
  if (variables.has(name) || variables.size < MAX_VARIABLES) variables.set(name, value);
}

/** Where `COPY --from`, `ADD --from` and `RUN --mount=from=` take files from. */
export function listSources(step: Step): readonly string[] {
  const flags = step.flags.filter(({ name }) => name === 'from').map(({ value }) => value);
  const mounts = step.mounts.flatMap(({ options }) => options.get('from') ?? []);
  return [...flags, ...mounts];
}

/** The stage that a name or an index refers to. */
export function findStage(
  { stages, stagesByName }: Pick<BuildFile, 'stages' | 'stagesByName'>,
  source: string,
): BuildStage | undefined {
  const named = stagesByName.get(source.toLowerCase());
  return named ?? (/^\d+$/.test(source) ? stages[Number(source)] : undefined);
}

function findNeeded(
  { stages, stagesByName }: Pick<BuildFile, 'stages' | 'stagesByName'>,
  parentsOf: (stage: BuildStage) => readonly number[],
): ReadonlySet<number> {
  const needed = new Set<number>();
  const queue = stages.slice(-1);
  for (const stage of queue) {
    if (needed.has(stage.index)) continue;
    needed.add(stage.index);
    for (const parent of parentsOf(stage)) queue.push(...stages.slice(parent, parent + 1));
    for (const source of stage.steps.flatMap(listSources)) {
      const found = findStage({ stages, stagesByName }, source);
      if (found !== undefined && !needed.has(found.index)) queue.push(found);
    }
  }
  return needed;
}

/** Stages that the last one needs for one architecture, where `FROM base-${TARGETARCH}` chooses. */
export function listNeeded(file: BuildFile, target: Arch, host: Arch): ReadonlySet<number> {
  const values = fillGlobals(file.globals, target, host);
  return findNeeded(file, ({ parents, baseText }) => {
    const wanted = (fill(baseText, values) ?? baseText).toLowerCase();
    return parents.filter((index) => file.stages[index]?.name?.toLowerCase() === wanted);
  });
}
