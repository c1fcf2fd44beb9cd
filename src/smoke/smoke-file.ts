import { ARCHES, type Arch } from '../addon/arch.js';
import { describeValue } from '../addon/describe-value.js';
import { findFiles } from '../addon/files.js';
import { toPythonText } from '../addon/python-text.js';
import { PyDict, PyFloat, type PyValue } from '../addon/python-value.js';
import { candidateNames, describeVerdict, loadSourceFile } from '../addon/source-file.js';
import { between, dict, oneOf, strictBoolean, text } from '../addon/validate/rules.js';
import {
  allOf,
  anyOf,
  dictOf,
  fail,
  listOf as supervisorListOf,
  mapOf,
  optional,
  pass,
  required,
  type Issue,
  type Validator,
} from '../addon/validate/schema.js';
import { judge } from '../addon/validate/verdict.js';
import type { Problem } from '../problem.js';
import type { JsonObject } from '../supervisor/json.js';
import { toPlainObject } from '../addon/plain-json.js';
import { CHECK_IDS } from './check-list.js';

/** A set of options that the add-on is run with, laid over the config's defaults. */
export interface SmokeRun {
  readonly name: string;
  readonly options: PyDict;
}

/** A request and the answer that is expected. */
export interface HttpExpectation {
  readonly path: string;
  /** undefined = through ingress. */
  readonly port: number | undefined;
  readonly tls: boolean;
  /** undefined = anything below 400. */
  readonly status: number | undefined;
  readonly body: RegExp | undefined;
}

export interface CommandExpectation {
  /** Program and arguments, run inside the container without a shell. */
  readonly run: readonly string[];
  readonly exitCode: number;
  readonly output: RegExp | undefined;
}

export interface SkippedCheck {
  readonly check: string;
  /** undefined = on every architecture. */
  readonly arch: Arch | undefined;
  readonly reason: string;
}

/** undefined = no limit of the add-on's own. */
export interface SmokeLimits {
  readonly startSeconds: number | undefined;
  /** How long it must have been up before it is stopped. */
  readonly upSeconds: number | undefined;
  readonly memoryBytes: number | undefined;
  readonly cpuSeconds: number | undefined;
  /** Unpacked size of the image. */
  readonly imageBytes: number | undefined;
}

/** What `smoke.yaml` says; docs/smoke.md describes the file. */
export interface SmokeFile {
  readonly runs: readonly SmokeRun[];
  readonly services: Readonly<Partial<Record<'mqtt' | 'mysql', JsonObject>>>;
  readonly secrets: Readonly<Record<string, string>>;
  readonly http: readonly HttpExpectation[];
  readonly requiredLog: readonly RegExp[];
  readonly forbiddenLog: readonly RegExp[];
  readonly commands: readonly CommandExpectation[];
  readonly files: readonly string[];
  /** Who the services run as; undefined = what the image promises. */
  readonly user: string | undefined;
  /** Start it a second time with the same /data; undefined = where it is not emulated. */
  readonly restart: boolean | undefined;
  /** Start the published version first, and this one with its /data; undefined = a new version, not emulated. */
  readonly upgrade: boolean | undefined;
  readonly limits: SmokeLimits;
  readonly skip: readonly SkippedCheck[];
}

/** A list of which everything that is wrong is told. */
function listOf(item: Validator): Validator {
  return supervisorListOf(item, 'every');
}

/** Numbers as they are written: the Supervisor's files also take "80" and true, which nobody needs here. */
const wholeNumber: Validator = (value, path) =>
  typeof value === 'number'
    ? pass(value)
    : fail(path, `must be a whole number, not ${describeValue(value)}`);

const amount = allOf(
  (value, path) => {
    const isNumber =
      typeof value === 'number' || (value instanceof PyFloat && Number.isFinite(value.value));
    return isNumber ? pass(value) : fail(path, `must be a number, not ${describeValue(value)}`);
  },
  between(0, undefined),
);

/** A regular expression of JavaScript; `.` does not match line ends, `^` and `$` match at them. */
const pattern: Validator = (value, path) => {
  if (typeof value !== 'string') return text(value, path);
  try {
    compile(value);
    return pass(value);
  } catch (error) {
    // `Invalid regular expression: /(/mu: Unterminated group`
    const reason = error instanceof Error ? (error.message.split(': ').at(-1) ?? '') : '';
    return fail(path, `is not a regular expression: ${reason}`);
  }
};

function compile(source: string): RegExp {
  return new RegExp(source, 'mu');
}

/** Names become parts of what the engine calls containers and volumes. */
const MAX_NAME = 64;

const runName: Validator = (value, path) => {
  if (typeof value !== 'string') return text(value, path);
  return value !== '' && value.length <= MAX_NAME
    ? pass(value)
    : fail(path, `must have 1 to ${MAX_NAME} characters`);
};

/** Reports are by name. */
const differentNames: Validator = (value, path) => {
  const names = (value as readonly PyDict[]).map((run) => run.get('name'));
  const issues = names.flatMap((name, index): Issue[] =>
    names.indexOf(name) === index
      ? []
      : [{ path: [...path, index, 'name'], message: 'is the name of an earlier run, too' }],
  );
  const [first, ...others] = issues;
  return first === undefined ? pass(value) : { ok: false, issues: [first, ...others] };
};

/** The engine gives no container less than 6 MiB. */
const MIN_MEMORY_MB = 7;

const command: Validator = allOf(listOf(text), (value, path) =>
  (value as readonly PyValue[]).length > 0 ? pass(value) : fail(path, 'must name a program to run'),
);

const networkPort: Validator = allOf(wholeNumber, between(1, 65_535));

/** What every provider announces, beside what only a broker has. */
const LOGIN = {
  host: optional(text),
  port: optional(networkPort),
  username: optional(text),
  password: optional(text),
  addon: optional(text),
};

const offeredServices = dictOf(
  {
    mqtt: optional(
      dictOf(
        { ...LOGIN, ssl: optional(strictBoolean), protocol: optional(oneOf(['3.1', '3.1.1'])) },
        'refuse',
      ),
    ),
    mysql: optional(dictOf(LOGIN, 'refuse')),
  },
  'refuse',
);

const schema = dictOf(
  {
    runs: optional(
      allOf(
        listOf(
          dictOf({ name: required(runName), options: optional(dict, new PyDict()) }, 'refuse'),
        ),
        differentNames,
      ),
    ),
    services: optional(anyOf(offeredServices, listOf(oneOf(['mqtt', 'mysql'])))),
    secrets: optional(mapOf(text, text)),
    http: optional(
      listOf(
        dictOf(
          {
            path: optional(text, '/'),
            port: optional(networkPort),
            tls: optional(strictBoolean, false),
            status: optional(allOf(wholeNumber, between(100, 599))),
            body: optional(pattern),
          },
          'refuse',
        ),
      ),
    ),
    log: optional(
      dictOf({ require: optional(listOf(pattern)), forbid: optional(listOf(pattern)) }, 'refuse'),
    ),
    commands: optional(
      listOf(
        dictOf(
          {
            run: required(command),
            exit: optional(allOf(wholeNumber, between(0, 255)), 0),
            output: optional(pattern),
          },
          'refuse',
        ),
      ),
    ),
    files: optional(listOf(text)),
    user: optional(text),
    restart: optional(strictBoolean),
    upgrade: optional(strictBoolean),
    limits: optional(
      dictOf(
        {
          start_seconds: optional(amount),
          up_seconds: optional(amount),
          memory_mb: optional(allOf(amount, between(MIN_MEMORY_MB, undefined))),
          cpu_seconds: optional(amount),
          image_mb: optional(amount),
        },
        'refuse',
      ),
    ),
    skip: optional(
      listOf(
        dictOf(
          {
            check: required(oneOf(CHECK_IDS)),
            arch: optional(oneOf(ARCHES)),
            reason: required(text),
          },
          'refuse',
        ),
      ),
    ),
  },
  'refuse',
);

/** The file's shape after validation, in its own words. */
interface PlainSmokeFile {
  readonly services?: JsonObject | readonly ('mqtt' | 'mysql')[];
  readonly secrets?: Readonly<Record<string, string>>;
  readonly http?: readonly {
    readonly path: string;
    readonly port?: number;
    readonly tls: boolean;
    readonly status?: number;
    readonly body?: string;
  }[];
  readonly log?: { readonly require?: readonly string[]; readonly forbid?: readonly string[] };
  readonly commands?: readonly {
    readonly run: readonly string[];
    readonly exit: number;
    readonly output?: string;
  }[];
  readonly files?: readonly string[];
  readonly user?: string;
  readonly restart?: boolean;
  readonly upgrade?: boolean;
  readonly limits?: Readonly<
    Partial<
      Record<'start_seconds' | 'up_seconds' | 'memory_mb' | 'cpu_seconds' | 'image_mb', number>
    >
  >;
  readonly skip?: readonly {
    readonly check: string;
    readonly arch?: Arch;
    readonly reason: string;
  }[];
}

const MEGABYTE = 1_000_000;

function readRuns(value: PyValue | undefined): readonly SmokeRun[] {
  const runs = Array.isArray(value) ? (value as readonly PyDict[]) : [];
  if (runs.length === 0) return [{ name: 'default', options: new PyDict() }];
  return runs.map((run) => ({
    name: toPythonText(run.get('name') ?? ''),
    options: run.get('options') as PyDict,
  }));
}

function maybeCompile(source: string | undefined): RegExp | undefined {
  return source === undefined ? undefined : compile(source);
}

function megabytes(value: number | undefined): number | undefined {
  return value === undefined ? undefined : value * MEGABYTE;
}

function toSmokeFile(normalized: PyDict): SmokeFile {
  const plain: PlainSmokeFile = toPlainObject(normalized.without('runs'));
  const { services = {}, limits = {} } = plain;
  return {
    runs: readRuns(normalized.get('runs')),
    services: Array.isArray(services)
      ? Object.fromEntries((services as readonly string[]).map((name) => [name, {}]))
      : (services as SmokeFile['services']),
    secrets: plain.secrets ?? {},
    http: (plain.http ?? []).map(({ path, port: number, tls, status, body }) => ({
      path,
      port: number,
      tls,
      status,
      body: maybeCompile(body),
    })),
    requiredLog: (plain.log?.require ?? []).map(compile),
    forbiddenLog: (plain.log?.forbid ?? []).map(compile),
    commands: (plain.commands ?? []).map(({ run, exit, output }) => ({
      run,
      exitCode: exit,
      output: maybeCompile(output),
    })),
    files: plain.files ?? [],
    user: plain.user,
    restart: plain.restart,
    upgrade: plain.upgrade,
    limits: {
      startSeconds: limits.start_seconds,
      upSeconds: limits.up_seconds,
      memoryBytes: megabytes(limits.memory_mb),
      cpuSeconds: limits.cpu_seconds,
      imageBytes: megabytes(limits.image_mb),
    },
    skip: (plain.skip ?? []).map(({ check, arch, reason }) => ({ check, arch, reason })),
  };
}

export interface SmokeFileReading {
  readonly smokeFile: SmokeFile;
  readonly problems: readonly Problem[];
}

/** Reads `smoke.yaml` (or `.yml`, `.json`) of an add-on's folder; without one, the defaults. */
export function readSmokeFile(folder: string): SmokeFileReading {
  const defaults = toSmokeFile(new PyDict());
  const [file] = findFiles(folder, candidateNames('smoke'));
  if (file === undefined) return { smokeFile: defaults, problems: [] };
  const loaded = loadSourceFile(file, folder);
  if (!loaded.ok) return { smokeFile: defaults, problems: [loaded.problem] };
  const verdict = judge(() => schema(loaded.source.document.value, []));
  const problems = describeVerdict(loaded.source, verdict, 'docs/smoke.md describes the file.');
  return {
    smokeFile: verdict.outcome === 'accepted' ? toSmokeFile(verdict.normalized) : defaults,
    problems,
  };
}
