import { readRefusal } from './answer.js';
import { closeUpload, openUpload } from './blobs.js';
import { describeRefusal } from './failures.js';
import type { HttpResponse } from './http.js';
import type { RepositoryName } from './reference.js';
import { RegistryError } from './registry-error.js';
import type { RegistryTransport } from './transport.js';

const PAGE_SIZE = 1000;
const MAX_PAGES = 1000;
const MAX_PAGE_BYTES = 16 * 1024 * 1024;

/** The address of the next page from a Link header. */
function nextPage(response: HttpResponse): URL | undefined {
  const link = response.headers.get('link');
  const match = /<([^>]*)>\s*;[^,]*\brel="?next"?/i.exec(link ?? '');
  const address = match?.[1];
  if (address === undefined || !URL.canParse(address, response.url.href)) return undefined;
  return new URL(address, response.url);
}

function readTags(bytes: Uint8Array): readonly string[] | undefined {
  let body: unknown;
  try {
    body = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
  if (typeof body !== 'object' || body === null) return undefined;
  const tags = 'tags' in body ? (body.tags ?? []) : [];
  if (!Array.isArray(tags)) return undefined;
  return tags.every((tag): tag is string => typeof tag === 'string') ? tags : undefined;
}

/**
 * All tags of a repository, in the registry's order; undefined when the registry knows no repository of the name. Registries
 * differ on one that has images but no tag: undefined or none.
 */
export async function listTags(
  transport: RegistryTransport,
  repository: RepositoryName,
): Promise<readonly string[] | undefined> {
  const purpose = {
    registry: repository.registry,
    repository: repository.repository,
    access: 'pull from' as const,
    subject: 'list of tags',
  };
  const tags: string[] = [];
  let target: string | URL = `/v2/${repository.repository}/tags/list?n=${PAGE_SIZE}`;
  for (let page = 0; page < MAX_PAGES; page++) {
    const response: HttpResponse = await transport.send({
      purpose,
      scopes: [{ repository: repository.repository, actions: ['pull'] }],
      method: 'GET',
      target,
      expect: [200, 404],
    });
    if (response.status === 404) {
      const refusal = await readRefusal(response);
      const isUnknown = refusal.errors.length === 0 || refusal.errors[0]?.code === 'NAME_UNKNOWN';
      if (isUnknown && page === 0) return undefined;
      throw describeRefusal(refusal, purpose);
    }
    const found = readTags(await response.readBytes(MAX_PAGE_BYTES));
    if (found === undefined) break;
    tags.push(...found);
    const next = nextPage(response);
    if (next === undefined) return tags;
    target = next;
  }
  throw new RegistryError({
    kind: 'malformed',
    registry: repository.registry,
    repository: repository.repository,
    message: `${repository.registry}/${repository.repository}: the registry gave no usable list of tags`,
    transient: { cause: 'no list of tags in the answer' },
  });
}

/**
 * Proves the right to push by opening an upload and giving it up; nothing is left in the repository.
 *
 * @throws RegistryError `login-required`, `login-refused`, `denied`, `not-found` (the registry wants repositories to be
 * created first) or `unsupported` (it takes no pushes).
 */
export async function checkPush(
  transport: RegistryTransport,
  repository: RepositoryName,
): Promise<void> {
  const upload = await openUpload(transport, repository);
  if (upload === 'mounted') return;
  try {
    await closeUpload(transport, repository, upload.session);
  } catch (error) {
    // The right is proved; a session that cannot be closed expires by itself.
    if (!(error instanceof RegistryError)) throw error;
  }
}
