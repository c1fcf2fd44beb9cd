import type { Problem } from '../problem.js';
import { ARCHES, type Arch } from './arch.js';
import { findFiles } from './files.js';
import { toPlainObject, type PlainObject } from './plain-json.js';
import { PyDict } from './python-value.js';
import { candidateNames, describeProblem, describeVerdict, loadSourceFile } from './source-file.js';
import { dict, oneOf, strictBoolean, text } from './validate/rules.js';
import {
  anyOf,
  dictOf,
  listOf,
  optional,
  type Validator,
} from './validate/schema.js';
import { judge } from './validate/verdict.js';

/** How images are signed with cosign. */
export interface SigningSettings {
  /** A key file or a reference that cosign understands (`env://NAME`); undefined = keyless. */
  readonly key: string | undefined;
  /** `required`: no signature, no release; `later`: an outage is reported and the release goes on. */
  readonly policy: 'required' | 'later';
  /** Whether signatures are entered into the public transparency log. */
  readonly transparencyLog: boolean;
}

/** What `addon-release.yaml` says; docs/settings.md describes the file. */
export interface ReleaseSettings {
  /** The files that were read, for messages. */
  readonly files: readonly string[];
  /** Architectures without which a release goes on when they fail. */
  readonly optionalArches: readonly Arch[];
  /** The form of the git tag, with `{version}` and maybe `{slug}`; undefined = the usual one. */
  readonly tag: string | undefined;
  /** Users need a login to pull: the image is verified with this machine's one. */
  readonly private: boolean;
  /** Undefined = nothing is signed. */
  readonly sign: SigningSettings | undefined;
  /** BuildKit's record of how each image was built is published beside it. */
  readonly provenance: boolean;
  /** What `lint` is told; read by the linter. */
  readonly lint: PlainObject;
}

export interface SettingsReading {
  readonly settings: ReleaseSettings;
  readonly problems: readonly Problem[];
}

const signing: Validator = dictOf(
  {
    key: optional(text),
    keyless: optional(strictBoolean, false),
    policy: optional(oneOf(['required', 'later']), 'required'),
    transparency_log: optional(strictBoolean, true),
  },
  'refuse',
);

const schema = dictOf(
  {
    optional: optional(listOf(oneOf(ARCHES))),
    tag: optional(text),
    private: optional(strictBoolean),
    sign: optional(signing),
    provenance: optional(strictBoolean),
    lint: optional(dict),
  },
  'refuse',
);

interface PlainSettings {
  readonly optional?: readonly Arch[];
  readonly tag?: string;
  readonly private?: boolean;
  readonly sign?: {
    readonly key?: string;
    readonly keyless: boolean;
    readonly policy: 'required' | 'later';
    readonly transparency_log: boolean;
  };
  readonly provenance?: boolean;
  readonly lint?: PlainObject;
}

function toSettings(plain: PlainSettings, files: readonly string[]): ReleaseSettings {
  const { sign } = plain;
  return Object.freeze({
    files,
    optionalArches: plain.optional ?? [],
    tag: plain.tag,
    private: plain.private ?? false,
    sign:
      sign === undefined
        ? undefined
        : { key: sign.key, policy: sign.policy, transparencyLog: sign.transparency_log },
    provenance: plain.provenance ?? false,
    lint: plain.lint ?? {},
  });
}

async function readOne(
  folder: string,
  boundary: string,
): Promise<{ readonly file: string; readonly plain: PlainSettings; readonly problems: Problem[] } | undefined> {
  const [file] = await findFiles(folder, candidateNames('addon-release'));
  if (file === undefined) return undefined;
  const loaded = await loadSourceFile(file, boundary);
  if (!loaded.ok) return { file, plain: {}, problems: [loaded.problem] };
  const { value } = loaded.source.document;
  // An empty file says nothing.
  const verdict = judge(() => schema(value ?? new PyDict(), []));
  const problems = describeVerdict(loaded.source, verdict, 'docs/settings.md describes the file.');
  if (verdict.outcome !== 'accepted') return { file, plain: {}, problems };
  const plain: PlainSettings = toPlainObject(verdict.normalized);
  if (plain.sign !== undefined && (plain.sign.key === undefined) !== plain.sign.keyless) {
    problems.push(
      describeProblem(loaded.source, ['sign'], {
        severity: 'error',
        message: 'needs either a `key` or `keyless: true`',
        hint: 'docs/settings.md describes the file.',
      }),
    );
  }
  return { file, plain, problems };
}

/**
 * Reads `addon-release.yaml` (or `.yml`, `.json`) of the add-on's folder and of the repository's root. What the
 * add-on's own says of a key counts.
 *
 * @param root the repository's folder; undefined when the add-on stands alone
 */
export async function readSettings(
  folder: string,
  root: string | undefined,
): Promise<SettingsReading> {
  const folders = [...new Set([root ?? folder, folder])];
  const read = await Promise.all(folders.map((place) => readOne(place, root ?? folder)));
  const found = read.filter((one) => one !== undefined);
  return {
    settings: toSettings(
      Object.assign({}, ...found.map(({ plain }) => plain)) as PlainSettings,
      found.map(({ file }) => file),
    ),
    problems: found.flatMap(({ problems }) => problems),
  };
}
