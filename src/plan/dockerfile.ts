import { DockerfileParser } from 'dockerfile-ast';
import { parseArch, platformOf } from '../addon/arch.js';

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
  /** Labels whose value stands here word for word, of the last stage and those that it continues. */
  readonly labels: ReadonlySet<string>;
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

/** One instruction's place in the text. Offsets count UTF-16 code units from 0. */
export interface InstructionSpan {
  /** In upper case. */
  readonly keyword: string;
  readonly start: number;
  /** Behind the last character, here-documents included. */
  readonly end: number;
  readonly heredocs: readonly HeredocSpan[];
}

interface HeredocSpan {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

type Syntax = ReturnType<typeof DockerfileParser.parse>;

const SYNTAX = new WeakMap<object, Syntax>();

function parseSyntax(text: string, keeper: object | undefined): Syntax {
  const known = keeper === undefined ? undefined : SYNTAX.get(keeper);
  if (known !== undefined) return known;
  const syntax = DockerfileParser.parse(text);
  if (keeper !== undefined) SYNTAX.set(keeper, syntax);
  return syntax;
}

/**
 * Splits a Dockerfile into its instructions, continuation lines and here-documents included.
 *
 * @param keeper who keeps the text: what is asked for it again is not parsed again
 * @returns also the character that continues a line, which a directive can change
 */
export function splitInstructions(
  text: string,
  keeper?: object,
): {
  readonly instructions: readonly InstructionSpan[];
  readonly escape: string;
} {
  const parsed = parseSyntax(text, keeper);
  const lineStarts = listLineStarts(text);
  const offsetOf = ({ line, character }: { line: number; character: number }): number =>
    (lineStarts[line] ?? text.length) + character;
  const instructions = parsed.getInstructions().map((instruction): InstructionSpan => {
    const { start, end } = instruction.getRange();
    // Every instruction has the method, only RUN, COPY and ADD publish it.
    const heredocs = (instruction as unknown as { getHeredocs(): Heredoc[] }).getHeredocs();
    return {
      keyword: instruction.getKeyword().toUpperCase(),
      start: offsetOf(start),
      end: offsetOf(end),
      heredocs: heredocs.flatMap((heredoc) => {
        const range = heredoc.getContentRange() ?? heredoc.getDelimiterRange();
        if (range === null) return [];
        const isEmpty = heredoc.getContentRange() === null;
        const from = offsetOf(range.start);
        return [
          { name: heredoc.getName(), start: from, end: isEmpty ? from : offsetOf(range.end) },
        ];
      }),
    };
  });
  return { instructions, escape: parsed.getEscapeCharacter() };
}

interface Heredoc {
  getName(): string;
  getContentRange(): HeredocRange | null;
  getDelimiterRange(): HeredocRange | null;
}

interface HeredocRange {
  readonly start: { readonly line: number; readonly character: number };
  readonly end: { readonly line: number; readonly character: number };
}

/** Offset of each line's first character. Lines end as `vscode-languageserver-textdocument` sees them. */
function listLineStarts(text: string): readonly number[] {
  const starts = [0];
  for (const match of text.matchAll(/\r\n|\r|\n/g)) starts.push(match.index + match[0].length);
  return starts;
}

function unquote(text: string): string {
  return /^(["']).*\1$/.test(text) ? text.slice(1, -1) : text;
}

/**
 * Reads the stages of a Dockerfile. https://docs.docker.com/reference/dockerfile/#from
 *
 * @param keeper as for `splitInstructions`
 */
export function parseDockerfile(text: string, keeper?: object): Dockerfile {
  const parsed = parseSyntax(text, keeper);
  const stages: Stage[] = [];
  const sources: ImageUse[][] = [];
  const labels: Set<string>[] = [];
  const froms = parsed.getFROMs();
  for (const instruction of parsed.getInstructions()) {
    const keyword = instruction.getKeyword().toUpperCase();
    const start = instruction.getRange().start;
    if (keyword === 'FROM') {
      const from = froms[stages.length];
      const imageRange = from?.getImageRange();
      const stageSources: ImageUse[] = [];
      sources.push(stageSources);
      labels.push(new Set());
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
    if (keyword === 'LABEL') {
      for (const property of (instruction as unknown as Label).getProperties()) {
        if (property.getValue()?.includes('$') === false) labels.at(-1)?.add(property.getName());
      }
    }
    const flags = 'getFlags' in instruction ? (instruction.getFlags as () => Flag[])() : [];
    for (const source of flags.flatMap(flagSource)) {
      sources.at(-1)?.push({ text: source, line: start.line + 1, column: start.character + 1 });
    }
  }
  const globalArgs = new Map<string, string | undefined>();
  for (const property of parsed.getInitialARGs().flatMap((arg) => arg.getProperties())) {
    globalArgs.set(property.getName(), property.getValue() ?? undefined);
  }
  const own = new Set<string>();
  for (let stage = stages.at(-1); stage !== undefined;) {
    for (const label of labels[stage.index] ?? []) own.add(label);
    const parent: number | undefined = findStage({ stages }, stage.from.text, stage.index);
    stage = parent === undefined ? undefined : stages[parent];
  }
  return { stages, globalArgs, labels: own };
}

/** Only the instructions that have properties publish the method. */
interface Label {
  getProperties(): readonly { getName(): string; getValue(): string | null }[];
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

/** Fills in `$NAME`, `${NAME}`, `${NAME:-default}` and `${NAME:+text}`. `missing` names an argument without a value. */
export function substitute(
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

function firstReference(text: string): string | undefined {
  const [match] = text.matchAll(REFERENCE);
  return match?.[1] ?? match?.[4];
}

/** What names resolve to before the first stage: the platforms that BuildKit sets, and the global `ARG`s. */
interface GlobalValues {
  readonly values: ReadonlyMap<string, string>;
  /** Arguments whose default refers to one that has no value, with the name of that one. */
  readonly causes: ReadonlyMap<string, string>;
}

/**
 * `TARGETARCH`, `BUILDPLATFORM` and so on, which BuildKit sets.
 * https://docs.docker.com/reference/dockerfile/#automatic-platform-args-in-the-global-scope
 */
export function listPlatformArgs(platform: {
  readonly build: string;
  readonly target: string;
}): Map<string, string> {
  const values = new Map<string, string>();
  for (const [prefix, text] of [
    ['BUILD', platform.build],
    ['TARGET', platform.target],
  ] as const) {
    const [os = '', architecture = '', variant = ''] = text.split('/');
    values.set(`${prefix}PLATFORM`, text).set(`${prefix}OS`, os);
    values.set(`${prefix}ARCH`, architecture).set(`${prefix}VARIANT`, variant);
  }
  return values;
}

function fillGlobalArgs(
  { globalArgs }: Dockerfile,
  args: Readonly<Record<string, string>>,
  platform: { readonly build: string; readonly target: string },
): GlobalValues {
  const values = listPlatformArgs(platform);
  const causes = new Map<string, string>();
  for (const [name, fallback] of globalArgs) {
    const given = Object.hasOwn(args, name) ? args[name] : undefined;
    if (given !== undefined) {
      values.set(name, given);
    } else if (fallback !== undefined) {
      // A default may refer to the arguments before it.
      const { text, missing } = substitute(fallback, (other) => values.get(other));
      if (missing === undefined) values.set(name, text);
      else causes.set(name, causes.get(missing) ?? missing);
    }
  }
  return { values, causes };
}

/** The stage that a name or, for COPY and RUN, an index refers to. `FROM` sees only the stages before it. */
function findStage(
  dockerfile: Pick<Dockerfile, 'stages'>,
  text: string,
  before?: number,
): number | undefined {
  const named = dockerfile.stages.findLastIndex(
    ({ index, name }) => index < (before ?? Infinity) && name?.toLowerCase() === text.toLowerCase(),
  );
  if (named >= 0) return named;
  if (before !== undefined || !/^\d+$/.test(text)) return undefined;
  return Number(text) < dockerfile.stages.length ? Number(text) : undefined;
}

/** Stages that the last one needs, itself included; BuildKit builds no others. */
function reachableStages(
  dockerfile: Dockerfile,
  fill: (text: string) => string,
): ReadonlySet<number> {
  const reached = new Set<number>();
  const visit = (index: number | undefined): void => {
    const stage = index === undefined ? undefined : dockerfile.stages[index];
    if (stage === undefined || reached.has(stage.index)) return;
    reached.add(stage.index);
    visit(findStage(dockerfile, fill(stage.from.text), stage.index));
    for (const source of stage.sources) visit(findStage(dockerfile, fill(source.text)));
  };
  visit(dockerfile.stages.length - 1);
  return reached;
}

/** Docker takes `arm64` and `linux/arm64/v8` for `linux/arm64`. */
function normalizePlatform(text: string): string {
  const arch = parseArch(text);
  if (arch !== undefined) return platformOf(arch);
  return text.includes('/') ? text : `linux/${text}`;
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
  const { values, causes } = fillGlobalArgs(dockerfile, args, platform);
  const fill = (text: string) => substitute(text, (name) => values.get(name));
  const add = (use: ImageUse, wanted: string | undefined, before?: number): void => {
    const { text, missing } = fill(use.text);
    const chosen = wanted === undefined ? undefined : fill(wanted);
    const { line, column } = use;
    const empty = text === '' ? firstReference(use.text) : undefined;
    const argument = missing ?? empty ?? chosen?.missing;
    if (argument !== undefined) {
      const cause = causes.get(argument) ?? argument;
      unresolved.push({ text: use.text, argument: cause, line, column });
      return;
    }
    if (text === 'scratch' || text === '') return;
    if (findStage(dockerfile, text, before) !== undefined) return;
    const resolved = chosen === undefined ? platform.target : normalizePlatform(chosen.text);
    const kind =
      resolved === platform.target ? 'target' : resolved === platform.build ? 'build' : resolved;
    const key = `${text} ${kind}`;
    if (!images.has(key)) images.set(key, { reference: text, platform: kind, line, column });
  };
  const reachable = reachableStages(dockerfile, (text) => fill(text).text);
  for (const stage of dockerfile.stages) {
    if (!reachable.has(stage.index)) continue;
    add(stage.from, stage.platform, stage.index);
    for (const source of stage.sources) add(source, undefined);
  }
  return { images: [...images.values()], unresolved };
}
