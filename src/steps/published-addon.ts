import { readConfigText } from '../addon/config-text.js';
import type { Addon } from '../addon/types.js';
import type { ReleaseSettings } from '../addon/settings.js';
import { AddonReleaseError } from '../errors.js';
import { readVersionHistory } from '../git/version-history.js';
import type { StepContext } from '../pipeline/step.js';
import { chooseImageNames, type ImageNames } from '../plan/image-names.js';

/**
 * Where the add-on's images are, old names among them.
 *
 * @throws AddonReleaseError `usage` when it has none
 */
export function requireNames(
  addon: Addon,
  { also }: Pick<ReleaseSettings, 'also'>,
  { options }: Pick<StepContext, 'options'>,
): ImageNames {
  const { image, registry } = options;
  const names = chooseImageNames({ configured: addon.image, image, registry, also });
  if (names !== undefined) return names;
  throw new AddonReleaseError('usage', `${addon.slug} has no \`image\`, so nothing is published`, {
    hint: 'Name it with --image, or add `image` to its config.',
  });
}

/** The versions that the store offers and offered, newest first: those that the config had in git's history. */
export async function readOffered(
  { configFile, version }: Addon,
  { signal }: Pick<StepContext, 'signal'>,
): Promise<readonly string[]> {
  const read = (text: string) => readConfigText(configFile, text, 'version');
  return [...new Set([version, ...(await readVersionHistory(configFile, read, signal))])];
}
