import { replaceVersion } from '../addon/set-version.js';
import type { Addon } from '../addon/types.js';
import { AddonReleaseError } from '../errors.js';
import type { ReleaseEdit } from '../git/release-changes.js';

/**
 * What a release does to the add-on's config. That it can be done is known before anything is built: a failure counts
 * as one of the file.
 */
export function releaseEdit({ configFile }: Addon, version: string): ReleaseEdit {
  return {
    file: configFile,
    edit: (text) => {
      try {
        return replaceVersion(configFile, text, version);
      } catch (error) {
        if (!(error instanceof AddonReleaseError)) throw error;
        throw new AddonReleaseError('addon', error.message, {
          hint: 'Write it as one line: `version: "1.2.3"`.',
        });
      }
    },
  };
}
