import type { RegistryClient } from './client.js';
import type { RepositoryName } from './reference.js';

/**
 * Lets a tag name a manifest that the repository holds. Nothing is written when it does so already.
 *
 * @returns whether something was written
 */
export async function tagImage(
  client: RegistryClient,
  repository: RepositoryName,
  digest: string,
  tag: string,
): Promise<boolean> {
  const current = await client.headManifest(repository, tag);
  if (current?.digest === digest) return false;
  await client.putManifest(repository, tag, await client.getManifest(repository, digest));
  return true;
}
