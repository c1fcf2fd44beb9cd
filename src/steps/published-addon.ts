import { PyDict } from '../addon/python-value.js';
import type { Addon } from '../addon/types.js';
import { parseJson, parseYaml } from '../addon/yaml.js';
import { AddonReleaseError } from '../errors.js';
import { readVersionHistory } from '../git/version-history.js';
import type { StepContext } from '../pipeline/step.js';
import { chooseImageNames, type ImageNames } from '../plan/image-names.js';

/**
 * Where the add-on's images are.
 *
 * @throws AddonReleaseError `usage` when it has none
 */
export function requireNames(addon: Addon, { options }: Pick<StepContext, 'options'>): ImageNames {
  const { image, registry } = options;
  const names = chooseImageNames({ configured: addon.image, image, registry });
  if (names !== undefined) return names;
  throw new AddonReleaseError('usage', `${addon.slug} has no \`image\`, so nothing is published`, {
    hint: 'Name it with --image, or add `image` to its config.',
  });
}

/** The version that a text of a config file says. */
function readConfigVersion(file: string, text: string): string | undefined {
  const parsed = file.endsWith('.json') ? parseJson(text) : parseYaml(text);
  const value = parsed.ok ? parsed.document.value : undefined;
  const version = value instanceof PyDict ? value.get('version') : undefined;
  return typeof version === 'string' ? version : undefined;
}

/** The versions that the store offers and offered, newest first: those that the config had in git's history. */
export async function readOffered(
  { configFile, version }: Addon,
  { signal }: Pick<StepContext, 'signal'>,
): Promise<readonly string[]> {
  const read = (text: string) => readConfigVersion(configFile, text);
  return [...new Set([version, ...(await readVersionHistory(configFile, read, signal))])];
}
