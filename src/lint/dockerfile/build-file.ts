import { splitInstructions, substitute } from '../../plan/dockerfile.js';
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
  /** The stage that it continues. */
  readonly parent: number | undefined;
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
  readonly stages: readonly BuildStage[];
  /** The stage that becomes the image; undefined in a file without a FROM. */
  readonly last: BuildStage | undefined;
  /** By name in lower case; the last of equal names. */
  readonly stagesByName: ReadonlyMap<string, BuildStage>;
  /** Stages that the last one needs, itself included. */
  readonly needed: ReadonlySet<number>;
}

/** More variables than anyone declares are not followed. */
const MAX_VARIABLES = 1000;

const known = new WeakMap<TextFile, BuildFile>();

/** Reads a Dockerfile, once per file. */
export function readBuildFile(file: TextFile): BuildFile {
  const before = known.get(file);
  if (before !== undefined) return before;
  const result = parseBuildFile(file);
  known.set(file, result);
  return result;
}

type Variables = Map<string, string | undefined>;

function parseBuildFile(file: TextFile): BuildFile {
  const { instructions: spans, escape } = splitInstructions(file.text);
  const globals: Instruction[] = [];
  const globalValues: Variables = new Map();
  const stages: BuildStage[] = [];
  const stagesByName = new Map<string, BuildStage>();
  let body: Instruction[] = [];
  let from: Instruction | undefined;
  const endStage = (): void => {
    if (from !== undefined) {
      const stage = makeStage(stages.length, stagesByName, from, body, globalValues);
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
    }
  }
  endStage();
  const needed = findNeeded(stages, stagesByName);
  return { file, globals, stages, last: stages.at(-1), stagesByName, needed };
}

function fill(text: string, values: ReadonlyMap<string, string | undefined>): string | undefined {
  const result = substitute(text, (name) => values.get(name));
  return result.missing === undefined ? result.text : undefined;
}

function makeStage(
  index: number,
  before: ReadonlyMap<string, BuildStage>,
  from: Instruction,
  body: readonly Instruction[],
  globals: Variables,
): BuildStage {
  const words = listWords(from);
  const baseText = words[0]?.text ?? '';
  const base = fill(baseText, globals) ?? baseText;
  const name = words[1]?.text.toUpperCase() === 'AS' ? words[2]?.text : undefined;
  const parent = before.get(base.toLowerCase());
  const platform = from.flags.find((flag) => flag.name === 'platform')?.value;
  let variables: Variables = new Map(parent?.end.variables);
  let user = parent?.end.user;
  let workdir = parent?.end.workdir ?? '/';
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
    parent: parent?.index,
    platform: platformOf(platform, parent),
    steps,
    end: { variables, user, workdir },
  };
}

function platformOf(
  flag: string | undefined,
  parent: BuildStage | undefined,
): BuildStage['platform'] {
  if (flag === undefined) return parent?.platform ?? 'target';
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
  stages: readonly BuildStage[],
  stagesByName: ReadonlyMap<string, BuildStage>,
): ReadonlySet<number> {
  const needed = new Set<number>();
  const queue = stages.slice(-1);
  for (const stage of queue) {
    if (needed.has(stage.index)) continue;
    needed.add(stage.index);
    if (stage.parent !== undefined) queue.push(...stages.slice(stage.parent, stage.parent + 1));
    for (const source of stage.steps.flatMap(listSources)) {
      const found = findStage({ stages, stagesByName }, source);
      if (found !== undefined && !needed.has(found.index)) queue.push(found);
    }
  }
  return needed;
}
