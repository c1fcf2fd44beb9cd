import { dirname, resolve } from 'node:path';
import type { Problem } from '../problem.js';
import { ARCHES, type Arch } from './arch.js';
import { exists, findFiles, isInside } from './files.js';
import { toPlainObject, type PlainObject } from './plain-json.js';
import { PyDict } from './python-value.js';
import { candidateNames, describeProblem, describeVerdict, loadSourceFile } from './source-file.js';
import { stores, toStores, type PlainStores, type Stores } from './store-settings.js';
import { dict, imageReference, oneOf, strictBoolean, text } from './validate/rules.js';
import { url } from './validate/url.js';
import {
  anyOf,
  dictOf,
  listOf,
  optional,
  required,
  type Validator,
} from './validate/schema.js';
import { judge } from './validate/verdict.js';

/** How images are signed with cosign. */
export interface SigningSettings {
  /** A key file or a reference that cosign understands (`env://NAME`); undefined = keyless. */
  readonly key: string | undefined;
  /** `required`: no signature, no release; `later`: an outage is reported and the release goes on. */
  readonly policy: 'required' | 'later';
  /** Whether signatures are entered into the transparency log. */
  readonly transparencyLog: boolean;
  /** Whose certificates and which log are used; undefined = the public ones of sigstore.dev. */
  readonly fulcioUrl: string | undefined;
  readonly rekorUrl: string | undefined;
  /** By what `verify` knows them: the public key, or the identity of a keyless signature. */
  readonly publicKey: string | undefined;
  readonly identity: string | undefined;
  readonly issuer: string | undefined;
}

/** What BuildKit writes down about each image. At least one of the two is asked for. */
export interface AttestationSettings {
  /** How much is told of the build: `max` also tells build arguments, instructions and the Dockerfile itself. */
  readonly provenance: 'min' | 'max' | undefined;
  /** The image whose program lists what an image is made of; undefined = no such list. */
  readonly sbomGenerator: string | undefined;
}

/** Who must have signed the base images; undefined keys are not looked at. */
export interface BaseSigner {
  readonly key: string | undefined;
  readonly identity: string | undefined;
  readonly issuer: string | undefined;
  readonly transparencyLog: boolean;
}

/** What `addon-release.yaml` says; docs/settings.md describes the file. */
export interface ReleaseSettings {
  /** The files that were read, for messages. */
  readonly files: readonly string[];
  /** Architectures without which a release goes on when they fail. */
  readonly optionalArches: readonly Arch[];
  /** Folders and files outside of the add-on's folder that it is made from, absolute. */
  readonly shared: readonly string[];
  /** The form of the git tag, with `{version}` and maybe `{slug}`; undefined = the usual one. */
  readonly tag: string | undefined;
  /** Names with `{arch}` under which each architecture's image is published too. */
  readonly also: readonly string[];
  /** Users need a login to pull: the image is verified with this machine's one. */
  readonly private: boolean;
  /** Undefined = nothing is signed. */
  readonly sign: SigningSettings | undefined;
  /** Undefined = nothing is attested. */
  readonly attest: AttestationSettings | undefined;
  /** Undefined = base images need no signature. */
  readonly signedBases: BaseSigner | undefined;
  /** Where each channel is offered; undefined = all of them by the config of the sources. */
  readonly stores: Stores | undefined;
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
    fulcio_url: optional(url),
    rekor_url: optional(url),
    public_key: optional(text),
    identity: optional(text),
    issuer: optional(text),
  },
  'refuse',
);

/** BuildKit's own choice: https://docs.docker.com/build/metadata/attestations/sbom/ */
const DEFAULT_GENERATOR = 'docker.io/docker/buildkit-syft-scanner:stable-1';

const attesting: Validator = dictOf(
  {
    provenance: optional(oneOf(['min', 'max'])),
    sbom: optional(
      anyOf(strictBoolean, dictOf({ generator: required(imageReference) }, 'refuse')),
    ),
  },
  'refuse',
);

const schema = dictOf(
  {
    optional: optional(listOf(oneOf(ARCHES))),
    also: optional(listOf(text)),
    shared: optional(listOf(text)),
    tag: optional(text),
    private: optional(strictBoolean),
    sign: optional(signing),
    attest: optional(attesting),
    signed_bases: optional(
      dictOf(
        {
          key: optional(text),
          identity: optional(text),
          issuer: optional(text),
          transparency_log: optional(strictBoolean, true),
        },
        'refuse',
      ),
    ),
    store: optional(stores),
    lint: optional(dict),
  },
  'refuse',
);

interface PlainSettings {
  readonly optional?: readonly Arch[];
  readonly also?: readonly string[];
  readonly shared?: readonly string[];
  readonly tag?: string;
  readonly private?: boolean;
  readonly sign?: {
    readonly key?: string;
    readonly keyless: boolean;
    readonly policy: 'required' | 'later';
    readonly transparency_log: boolean;
    readonly fulcio_url?: string;
    readonly rekor_url?: string;
    readonly public_key?: string;
    readonly identity?: string;
    readonly issuer?: string;
  };
  readonly attest?: {
    readonly provenance?: 'min' | 'max';
    readonly sbom?: boolean | { readonly generator: string };
  };
  readonly signed_bases?: {
    readonly key?: string;
    readonly identity?: string;
    readonly issuer?: string;
    readonly transparency_log: boolean;
  };
  readonly store?: PlainStores;
  /** The same with its paths made absolute. */
  readonly stores?: Stores;
  readonly lint?: PlainObject;
}

function toAttestation({ attest }: PlainSettings): AttestationSettings | undefined {
  if (attest === undefined) return undefined;
  const { provenance, sbom = false } = attest;
  const generator = typeof sbom === 'boolean' ? DEFAULT_GENERATOR : sbom.generator;
  return { provenance, sbomGenerator: sbom === false ? undefined : generator };
}

function toSettings(plain: PlainSettings, files: readonly string[]): ReleaseSettings {
  const { sign } = plain;
  return Object.freeze({
    files,
    optionalArches: plain.optional ?? [],
    also: plain.also ?? [],
    shared: plain.shared ?? [],
    tag: plain.tag,
    private: plain.private ?? false,
    sign:
      sign === undefined
        ? undefined
        : {
            key: sign.key,
            policy: sign.policy,
            transparencyLog: sign.transparency_log,
            fulcioUrl: sign.fulcio_url,
            rekorUrl: sign.rekor_url,
            publicKey: sign.public_key,
            identity: sign.identity,
            issuer: sign.issuer,
          },
    attest: toAttestation(plain),
    signedBases: plain.signed_bases && {
      key: plain.signed_bases.key,
      identity: plain.signed_bases.identity,
      issuer: plain.signed_bases.issuer,
      transparencyLog: plain.signed_bases.transparency_log,
    },
    stores: plain.stores,
    lint: plain.lint ?? {},
  });
}

/** Files are named from the settings file's folder; other references to keys are cosign's own. */
function resolveFiles(plain: PlainSettings, folder: string): PlainSettings {
  const locate = (key: 'key' | 'public_key', value: string | undefined) =>
    value === undefined || /^[\w-]+:\/\//.test(value) ? {} : { [key]: resolve(folder, value) };
  const { sign, signed_bases: bases, shared } = plain;
  return {
    ...plain,
    ...(shared === undefined ? {} : { shared: shared.map((path) => resolve(folder, path)) }),
    ...(sign === undefined
      ? {}
      : { sign: { ...sign, ...locate('key', sign.key), ...locate('public_key', sign.public_key) } }),
    ...(bases === undefined ? {} : { signed_bases: { ...bases, ...locate('key', bases.key) } }),
    ...(plain.store === undefined ? {} : { stores: toStores(plain.store, folder) }),
  };
}

async function readOne(
  folder: string,
  boundary: string,
): Promise<{ readonly file: string; readonly plain: PlainSettings; readonly problems: Problem[] } | undefined> {
  const [file] = findFiles(folder, candidateNames('addon-release'));
  if (file === undefined) return undefined;
  const loaded = loadSourceFile(file, boundary);
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
  for (const [index, name] of (plain.also ?? []).entries()) {
    if (name.includes('{arch}')) continue;
    problems.push(
      describeProblem(loaded.source, ['also', index], {
        severity: 'error',
        message: `"${name}" has no {arch}`,
        hint: 'Old names are those of single architectures: ghcr.io/OWNER/{arch}-NAME.',
      }),
    );
  }
  const attest = toAttestation(plain);
  if (attest && (attest.provenance ?? attest.sbomGenerator) === undefined) {
    problems.push(
      describeProblem(loaded.source, ['attest'], {
        severity: 'error',
        message: 'asks for nothing: needs `provenance: min` (or `max`), `sbom: true`, or both',
        hint: 'docs/settings.md describes the file.',
      }),
    );
  }
  const bases = plain.signed_bases;
  if (bases !== undefined && (bases.key === undefined) === (bases.identity === undefined)) {
    problems.push(
      describeProblem(loaded.source, ['signed_bases'], {
        severity: 'error',
        message: 'needs either a `key` or an `identity`',
        hint: 'docs/settings.md describes the file.',
      }),
    );
  }
  const resolved = resolveFiles(plain, dirname(file));
  for (const [index, path] of (resolved.shared ?? []).entries()) {
    if ((await exists(path)) && (await isInside(path, boundary))) continue;
    problems.push(
      describeProblem(loaded.source, ['shared', index], {
        severity: 'error',
        message: `is nothing inside of ${boundary}: "${plain.shared?.[index] ?? ''}"`,
        hint: 'Name a folder or file of the repository, from the folder of this file.',
      }),
    );
  }
  return { file, plain: resolved, problems };
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
