import type { Channel } from './channel.js';
import { compareVersions, readVersion, type ReleaseVersion } from './version.js';

/** Numbers without the last part, for versions whose shorter forms are no versions themselves. */
function prefixes({ text, form }: ReleaseVersion): readonly string[] {
  const [, letter = '', number = ''] = /^([vV]?)(.*)$/.exec(text) ?? [];
  const parts = number.split('.');
  const [major = '', minor = ''] = parts;
  // Below 1.0.0 every minor version may break what the one before promised.
  if (form === 'semver') {
    return major === '0' ? [`${letter}0.${minor}`] : [`${letter}${major}.${minor}`, letter + major];
  }
  // 2026.2 is a version like 2026.2.1; a year alone is not.
  if (form === 'calendar') return [letter + major];
  // 3.23 may be released as it may be followed by 3.23-1.
  return [];
}

/**
 * The tags that follow a version: of `stable` also `latest` and its shorter numbers. None can be the name of another
 * version of the same form.
 *
 * | form     | version  | tags                         |
 * | -------- | -------- | ---------------------------- |
 * | semver   | 1.2.3    | `latest`, `stable`, 1.2, 1   |
 * | semver   | 0.4.1    | `latest`, `stable`, 0.4      |
 * | calendar | 2026.2.1 | `latest`, `stable`, 2026     |
 * | simple   | 3.23-1   | `latest`, `stable`           |
 */
export function movingTags(version: ReleaseVersion, channel: Channel): readonly string[] {
  return channel === 'stable' ? ['latest', 'stable', ...prefixes(version)] : [channel];
}

/** What a moving tag names now. */
export interface TagState {
  readonly digest: string;
  /** What the image says of its version; undefined when it says nothing. */
  readonly version: string | undefined;
}

export interface MoveRequest {
  readonly tag: string;
  readonly version: ReleaseVersion;
  readonly digest: string;
}

/** Whether a moving tag follows, and why, in words for people. */
export type MoveDecision =
  | { readonly move: true; readonly reason: string }
  | {
      readonly move: false;
      readonly reason: string;
      /** It names the image already, so nothing is left to do. */
      readonly isThere: boolean;
    };

/**
 * Whether a moving tag follows a release. It never goes back by itself: whoever follows `latest` is not given an older
 * version because an old branch got a correction.
 *
 * @param current what the tag names now; undefined when it names nothing
 */
export function decideMove(current: TagState | undefined, next: MoveRequest): MoveDecision {
  const { tag, version } = next;
  if (current === undefined) return { move: true, reason: 'new' };
  if (current.digest === next.digest) {
    return { move: false, reason: `names ${version.text} already`, isThere: true };
  }
  if (current.version === undefined) {
    return { move: true, reason: 'what it names now does not tell its version' };
  }
  if (current.version === tag) {
    const reason = `stays: ${tag} is a version of its own, published before`;
    return { move: false, reason, isThere: false };
  }
  const named = readVersion(current.version);
  if (named === undefined) {
    return { move: true, reason: `named "${current.version}", which is no version` };
  }
  const order = compareVersions(version, named);
  if (order < 0) {
    const reason = `stays at ${named.text}: ${version.text} is older`;
    return { move: false, reason, isThere: false };
  }
  return {
    move: true,
    reason: order === 0 ? `another image of ${named.text}` : `from ${named.text}`,
  };
}
