import { compareVersions, readVersion, type ReleaseVersion } from './version.js';

export interface EdgeCommit {
  /** Full hash. */
  readonly commit: string;
  /** When it was committed. */
  readonly epochSeconds: number;
}

/** "20261123101112" in UTC: a number that grows with time. */
function stamp(epochSeconds: number): string {
  return new Date(epochSeconds * 1000).toISOString().replaceAll(/[-:T]|\.\d+Z/g, '');
}

/** The version that comes after one: 1.2.3 → 1.2.4, 2026.2 → 2026.2.1, but 1.3.0-beta.1 → 1.3.0. */
function following({ text, stable }: ReleaseVersion): string {
  const number = text.replace(/^[vV]/, '');
  const core = /^\d+(?:\.\d+)*/.exec(number)?.[0] ?? '0';
  const [major = 0, minor = 0, patch = 0] = core.split('.').map(Number);
  return [major, minor, patch + (stable ? 1 : 0)].join('.');
}

/**
 * The version of a commit that is released without one of its own, always the same for the same commit and the same
 * releases before it: `1.2.4-edge.20261123101112.gabc1234`. It is newer than every version released before, older than
 * the next one, newer than the edge versions before it, and a semantic version, by which the Supervisor compares
 * (AwesomeVersion); the "g" keeps a hash of digits alone from being taken for a number.
 *
 * @param released what the add-on was released as before, in any order; what is no version does not count
 */
export function makeEdgeVersion(
  { commit, epochSeconds }: EdgeCommit,
  released: readonly string[],
): string {
  const versions = released.flatMap((text) => readVersion(text) ?? []);
  const newest = versions.sort(compareVersions).at(-1);
  const base = newest === undefined ? '0.0.0' : following(newest);
  return `${base}-edge.${stamp(epochSeconds)}.g${commit.slice(0, 7)}`;
}
