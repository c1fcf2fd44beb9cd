import { DockerfileParser } from 'dockerfile-ast';

/** An image that a Dockerfile takes from a registry, or a stage that it refers to. */
interface ImageUse {
  /** As written: may hold `${ARG}` references. */
  readonly text: string;
  readonly line: number;
  readonly column: number;
}

interface Stage {
  readonly index: number;
  readonly name: string | undefined;
  readonly from: ImageUse;
  /** The value of `--platform`, as written. */
  readonly platform: string | undefined;
  /** `COPY --from` and `RUN --mount=…,from=` sources. */
  readonly sources: readonly ImageUse[];
}

/** What the planner needs to know of a Dockerfile. Lines and columns count from 1. */
export interface Dockerfile {
  readonly stages: readonly Stage[];
  /** Defaults of the `ARG`s before the first `FROM`. */
  readonly globalArgs: ReadonlyMap<string, string | undefined>;
}

/** An image that has to be pulled to build the last stage. */
export interface BaseImageUse {
  /** With all arguments filled in. */
  readonly reference: string;
  /** `build` for `FROM --platform=$BUILDPLATFORM`, a platform string if one is written there, else `target`. */
  readonly platform: 'build' | 'target' | (string & {});
  readonly line: number;
  readonly column: number;
}

export interface UnresolvedImage {
  readonly text: string;
  /** The argument that has neither a default nor a value. */
  readonly argument: string;
  readonly line: number;
  readonly column: number;
}

function unquote(text: string): string {
  return /^(["']).*\1$/.test(text) ? text.slice(1, -1) : text;
}

/** Reads the stages of a Dockerfile. https://docs.docker.com/reference/dockerfile/#from */
export function parseDockerfile(text: string): Dockerfile {
  const parsed = DockerfileParser.parse(text);
  const stages: Stage[] = [];
  const sources: ImageUse[][] = [];
  const froms = parsed.getFROMs();
  for (const instruction of parsed.getInstructions()) {
    const keyword = instruction.getKeyword().toUpperCase();
    const start = instruction.getRange().start;
    if (keyword === 'FROM') {
      const from = froms[stages.length];
      const imageRange = from?.getImageRange();
      const stageSources: ImageUse[] = [];
      sources.push(stageSources);
      stages.push({
        index: stages.length,
        name: from?.getBuildStage() ?? undefined,
        platform: from?.getPlatformFlag()?.getValue() ?? undefined,
        from: {
          text: unquote(from?.getImage() ?? ''),
          line: (imageRange?.start.line ?? start.line) + 1,
          column: (imageRange?.start.character ?? start.character) + 1,
        },
        sources: stageSources,
      });
      continue;
    }
    const flags = 'getFlags' in instruction ? (instruction.getFlags as () => Flag[])() : [];
    for (const source of flags.flatMap(flagSource)) {
      sources.at(-1)?.push({ text: source, line: start.line + 1, column: start.character + 1 });
    }
  }
  const globalArgs = new Map<string, string | undefined>();
  for (const arg of parsed.getInitialARGs()) {
    const property = arg.getProperty();
    if (property !== null) globalArgs.set(property.getName(), property.getValue() ?? undefined);
  }
  return { stages, globalArgs };
}

interface Flag {
  getName(): string;
  getValue(): string | null;
}

function flagSource(flag: Flag): string[] {
  const value = flag.getValue() ?? '';
  if (flag.getName() === 'from') return [value];
  if (flag.getName() !== 'mount') return [];
  return value.split(',').flatMap((part) => (part.startsWith('from=') ? [part.slice(5)] : []));
}

const REFERENCE = /\$(?:\{([A-Za-z_]\w*)(?:(:?[-+])([^}]*))?\}|([A-Za-z_]\w*))/g;

/** Fills in `$NAME`, `${NAME}`, `${NAME:-default}` and `${NAME:+text}`. Undefined names the missing argument. */
function substitute(
  text: string,
  values: (name: string) => string | undefined,
): { readonly text: string; readonly missing: string | undefined } {
  let missing: string | undefined;
  const result = text.replace(
    REFERENCE,
    (_all, braced?: string, operator?: string, word?: string, bare?: string) => {
      const name = braced ?? bare ?? '';
      const value = values(name);
      const isSet = value !== undefined && (value !== '' || operator?.startsWith(':') !== true);
      if (operator?.endsWith('+') === true) return isSet ? (word ?? '') : '';
      if (isSet) return value;
      if (operator?.endsWith('-') === true) return word ?? '';
      missing ??= name;
      return '';
    },
  );
  return { text: result, missing };
}

/** Stages that the last one needs, itself included; BuildKit builds no others. */
function reachableStages(dockerfile: Dockerfile): ReadonlySet<number> {
  const reached = new Set<number>();
  const find = (text: string, before: number): number | undefined => {
    const named = dockerfile.stages.findIndex(
      (stage) => stage.index < before && stage.name?.toLowerCase() === text.toLowerCase(),
    );
    if (named >= 0) return named;
    return /^\d+$/.test(text) && Number(text) < before ? Number(text) : undefined;
  };
  const visit = (index: number): void => {
    const stage = dockerfile.stages[index];
    if (stage === undefined || reached.has(index)) return;
    reached.add(index);
    for (const use of [stage.from, ...stage.sources]) {
      const next = find(use.text, index);
      if (next !== undefined) visit(next);
    }
  };
  visit(dockerfile.stages.length - 1);
  return reached;
}

/**
 * The images that building the last stage pulls, each once per platform, with `args` (build arguments) filled in
 * over the Dockerfile's own defaults.
 */
export function listBaseImages(
  dockerfile: Dockerfile,
  args: Readonly<Record<string, string>>,
  platform: { readonly build: string; readonly target: string },
): { readonly images: readonly BaseImageUse[]; readonly unresolved: readonly UnresolvedImage[] } {
  const images = new Map<string, BaseImageUse>();
  const unresolved: UnresolvedImage[] = [];
  const value = (name: string): string | undefined => {
    if (name === 'BUILDPLATFORM') return platform.build;
    if (name === 'TARGETPLATFORM') return platform.target;
    if (name === 'TARGETARCH') return platform.target.split('/')[1];
    if (name === 'TARGETVARIANT') return platform.target.split('/')[2] ?? '';
    if (name === 'BUILDARCH') return platform.build.split('/')[1];
    return dockerfile.globalArgs.has(name)
      ? (args[name] ?? dockerfile.globalArgs.get(name))
      : undefined;
  };
  const stageNames = new Set(dockerfile.stages.map((stage) => stage.name?.toLowerCase()));
  const add = (use: ImageUse, wanted: string | undefined): void => {
    const { text, missing } = substitute(use.text, value);
    const { line, column } = use;
    if (missing !== undefined) {
      unresolved.push({ text: use.text, argument: missing, line, column });
      return;
    }
    if (text === 'scratch' || text === '' || /^\d+$/.test(text)) return;
    if (stageNames.has(text.toLowerCase())) return;
    const resolved = wanted === undefined ? platform.target : substitute(wanted, value).text;
    const kind =
      resolved === platform.target ? 'target' : resolved === platform.build ? 'build' : resolved;
    const key = `${text} ${kind}`;
    if (!images.has(key)) images.set(key, { reference: text, platform: kind, line, column });
  };
  const reachable = reachableStages(dockerfile);
  for (const stage of dockerfile.stages) {
    if (!reachable.has(stage.index)) continue;
    add(stage.from, stage.platform);
    for (const source of stage.sources) add(source, undefined);
  }
  return { images: [...images.values()], unresolved };
}
