import type { RegistryClient } from './client.js';
import { parseImageReference } from './reference.js';

/** Whether a repository still has a manifest; a registry takes one only with everything that it names. */
export async function isPushed(
  client: RegistryClient,
  image: { readonly repository: string; readonly manifestDigest: string },
): Promise<boolean> {
  const name = parseImageReference(image.repository, 'addon');
  return (await client.headManifest(name, image.manifestDigest)) !== undefined;
}
