import type { Problem } from '../problem.js';
import { isArch, type Arch } from './arch.js';
import type { Path } from './document.js';
import { describeValue } from './describe-value.js';
import { isList, stripSpace, toPythonText } from './python-text.js';
import { PyDict, type PyValue } from './python-value.js';
import { describeProblem, type SourceFile } from './source-file.js';
import { KNOWN_FIELDS } from './validate/config-fields.js';
import { OLD_FIELDS } from './validate/config-migration.js';

/** https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests */
const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;

/**
 * The image tag that the Supervisor makes of a version: its text without outer space and without one
 * dot at the end. https://github.com/ludeeus/awesomeversion/blob/main/awesomeversion/awesomeversion.py
 */
export function toTag(version: string): string {
  return stripSpace(version).replace(/\.$/, '');
}

/** What the Supervisor lets pass in a `config.yaml` and a release must not. */
export function checkConfigForRelease(source: SourceFile): Problem[] {
  const { value } = source.document;
  if (!(value instanceof PyDict)) return [];
  return [
    ...checkVersion(source, value.get('version')),
    ...checkImage(source, value.get('image') ?? null),
    ...checkArches(source, value.get('arch') ?? null),
    ...checkKeys(source, value),
  ];
}

/** What PyYAML and the JSON reader take without a word: of equal keys, all but the last are lost. */
export function checkRepeatedKeys({ file, document }: SourceFile): Problem[] {
  return document.findRepeatedKeys().map(({ key, line, column }) => {
    const message = `the key "${toPythonText(key)}" comes again further down: only that one counts`;
    return { severity: 'warning', file, line, column, message, hint: 'remove one of them' };
  });
}

/** The architectures that a config names, also where the rest of it is wrong. */
export function readArches({ document }: Pick<SourceFile, 'document'>): readonly Arch[] {
  const arches = document.value instanceof PyDict ? document.value.get('arch') : undefined;
  if (arches === undefined || !isList(arches)) return [];
  const known = arches.filter((arch) => typeof arch === 'string').filter(isArch);
  return [...new Set(known)];
}

/** What the Supervisor lets pass in a `build.yaml` and a release must not. */
export function checkBuildForRelease(
  source: SourceFile,
  normalized: PyDict,
  arches: readonly Arch[],
): Problem[] {
  const buildFrom = normalized.get('build_from') ?? null;
  const report = (path: Path, message: string, hint: string): Problem =>
    describeProblem(source, path, { severity: 'error', message, hint });
  const images: readonly (readonly [Path, PyValue])[] =
    buildFrom instanceof PyDict
      ? [...buildFrom.entries()].map(([key, image]) => [['build_from', key], image])
      : [[['build_from'], buildFrom]];
  const placeholders = images
    .filter(([, image]) => /[{}]/.test(toPythonText(image)))
    .map(([path, image]) =>
      report(
        path,
        `holds braces, which nothing replaces: ${describeValue(image)}`,
        'write one full image name per architecture',
      ),
    );
  if (!(buildFrom instanceof PyDict) || buildFrom.size === 0) return placeholders;
  const missing = arches.filter((arch) => !buildFrom.has(arch));
  if (missing.length === 0) return placeholders;
  const message = `has no base image for ${missing.join(', ')}, which the add-on's "arch" lists`;
  return [
    ...placeholders,
    report(['build_from'], message, 'add a line for each, or remove the architecture from "arch"'),
  ];
}

function checkVersion(source: SourceFile, value: PyValue | undefined): Problem[] {
  const report = (message: string, hint: string): Problem[] => [
    describeProblem(source, ['version'], { severity: 'error', message, hint }),
  ];
  if (value === undefined) return [];
  if (typeof value !== 'string') {
    const written = source.document.sourceOf(['version']) ?? '';
    if (written === '' || value === null) return report('is empty', 'write version: "1.0.0"');
    const isText = !isList(value) && !(value instanceof PyDict);
    return report(
      `is written as ${written.split('\n')[0] ?? ''} and read as ${describeValue(value)}`,
      isText ? `quote it: version: "${written}"` : 'write version: "1.0.0"',
    );
  }
  if (TAG.test(toTag(value))) return [];
  return report(
    `is no legal image tag: ${describeValue(value)}`,
    'use at most 128 letters, digits, "_", "." and "-", not starting with "." or "-" (no "+")',
  );
}

function checkImage(source: SourceFile, image: PyValue): Problem[] {
  if (typeof image !== 'string') return [];
  const rest = image.replaceAll('{arch}', '');
  if (!/[{}\n]/.test(rest)) return [];
  return [
    describeProblem(source, ['image'], {
      severity: 'error',
      message: `has a placeholder that the Supervisor cannot replace: ${describeValue(image)}`,
      hint: '{arch} is the only one, with both braces',
    }),
  ];
}

function checkArches(source: SourceFile, arches: PyValue): Problem[] {
  if (!isList(arches)) return [];
  const report = (path: Path, severity: 'error' | 'warning', message: string): Problem =>
    describeProblem(source, path, { severity, message, hint: undefined });
  if (arches.length === 0) {
    return [report(['arch'], 'error', 'is empty: nobody could install the add-on')];
  }
  return arches.flatMap((arch, index) =>
    typeof arch === 'string' && isArch(arch) && arches.indexOf(arch) !== index
      ? [report(['arch', index], 'warning', `repeats ${arch}`)]
      : [],
  );
}

// The Supervisor drops unknown keys without a word, which hides misspelt ones.
function checkKeys(source: SourceFile, config: PyDict): Problem[] {
  const known: readonly PyValue[] = [...KNOWN_FIELDS, ...OLD_FIELDS];
  const unknown = config.keys().filter((key) => !known.includes(key));
  return unknown.map((key) => {
    const name = toPythonText(key);
    const message = `"${name}" is not a field of config.yaml and is ignored`;
    const close = KNOWN_FIELDS.find((field) => isOneTypoAway(field, name));
    const hint = close === undefined ? undefined : `did you mean "${close}"?`;
    return describeProblem(source, [], { severity: 'warning', message, hint, at: [key] });
  });
}

/** Is the second text the first with one character added, left out, replaced or swapped? */
function isOneTypoAway(one: string, other: string): boolean {
  let start = 0;
  while (start < one.length && one[start] === other[start]) start += 1;
  const [rest, otherRest] = [one.slice(start), other.slice(start)];
  return (
    rest.slice(1) === otherRest ||
    rest === otherRest.slice(1) ||
    rest.slice(1) === otherRest.slice(1) ||
    (rest.slice(2) === otherRest.slice(2) &&
      rest.charAt(0) === otherRest.charAt(1) &&
      rest.charAt(1) === otherRest.charAt(0))
  );
}
