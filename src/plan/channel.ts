import { AddonReleaseError } from '../errors.js';
import type { ReleaseVersion } from './version.js';

/** Who gets a version: everybody, those who try what is next, those who try what was just made. */
export const CHANNELS = ['stable', 'beta', 'edge'] as const;

export type Channel = (typeof CHANNELS)[number];

/** Pre-releases that nobody has called a beta yet: 1.3.0-dev.4, 2026.9.0dev1, 1.3.0-nightly.20260102. */
const EDGE = /(?:^|[^a-z])(?:dev|edge|nightly|snapshot)(?![a-z])/i;

/**
 * The channel that a version is released to: the one asked for, else the one that the version's form stands for.
 *
 * @throws AddonReleaseError `usage` for a channel that does not exist, and for a pre-release that is to become stable:
 * installations with automatic updates would get it.
 */
export function chooseChannel(version: ReleaseVersion, requested?: string): Channel {
  if (requested === undefined) {
    if (version.stable) return 'stable';
    return EDGE.test(version.text) ? 'edge' : 'beta';
  }
  const channel = CHANNELS.find((name) => name === requested);
  if (channel === undefined) {
    throw new AddonReleaseError('usage', `"${requested}" is not a channel`, {
      hint: `Use one of ${CHANNELS.join(', ')}.`,
    });
  }
  if (channel === 'stable' && !version.stable) {
    throw new AddonReleaseError(
      'usage',
      `${version.text} is a pre-release and can't be released as stable`,
      {
        hint: 'Release it to beta, and give it a stable name when it has proved itself: `addon-release promote VERSION --channel stable --as NEW-VERSION`.',
      },
    );
  }
  return channel;
}
