import semver from 'semver';
import { AddonReleaseError } from '../errors.js';

/** A version as it is released: `text` is the image tag and config.yaml's `version`, to the letter. */
export interface ReleaseVersion {
  readonly text: string;
  readonly form: 'semver' | 'calendar' | 'simple';
  /** Stable versions also move `latest`. */
  readonly stable: boolean;
}

/** https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#pulling-manifests */
const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;

/** Year, month and up to two more numbers, as Home Assistant counts: 2026.02.1, 2026.8.0b3. */
const CALENDAR =
  /^(?:19|20)\d\d\.(?:0?[1-9]|1[0-2])(?:\.\d+){0,2}(?<suffix>(?:a|b|rc|\.?dev)\d*)?$/;

/** One to four numbers and, as many add-ons have it, the packaging's own number: 3.23, 3.23-1, 1.2.3.4. */
const SIMPLE =
  /^\d+(?:\.\d+){0,3}(?:-(?:r|ls)?\d+)?(?<suffix>(?:a|b|rc|\.?dev|-?(?:alpha|beta|rc|dev)\.?)\d*)?$/;

function fail(message: string, hint: string): never {
  throw new AddonReleaseError('usage', message, { hint });
}

/**
 * Reads a version given on the command line or in config.yaml: semver, Home Assistant's calendar form, or plain
 * numbers.
 *
 * @throws AddonReleaseError `usage` when it is none of these or can't be an image tag.
 */
export function parseVersion(text: string): ReleaseVersion {
  const number = text.replace(/^[vV](?=\d)/, '');
  if (text.includes('+')) {
    fail(
      `version "${text}" can't be an image tag: "+" is not allowed in tags`,
      `Use "${text.replaceAll('+', '-')}" or leave the build metadata out.`,
    );
  }
  if (!TAG.test(text)) {
    fail(
      `version "${text}" can't be an image tag`,
      'Use letters, digits, ".", "-" and "_", at most 128 of them, for example 1.2.3 or 2026.2.1.',
    );
  }
  const calendar = CALENDAR.exec(number);
  if (calendar !== null) {
    return { text, form: 'calendar', stable: calendar.groups?.['suffix'] === undefined };
  }
  const parsed = semver.parse(number);
  if (parsed !== null) return { text, form: 'semver', stable: parsed.prerelease.length === 0 };
  const simple = SIMPLE.exec(number);
  if (simple !== null) {
    return { text, form: 'simple', stable: simple.groups?.['suffix'] === undefined };
  }
  return fail(
    `"${text}" is not a version`,
    'Use a semantic version (1.2.3, 1.3.0-beta.1) or a calendar version (2026.2.1).',
  );
}

/**
 * The version to release when `requested` was given and config.yaml says `configured`. A leading "v", as git tags
 * have it, is dropped unless config.yaml's own versions carry one, so that tag and version can't drift apart.
 */
export function chooseVersion(requested: string | undefined, configured: string): ReleaseVersion {
  if (requested === undefined) return parseVersion(configured);
  const number = requested.replace(/^[vV](?=\d)/, '');
  return parseVersion(/^[vV]\d/.test(configured) ? `${configured.charAt(0)}${number}` : number);
}

const SUFFIX_RANK: readonly RegExp[] = [/^\.?dev/, /^-?a(?:lpha)?/, /^-?b(?:eta)?/, /^-?rc/];

/** Numbers of a calendar or simple version, and its suffix in order: dev, alpha, beta, rc, none, then packagings. */
function dissect(text: string): {
  readonly numbers: readonly number[];
  readonly rank: readonly number[];
} {
  const match = /^(?<core>\d+(?:\.\d+)*)(?:-(?:r|ls)?(?<packaging>\d+))?(?<suffix>.*)$/.exec(text);
  const suffix = match?.groups?.['suffix'] ?? '';
  const place = SUFFIX_RANK.findIndex((pattern) => pattern.test(suffix));
  const numbers = (match?.groups?.['core'] ?? '').split('.').map(Number);
  const packaging = Number(match?.groups?.['packaging'] ?? -1);
  const round = Number(/\d+$/.exec(suffix)?.[0] ?? 0);
  return { numbers, rank: [packaging, place === -1 ? SUFFIX_RANK.length : place, round] };
}

function compareNumbers(one: readonly number[], other: readonly number[]): number {
  for (let at = 0; at < Math.max(one.length, other.length); at++) {
    const difference = (one[at] ?? 0) - (other[at] ?? 0);
    if (difference !== 0) return Math.sign(difference);
  }
  return 0;
}

/**
 * Which of two versions is the newer one: negative when the first is older, 0 when neither is. Two semantic versions
 * are ordered as semver does; others, also of different forms, by their numbers first (1.9.0 is older than 2026.2.1).
 */
export function compareVersions(one: ReleaseVersion, other: ReleaseVersion): number {
  const [first, second] = [one, other].map(({ text }) => text.replace(/^[vV](?=\d)/, ''));
  if (first === undefined || second === undefined) throw new Error('two versions are compared');
  if (one.form === 'semver' && other.form === 'semver') return semver.compare(first, second);
  const [left, right] = [dissect(first), dissect(second)];
  return compareNumbers(left.numbers, right.numbers) || compareNumbers(left.rank, right.rank);
}

/** Reads a text that may be a version: undefined for `latest`, `sha256-…`, and everything else that is none. */
export function readVersion(text: string): ReleaseVersion | undefined {
  try {
    return parseVersion(text);
  } catch (error) {
    if (error instanceof AddonReleaseError) return undefined;
    throw error;
  }
}

export const VERSION_PARTS = ['major', 'minor', 'patch'] as const;
export type VersionPart = (typeof VERSION_PARTS)[number];

function writeNumbers(numbers: readonly number[], like: readonly string[]): string {
  return numbers
    .map((number, index) => {
      const before = like[index] ?? '';
      return before.startsWith('0') && index > 0
        ? String(number).padStart(before.length, '0')
        : String(number);
    })
    .join('.');
}

/** The first version of this month, or the month's next one. */
function nextCalendar(number: string, part: VersionPart, today: Date): string {
  const like = /^[\d.]+?(?=$|\.?[a-z])/.exec(number)?.[0].split('.') ?? [];
  const [year = 0, month = 0, ...rest] = like.map(Number);
  const now = [today.getUTCFullYear(), today.getUTCMonth() + 1] as const;
  const isNewMonth = compareNumbers(now, [year, month]) > 0;
  if (part !== 'patch' && isNewMonth) return writeNumbers([...now, 0], like);
  // A beta is followed by what it was a beta of.
  if (number.length > like.join('.').length) return like.join('.');
  const next = rest.length === 0 ? [1] : [...rest.slice(0, -1), (rest.at(-1) ?? 0) + 1];
  return writeNumbers([year, month, ...next], like);
}

function nextSimple(number: string, part: VersionPart): string {
  const packaged = /^(.*-(?:r|ls)?)(\d+)$/.exec(number);
  if (packaged !== null && part === 'patch') {
    return `${packaged[1] ?? ''}${Number(packaged[2]) + 1}`;
  }
  const numbers = (/^\d+(?:\.\d+)*/.exec(number)?.[0] ?? '').split('.').map(Number);
  const at = { major: 0, minor: 1, patch: Math.max(2, numbers.length - 1) }[part];
  const kept = Array.from({ length: Math.max(at + 1, numbers.length) }, (_, index) => {
    if (index > at) return 0;
    return (numbers[index] ?? 0) + (index === at ? 1 : 0);
  });
  return kept.join('.');
}

/**
 * The version that follows another one, in its form. Semantic versions follow semver; of a calendar version `patch` is
 * the month's next one, and the other parts begin this month; plain numbers count up at their place, and `patch` is the
 * packaging's own number where there is one (3.23-1, 3.23-2).
 *
 * @param today decides the month of calendar versions, in UTC
 */
export function bumpVersion(
  version: ReleaseVersion,
  part: VersionPart,
  today: Date,
): ReleaseVersion {
  const mark = /^[vV](?=\d)/.exec(version.text)?.[0] ?? '';
  const number = version.text.slice(mark.length);
  const next = {
    semver: () => semver.inc(number, part) ?? number,
    calendar: () => nextCalendar(number, part, today),
    simple: () => nextSimple(number, part),
  }[version.form]();
  return parseVersion(`${mark}${next}`);
}
