import { createHash } from 'node:crypto';

/**
 * Opens an add-on's page in the reader's own Home Assistant, which offers to add the repository first.
 *
 * The Supervisor names an add-on by the first eight hexadecimal digits of the SHA-1 of its repository's address in
 * lower case, and its slug (supervisor/store/utils.py).
 *
 * @param storeUrl the address that users add in Home Assistant
 * @see https://my.home-assistant.io/create-link/
 */
export function storeLink(storeUrl: string, slug: string): string {
  const repository = createHash('sha1').update(storeUrl.toLowerCase()).digest('hex').slice(0, 8);
  const query = new URLSearchParams({ addon: `${repository}_${slug}`, repository_url: storeUrl });
  return `https://my.home-assistant.io/redirect/supervisor_addon/?${query.toString()}`;
}
